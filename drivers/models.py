"""What single printer models can do, as data: `models.toml`."""

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources

import msgspec

from drivers.api import Proof


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry: printers of `lang` whose name fits the pattern `name`."""

    lang: str
    name: str
    proof: Proof
    field_verified: bool
    """Whether somebody has seen it on the device itself."""
    source: str


@cache
def models() -> tuple[Model, ...]:
    """Return all entries, the first that fits first."""
    raw = (resources.files("drivers") / "models.toml").read_text("utf-8")
    return msgspec.convert(tuple(tomllib.loads(raw)["model"]), tuple[Model, ...])


def proof_of(lang: str, name: str) -> Proof:
    """Return how a printer of `lang` that calls itself `name` proves a copy."""
    fits = (m.proof for m in models() if m.lang == lang and fnmatchcase(name, m.name))
    return next(fits, Proof.NONE)
