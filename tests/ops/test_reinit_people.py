"""People after a rebuild: who can sign in, and who must be given a name or a PIN again (SYNC-5)."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from edge.app.sessions import SignIn
from edge.bootstrap import BoxProcess
from edge.config import load_config
from edge.domain.badges import badge_hash
from edge.domain.commands import BadgeIssue, PersonAdd, PersonRename
from tests.ops.house import House
from tests.ops.test_reinit import TOKEN, hub_at, link, reinit
from tests.ops.test_restored_hub import until
from tests.rig import badge, pin_verifier

HUB_PIN, OWN_PIN = "482913", "570826"
OF_CLI: dict[str, Any] = {"via": "cli", "actor": "uid:0"}


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[BoxProcess]:
    """Let the box run, until the hub has all of its journal."""
    box = BoxProcess(load_config(house.config))
    await box.open()
    assert box.link is not None
    hub = box.link
    try:
        await until(lambda: hub.state.up)
        yield box
        await until(lambda: hub.state.up_cursor == box.writer.head.seq)
    finally:
        await box.close()


async def upsert(url: str, box: BoxProcess, *people: str) -> None:
    """Let the hub send people, and wait until the box has them."""
    items = [
        {"id": who, "name": {"zh": f"{who} 名", "en": who}, "roles": ["picker"], "active": True}
        | {"badge_hash": badge_hash(badge(who)), "pin": pin_verifier(HUB_PIN)}
        for who in people
    ]
    body = {"box": box.config.box.id, "kind": "people.upsert", "body": {"items": items}}
    door = url.replace("ws", "http", 1).replace("/link", "/api/v1/instructions")
    before = (await box.reads.box()).dseq
    async with ClientSession() as http, http.post(door, json=body) as answer:
        assert answer.status == 202, await answer.text()
    async with asyncio.timeout(10):
        while (await box.reads.box()).dseq == before:
            pass


async def may_enter(box: BoxProcess, who: str, pin: str) -> bool:
    """Tell whether somebody is let in by badge and PIN."""
    reply, _ = await box.web._sessions.sign_in(SignIn(badge(who), pin, "pda-1"))
    return reply.ok


async def test_people_of_the_hub_sign_in_and_others_are_named(
    tmp_path: Path,
) -> None:
    """PINs of the hub open the rebuilt box, replaced ones do not, and what is lost is told."""
    house = House(tmp_path / "house")
    async with hub_at(tmp_path / "hub") as url:
        link(house, url, TOKEN)
        async with serving(house) as box:
            await upsert(url, box, "P-1", "P-2")
            await box.floor.insist(PersonAdd("P-3", ("picker",), "王芳", ""), **OF_CLI)
            await box.floor.insist(BadgeIssue("P-3", badge_hash(badge("P-3"))), **OF_CLI)
            await box.floor.insist(PersonRename("P-1", "李雷", ""), **OF_CLI)
            for who in ("P-2", "P-3"):
                await box.web._sessions.keep_pin(who, OWN_PIN, once_s=0, **OF_CLI)
            assert await may_enter(box, "P-3", OWN_PIN)
        shutil.copytree(house.data / "keys", tmp_path / "keys")
        shutil.rmtree(house.data)
        shutil.copytree(tmp_path / "keys", house.data / "keys")
        code, said, errors = await reinit(house)
        assert code == 0, errors
        assert (said["nameless"], said["pinless"]) == (["P-3"], ["P-2", "P-3"])
        async with serving(house) as box:
            let_in = [await may_enter(box, who, HUB_PIN) for who in ("P-1", "P-2", "P-3")]
            assert let_in == [True, False, False]
            staff = {each.id: each for each in await box.web._staff.people()}
            assert [staff[who].named for who in ("P-1", "P-2", "P-3")] == [True, True, False]
            assert [staff[who].pin for who in ("P-1", "P-2", "P-3")] == ["set", "", ""]
            await box.floor.insist(PersonRename("P-3", "王芳", ""), **OF_CLI)
            given = await box.web._badges.give_pin("P-3", box.ids.new_id(), **OF_CLI)
            assert isinstance(given, str)
            staff = {each.id: each for each in await box.web._staff.people()}
            assert (staff["P-3"].named, staff["P-3"].pin) == (True, "once")
