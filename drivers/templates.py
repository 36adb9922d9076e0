"""The label templates that ship with Floorgate, and data to try them with."""

from importlib import resources
from typing import Any, Final

import msgspec

from drivers.api import LabelError

BUILTIN: Final = (
    "waybill",
    "slip",
    "tote",
    "location",
    "picklist",
    "badge",
    "sticker",
    "box",
    "cards",
    "calibration",
)


def load_template(name: str) -> dict[str, Any]:
    """Return the built-in template `name`; raise `LabelError` for any other."""
    return _load(name, f"{name}.json")


def load_sample(name: str) -> dict[str, Any]:
    """Return example data that fills every field of the built-in template `name`."""
    return _load(name, f"{name}.sample.json")


def _load(name: str, file: str) -> dict[str, Any]:
    if name not in BUILTIN:
        raise LabelError("template", f"there is no '{name}'", f"use one of {', '.join(BUILTIN)}")
    raw = (resources.files("drivers") / "labels" / "templates" / file).read_bytes()
    return msgspec.json.decode(raw, type=dict[str, Any])
