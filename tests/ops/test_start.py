"""What a box has loaded when it has started: memory and the time to its first answer."""

import ssl
import subprocess
import sys
from pathlib import Path

from edge.store.backup import prove
from edge.store.durable import KEY_BYTES

HEAVY = {"numpy", "PIL", "cv2", "zxingcpp", "pyzbar", "zint", "escpos", "pyipp", "serial"}
START = """
import asyncio, sys
from pathlib import Path
from edge.bootstrap import BoxProcess
from edge.config import load_config

async def start():
    box = BoxProcess(load_config(Path(sys.argv[1])))
    await box.open()
    print(*sorted(set(sys.argv[2:]) & set(sys.modules)))
    await box.close()

asyncio.run(start())
"""

SETTLED = """
import sys
import msgspec
from edge.bootstrap import default_ruleset
from edge.structs import settle_structs

built = []
sys.setprofile(lambda frame, event, _: event == "call"
    and frame.f_code.co_name == "get_class_annotations" and built.append(frame.f_locals["obj"]))

def build():
    pending = [msgspec.Struct]
    while pending:
        below = pending.pop().__subclasses__()
        pending += below
        for struct in below:
            msgspec.json.Decoder(struct)

settle_structs()
print(len(set(built)))
built.clear()
build()
print(len(built))
"""
STRUCTS_MIN = 300
FILE_STEPS_MIN = 30
"""So many a first start has at least; fewer would mean that they are not seen."""


def test_no_struct_is_left_to_be_built_by_the_first_thread_that_decodes_it() -> None:
    """Two threads that build one Struct's table at once end the process; a box builds all first."""
    command = [sys.executable, "-c", SETTLED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    settled, left = map(int, done.stdout.split())
    assert settled >= STRUCTS_MIN
    assert left == 0


def test_a_started_box_has_loaded_no_pictures_labels_or_links(tmp_path: Path) -> None:
    """What reads pictures, draws labels and talks to printers loads when it is first used."""
    config = tmp_path / "floorgate.toml"
    config.write_text(
        f'data = "{tmp_path / "data"}"\n[box]\nid = "b"\n[http]\nhost = "127.0.0.1"\nport = 0\n'
        '[discovery]\nannounce = false\ninterfaces = ["127.0.0.1"]\n'
    )
    command = [sys.executable, "-c", START, str(config), *HEAVY]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""


def test_a_power_cut_at_any_file_step_of_a_first_start_only_delays_it(tmp_path: Path) -> None:
    """Set up and started again after each, the box has its keys, one beginning, its names (OPS-2).

    A token, a key or a certificate is whole or not there.
    """
    script = Path(__file__).with_name("first_start.py")
    command = [sys.executable, str(script), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) >= FILE_STEPS_MIN
    box = tmp_path / "box"
    assert (box / "credentials" / "hub-token").read_text() == "T"
    data = box / "data"
    keys = {key.name: key.stat().st_size for key in (data / "keys").iterdir()}
    assert set(keys.values()) == {KEY_BYTES}, keys
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
        data / "tls" / "leaf.pem", data / "tls" / "leaf.key"
    )
    assert not list(box.rglob("*.new"))
    assert (prove(data).ok, prove(data).epoch) == (True, 1)
