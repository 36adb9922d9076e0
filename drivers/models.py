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
    counts: bool = False
    """Tells how many labels ever came out, beside its proof."""


@cache
def models() -> tuple[Model, ...]:
    """Return all entries, the first that fits first."""
    raw = (resources.files("drivers") / "models.toml").read_text("utf-8")
    return msgspec.convert(tuple(tomllib.loads(raw)["model"]), tuple[Model, ...])


def proof_of(lang: str, name: str) -> Proof:
    """Return how a printer of `lang` that calls itself `name` proves a copy."""
    found = _model(lang, name)
    return found.proof if found is not None else Proof.NONE


def counts(lang: str, name: str) -> bool:
    """Tell whether a printer of `lang` that calls itself `name` counts its labels."""
    found = _model(lang, name)
    return found is not None and found.counts


def _model(lang: str, name: str) -> Model | None:
    fits = (m for m in models() if m.lang == lang and fnmatchcase(name, m.name))
    return next(fits, None)
