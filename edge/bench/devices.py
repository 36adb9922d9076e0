"""`floorgate bench devices`: labels, scans, decoding and discovery, one after the other."""

from collections.abc import Callable

from edge.bench import devices_decode, devices_discovery, devices_labels, devices_scan
from edge.bench.figures import Figure


def run(say: Callable[[str], None]) -> list[Figure]:
    """Measure all that has to do with devices; takes about a minute."""
    parts = (devices_labels, devices_scan, devices_decode, devices_discovery)
    return [figure for part in parts for figure in part.run(say)]
