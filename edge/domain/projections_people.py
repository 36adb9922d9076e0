"""What entries about accounts do to the documents."""

from typing import Any

from edge.domain.entries import Fact
from edge.domain.model import Account
from edge.domain.projecting import on
from edge.domain.world import World


def _account(world: World, data: dict[str, Any]) -> Account:
    return world.get(Account, data["person"]) or Account(id=data["person"])


@on("account.counted")
def _counted(world: World, _: Fact, data: dict[str, Any]) -> None:
    kept = {name: data[name] for name in ("edits", "day", "day_us", "day_boot_us", "boot_id")}
    world.edit(_account(world, data), **kept)


@on("account.locked")
def _locked(world: World, fact: Fact, data: dict[str, Any]) -> None:
    fields = {"timer": data["timer"], "salt": "", "code_hash": "", "tries": 0}
    world.edit(_account(world, data), locked_us=fact.at_us, **fields)


@on("account.unlock_code_received")
def _code_received(world: World, _: Fact, data: dict[str, Any]) -> None:
    fields = {"salt": data["salt"], "code_hash": data["code_hash"], "tries": 0}
    world.edit(_account(world, data), **fields)


@on("account.code_refused")
def _code_refused(world: World, _: Fact, data: dict[str, Any]) -> None:
    spent = {"salt": "", "code_hash": ""} if data["spent"] else {}
    world.edit(_account(world, data), tries=data["tries"], **spent)


@on("account.unlocked")
def _unlocked(world: World, _: Fact, data: dict[str, Any]) -> None:
    fields = {"timer": "", "salt": "", "code_hash": "", "tries": 0}
    world.edit(_account(world, data), edits=0, **fields)
