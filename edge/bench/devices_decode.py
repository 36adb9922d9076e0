"""How many codes are read from pictures that we make: clean, tilted, blurred, noisy, small."""

import random
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, Final

import msgspec

from edge.bench.figures import Figure, median, percentile

SEED: Final = 20_261_122
PICTURES_A_KIND: Final = 12
TARGETS: Final = {
    "EAN-13": 0.85, "Code 128": 0.98, "QR Code": 0.95, "DataMatrix": 0.97, "PDF417": 0.95,
}  # fmt: skip
TILTED_TARGETS: Final = {"EAN-13": 0.77, "Code 128": 0.78}
WRONG_TARGET: Final = 0.01
TILT_DEGREES: Final = 30.0

Picture = Any
"""Rows of grey pixels, uint8."""


class Sample(msgspec.Struct, frozen=True):
    """A picture and the one code on it."""

    symbology: str
    way: str
    text: str
    picture: Picture


def run(say: Callable[[str], None]) -> list[Figure]:
    """Measure our reader beside pyzbar alone and zxing-cpp alone, on the same pictures."""
    from drivers.api import search_codes  # noqa: PLC0415 - only this bench needs the readers here

    samples = list(make_samples(PICTURES_A_KIND))
    readers: dict[str, Callable[[Picture], list[str]]] = {
        "ours": lambda picture: [code.text for code in search_codes(picture)],
        "pyzbar": _pyzbar,
        "zxing-cpp": _zxing,
    }
    read: dict[str, list[bool]] = {}
    wrong = dict.fromkeys(readers, 0)
    times: dict[str, list[float]] = {}
    for name, reader in readers.items():
        say(f"{name}: {len(samples)} pictures")
        hits, spent = [], []
        for sample in samples:
            start = perf_counter()
            texts = reader(sample.picture)
            spent.append((perf_counter() - start) * 1e3)
            hits.append(sample.text in texts)
            wrong[name] += any(text != sample.text for text in texts)
        read[name], times[name] = hits, spent
    return [*_rates(samples, read), *_summary(samples, wrong, times)]


def _rates(samples: list[Sample], read: dict[str, list[bool]]) -> Iterator[Figure]:
    def share(name: str, at: list[int]) -> float:
        return sum(read[name][i] for i in at) / len(at)

    for symbology, target in TARGETS.items():
        at = [i for i, sample in enumerate(samples) if sample.symbology == symbology]
        ours = share("ours", at)
        best = max(share(name, at) for name in ("pyzbar", "zxing-cpp"))
        yield Figure(
            f"{symbology} read", "share", ours, floor=best, floor_name="best single reader",
            target=f"≥ {target}", met=ours >= target,
        )  # fmt: skip
        tilted = [i for i in at if samples[i].way == "tilted"]
        if (least := TILTED_TARGETS.get(symbology)) is not None:
            ours = share("ours", tilted)
            best = max(share(name, tilted) for name in ("pyzbar", "zxing-cpp"))
            yield Figure(
                f"{symbology} read, tilted 30°", "share", ours, floor=best,
                floor_name="best single reader", target=f"≥ {least}", met=ours >= least,
            )  # fmt: skip


def _summary(
    samples: list[Sample], wrong: dict[str, int], times: dict[str, list[float]]
) -> Iterator[Figure]:
    share = wrong["ours"] / len(samples)
    yield Figure("wrong reads", "share", share, target=f"≤ {WRONG_TARGET}",
                 met=share <= WRONG_TARGET)  # fmt: skip
    for name, spent in times.items():
        yield Figure(f"a picture, {name}", "ms", median(spent),
                     (percentile(spent, 0.05), percentile(spent, 0.95)))  # fmt: skip


# ---- the pictures --------------------------------------------------------------------------------


def make_samples(count: int, seed: int = SEED) -> Iterator[Sample]:
    """Make `count` pictures of each symbology and way; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - seeded on purpose
    for symbology in TARGETS:
        for way in ("clean", "tilted", "blurred", "noisy", "small", "shaded"):
            for _ in range(count):
                text = _text(symbology, chance)
                yield Sample(symbology, way, text, _spoil(_draw(symbology, text), way, chance))


def _text(symbology: str, chance: random.Random) -> str:
    if symbology != "EAN-13":
        return f"FG1:SF{chance.randrange(10**12):012}" if symbology != "Code 128" else (
            f"SF{chance.randrange(10**12):012}")  # fmt: skip
    digits = f"69{chance.randrange(10**10):010}"
    odd, even = (sum(map(int, digits[start::2])) for start in (0, 1))
    return digits + str(-(odd + 3 * even) % 10)


def _draw(symbology: str, text: str) -> Picture:
    """Return the code in black on white, three pixels a module, with room around it."""
    import numpy as np  # noqa: PLC0415 - only here
    import zint  # noqa: PLC0415

    kinds = {
        "EAN-13": zint.Symbology.EANX, "Code 128": zint.Symbology.CODE128,
        "QR Code": zint.Symbology.QRCODE, "DataMatrix": zint.Symbology.DATAMATRIX,
        "PDF417": zint.Symbology.PDF417,
    }  # fmt: skip
    symbol = zint.Symbol()
    symbol.symbology = kinds[symbology]
    symbol.encode(text)
    packed = np.asarray(symbol.encoded_data)[: symbol.rows]
    bits = np.unpackbits(packed, axis=1, count=symbol.width, bitorder="little")
    tall = {"EAN-13": 70, "Code 128": 60, "PDF417": 3}.get(symbology, 1)
    dots = bits.repeat(3, axis=1).repeat(3 * tall, axis=0)
    white = np.pad(np.where(dots, 0, 255).astype(np.uint8), 90, constant_values=255)
    return np.ascontiguousarray(white)


def _spoil(picture: Picture, way: str, chance: random.Random) -> Picture:
    """Return the picture as a hurried hand would have taken it."""
    import cv2  # noqa: PLC0415 - only here
    import numpy as np  # noqa: PLC0415

    height, width = picture.shape
    if way == "tilted":
        angle = chance.choice((-1, 1)) * (TILT_DEGREES + chance.uniform(-3, 3))
        side = int(np.hypot(width, height))
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
        turn[:, 2] = turn[:, 2] + np.array([side - width, side - height]) / 2
        picture = cv2.warpAffine(picture, turn, (side, side), borderValue=255)
    elif way == "blurred":
        picture = cv2.GaussianBlur(picture, (0, 0), chance.uniform(1.2, 2.0))
    elif way == "small":
        factor = chance.uniform(0.45, 0.6)
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    elif way == "shaded":
        slope = np.linspace(0.35, 1.0, picture.shape[1])
        picture = (picture * slope * 0.8 + 20).astype(np.uint8)
    noise = 35 if way == "noisy" else 6
    grain = np.random.default_rng(chance.randrange(2**32)).normal(0, noise, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


# ---- the peers -----------------------------------------------------------------------------------


def _pyzbar(picture: Picture) -> list[str]:
    from pyzbar import pyzbar  # noqa: PLC0415 - only this peer needs it

    names = ("EAN13", "EAN8", "UPCA", "UPCE", "CODE128", "CODE39", "I25", "QRCODE")
    symbols = [pyzbar.ZBarSymbol[name] for name in names]
    return [found.data.decode(errors="replace") for found in pyzbar.decode(picture, symbols)]


def _zxing(picture: Picture) -> list[str]:
    import zxingcpp  # noqa: PLC0415 - only this peer needs it

    return [found.text for found in zxingcpp.read_barcodes(picture)]
