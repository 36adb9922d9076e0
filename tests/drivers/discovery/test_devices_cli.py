"""`floorgate devices scan`, as a person and as a program run it."""

import json
import subprocess
import sys

from drivers.api import (
    Clash,
    Conflict,
    Device,
    Fact,
    Kind,
    Source,
    State,
)
from edge.cli.devices import as_json, table

ZEBRA = Device(
    key="uuid:1111-2222",
    ids=("uuid:1111-2222", "host:10.0.0.9:9100"),
    state=State.IDENTIFIED,
    kind=Kind.PRINTER,
    urls=("tcp://10.0.0.9:9100",),
    facts={
        "name": Fact("门口 Zebra", Source.MDNS),
        "language": Fact("zpl", Source.PROBE),
        "note": Fact("Hall 2", Source.MDNS),
    },
    sources=(Source.PROBE, Source.MDNS),
    conflicts=(Conflict(Clash.SHARED_ADDRESS, ("10.0.0.9", "mac:a", "uuid:1111-2222")),),
)


def scan(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge", "devices", "scan", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_scan_prints_one_line_of_json() -> None:
    """On a quiet loopback: no device, no problem, exit code 0."""
    ran = scan("--json", "--seconds", "5", "--interface", "127.0.0.1", "--network", "127.0.0.9/32")
    answer = json.loads(ran.stdout)
    assert (0, {"devices", "problems"}) == (ran.returncode, set(answer))


def test_a_network_too_large_is_wrong_usage() -> None:
    """The error says what to write instead; exit code 2."""
    ran = scan("--network", "10.0.0.0/8")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "name smaller networks" in ran.stderr


def test_the_table_shows_conflicts_and_notes() -> None:
    """Each device is a row; what is odd about it stands below."""
    lines = table((ZEBRA,), "en").splitlines()
    row = "identified printer 门口 Zebra zpl tcp://10.0.0.9:9100?lang=zpl probe mdns"
    assert row.split() == lines[1].split()
    assert lines[2] == "  ! shared_address: 10.0.0.9, mac:a, uuid:1111-2222"
    assert lines[3] == "    Hall 2"
    assert table((), "en") == "No device was found."


def test_json_names_each_fields_source() -> None:
    """A program reads the value, who said it, and the URL that opens the device."""
    read = json.loads(json.dumps(as_json(ZEBRA)))
    assert read["facts"]["language"] == {"value": "zpl", "source": "probe"}
    assert (read["url"], read["language"]) == ("tcp://10.0.0.9:9100?lang=zpl", "zpl")
