"""`floorgate bench devices`: labels, scans, decoding and discovery, one after the other."""

from edge.bench import devices_decode, devices_discovery, devices_labels, devices_scan
from edge.bench.figures import Keep, Say


def run(say: Say, keep: Keep) -> None:
    """Measure all that has to do with devices; takes about a minute."""
    parts = (devices_labels, devices_scan, devices_decode, devices_discovery)
    for part in parts:
        keep(part.run(say))
