"""What a box has loaded when it has started: memory and the time to its first answer."""

import subprocess
import sys
from pathlib import Path

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
