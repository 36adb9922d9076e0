"""`floorgate devices label`: the box's own label and the stickers, read back (DEV-6, PRN-7)."""

import asyncio
import hashlib
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from drivers.api import LabelError, fake_printer
from edge.boxlabel import box_fields
from edge.config import load_config
from tests.rig import config, running

CONFIG = """
data = "{data}"
[box]
id = "W1-A"
name = "上海一仓"
[http]
port = 443
names = ["floorgate.lan", "192.168.7.7"]
"""


def label(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "edge", "devices", "label", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def codes(path: Path) -> set[str]:
    """Read what a picture's codes say."""
    return {code.text for code in zxingcpp.read_barcodes(Image.open(path))}


async def test_the_boxs_label_leads_a_pda_to_it(tmp_path: Path) -> None:
    """Its QR is the address that needs no trust; both addresses and the fingerprint are on it."""
    file, out = tmp_path / "floorgate.toml", tmp_path / "box.png"
    file.write_text(CONFIG.format(data=tmp_path / "box"), "utf-8")
    early = label("--box", "--config", str(file), "-o", str(out))
    assert (early.returncode, "请先启动一次盒子" in early.stderr) == (1, True), early.stderr
    async with running(config(tmp_path / "box")):
        pass
    made = label("--box", "--config", str(file), "-o", str(out))
    assert (made.returncode, codes(out)) == (0, {"http://192.168.7.7/"}), made.stderr
    said = box_fields(load_config(file))
    der = ssl.PEM_cert_to_DER_cert((tmp_path / "box" / "tls" / "ca.pem").read_text())
    digits = said["fingerprint"].replace("\n", "").replace(" ", "")
    assert digits == hashlib.sha256(der).hexdigest().upper()
    assert said["url"] == "https://floorgate.lan/"


@pytest.mark.parametrize(
    ("line", "place"), [("names = []", "http.names"), ("tls = false", "http.tls")]
)
def test_a_box_that_no_pda_could_find_or_trust_has_no_label(
    tmp_path: Path, line: str, place: str
) -> None:
    """What the configuration lacks is named, with what to do (DEV-6)."""
    file = tmp_path / "floorgate.toml"
    file.write_text(f'data = "{tmp_path}"\n[http]\n{line}\n', "utf-8")
    with pytest.raises(LabelError) as caught:
        box_fields(load_config(file))
    assert (caught.value.path, bool(caught.value.hint)) == (place, True)


async def test_each_station_and_printer_has_a_sticker(tmp_path: Path) -> None:
    """A PDF with a page for each station and each adopted device; a picture cannot hold two."""
    printer, out = fake_printer("tspl"), tmp_path / "stickers.pdf"
    await printer.start()
    async with running(config(tmp_path / "box", {"p1": printer.url})):
        at = ("--stickers", "--data", str(tmp_path / "box"), "-o")
        made = await asyncio.to_thread(label, *at, str(out))
        wrong = await asyncio.to_thread(label, *at, str(tmp_path / "x.png"))
    await printer.stop()
    assert (made.returncode, out.read_bytes()[:5]) == (0, b"%PDF-"), made.stderr
    assert "2 of 480 × 320 dots" in made.stdout
    assert (wrong.returncode, "write them as .pdf" in wrong.stderr) == (2, True)
