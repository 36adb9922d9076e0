"""People over the API: badges that are printed once, PINs to begin with, the first admin."""

import asyncio
import io
from functools import partial
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from drivers.fakes.printer import FakePrinter
from edge.app.firstadmin import CODE_US, TRIES_MAX
from edge.cli.door import ask
from edge.domain.badges import PREFIX
from tests.app.test_sessions import Passed, try_pin
from tests.rig import PIN, Client, Rig, config, new_id, running

ADMIN = {"name_zh": "林涛", "name_en": "Lin Tao", "pin": "570826"}


async def issue(client: Client, person: str, **over: Any) -> tuple[int, dict[str, Any]]:
    """Ask for a new badge."""
    path = f"/api/v1/people/{person}/badge"
    status, answer = await client.ask("POST", path, {"id": new_id()} | over)
    assert isinstance(answer, dict)
    return status, answer


async def fetch(rig: Rig, ticket: str, kind: str = "png") -> tuple[int, bytes]:
    """Fetch a fresh badge, with no session at all."""
    async with rig.http.get(f"{rig.url}/api/v1/badges/{ticket}.{kind}") as answer:
        return answer.status, await answer.read()


def read_badge(png: bytes) -> str:
    """Return the code on the picture of a badge."""
    picture = Image.open(io.BytesIO(png)).convert("L")
    [found] = zxingcpp.read_barcodes(np.asarray(picture))
    return str(found.text)


async def sign_in(rig: Rig, code: str, pin: str, **more: str) -> dict[str, Any]:
    """Return the answer to a sign-in by a badge's own code."""
    body = {"badge": code, "pin": pin, "device": "pda-7"} | more
    _, answer = await (await rig.client()).ask("POST", "/api/v1/session", body)
    assert isinstance(answer, dict)
    return answer


async def row(client: Client, person: str) -> dict[str, Any]:
    """Return a person of the list."""
    people = (await client.get("/api/v1/people"))["people"]
    return next(each for each in people if each["id"] == person)


async def test_a_newcomer_begins_with_a_pin_that_was_given_out(rig: Rig) -> None:
    """Taken in, badged, first sign-in with a PIN of their own: nothing of it is written (SEC-2)."""
    admin = await rig.client("admin")
    await admin.must("person.add", person="P-7", roles=["picker"], name_zh="韩梅梅")
    status, badge = await issue(admin, "P-7")
    assert (status, (await row(admin, "P-7"))["pin"]) == (200, "once")
    code = read_badge((await fetch(rig, badge["ticket"]))[1])
    assert code.startswith(PREFIX)
    given = badge["pin"]
    assert (await sign_in(rig, code, given))["code"] == "pin_new_needed"
    for weak in ("123456", given, "12"):
        assert (await sign_in(rig, code, given, new_pin=weak))["code"] == "pin_weak"
    assert (await sign_in(rig, code, given, new_pin="904372"))["ok"]
    assert (await sign_in(rig, code, given))["code"] == "sign_in_failed"
    assert (await sign_in(rig, code, "904372"))["ok"]
    shown = await row(admin, "P-7")
    assert (shown["pin"], shown["badge"], len(shown["seats"])) == ("set", True, 1)
    raws = [raw for _, raws in [await rig.box.reader.entries(0, 10_000)] for raw in raws]
    files = [path.read_bytes() for path in rig.box.data.rglob("*") if path.is_file()]
    for word in (code, given, "904372"):
        assert [each for each in [*raws, *files] if word.encode() in each] == []
    assert [raw for raw in raws if "韩梅梅".encode() in raw] == []


async def test_a_pin_that_was_given_out_ends(rig: Rig) -> None:
    """A day later it opens nothing, and another one is given (SEC-4)."""
    admin, passed = await rig.client("admin"), Passed(rig)
    _, answer = await admin.ask("POST", "/api/v1/people/picker/pin", {"id": new_id()})
    assert (await try_pin(rig, "picker", PIN))[0] == "sign_in_failed"
    passed.us += 25 * 3600 * 1_000_000
    assert (await try_pin(rig, "picker", answer["pin"]))[0] == "pin_expired"


async def test_a_new_badge_kills_the_old_one_at_once(rig: Rig) -> None:
    """The websocket says good-bye, the old code is unknown, the new one keeps the PIN (SEC-2)."""
    leader, picker = await rig.client("leader"), await rig.client("picker")
    command = new_id()
    async with picker.socket() as socket:
        status, badge = await issue(leader, "picker", id=command)
        frames = [frame async for frame in _frames(socket)]
    assert (status, badge["pin"], frames[-1]) == (200, None, {"t": "bye", "code": "cut"})
    assert (await picker.ask("GET", "/api/v1/tasks"))[0] == 401
    assert (await try_pin(rig, "picker", PIN))[0] == "sign_in_failed"
    assert (await issue(leader, "picker", id=command)) == (200, badge)
    code = read_badge((await fetch(rig, badge["ticket"]))[1])
    assert (await sign_in(rig, code, PIN))["ok"]
    assert (await fetch(rig, badge["ticket"], "pdf"))[1].startswith(b"%PDF-")


async def _frames(socket: Any) -> Any:
    async for message in socket:
        yield message.json()


@pytest.mark.parametrize(
    ("by", "person", "status", "code"),
    [
        ("picker", "picker2", 403, "role_missing"),
        ("leader", "supervisor", 403, "role_missing"),
        ("leader", "leader", 403, "not_yourself"),
        ("admin", "nobody", 404, "unknown_person"),
    ],
)
async def test_badges_are_made_by_somebody_above(
    rig: Rig, by: str, person: str, status: int, code: str
) -> None:
    """A refusal is on record, and nothing was made (SEC-3)."""
    found = await issue(await rig.client(by), person)
    assert (found[0], found[1]["code"]) == (status, code)


async def test_people_are_for_superiors_to_see(rig: Rig) -> None:
    """A picker gets no list; whoever makes badges does (SEC-3)."""
    picker = await rig.client("picker")
    assert (await picker.ask("GET", "/api/v1/people"))[1]["code"] == "role_missing"
    await try_pin(rig, "packer", "0")
    shown = await row(await rig.client("leader"), "packer")
    tries = [{"device": "pda-1", "today": 1, "held": False}]
    assert (shown["tries"], shown["locked"], shown["seats"]) == (tries, False, [])


async def test_a_fresh_badge_goes_stale(rig: Rig) -> None:
    """After ten minutes nobody can fetch it, nor by a ticket that was guessed (SEC-2)."""
    admin, passed = await rig.client("admin"), Passed(rig)
    _, badge = await issue(admin, "picker")
    passed.us += 600_000_001
    assert (await fetch(rig, badge["ticket"]))[0] == 404
    assert (await fetch(rig, "x" * 22))[0] == 404


async def test_a_badge_comes_out_of_a_label_printer(tmp_path: Any) -> None:
    """The label carries the badge's code; a printer that is not there is told (PRN-1, SEC-2)."""
    labels: list[Any] = []
    printer = FakePrinter("tspl", out_dir=tmp_path, on_label=labels.append)
    await printer.start()
    async with running(config(tmp_path / "box", {"p1": printer.url})) as rig:
        await rig.furnish()
        admin = await rig.client("admin")
        _, badge = await issue(admin, "picker")
        path = f"/api/v1/badges/{badge['ticket']}/print"
        assert (await admin.ask("POST", path, {"printer": "p1"}))[1] == {"ok": True}
        assert read_badge(labels[0].png) == read_badge((await fetch(rig, badge["ticket"]))[1])
        status, answer = await admin.ask("POST", path, {"printer": "p9"})
        assert (status, answer["code"], answer["facts"]["reason"]) == (
            409,
            "printer_ill",
            "offline",
        )
    await printer.stop()


# ---- the first admin ----------------------------------------------------------------------------


async def test_the_first_admin_comes_in_by_the_console(tmp_path: Any) -> None:
    """A code, once: name, PIN and badge, and then there is an admin who signs in (SEC-2)."""
    async with running(config(tmp_path)) as rig:
        client, first = await rig.client(), rig.box.web.first_admin
        assert (await client.get("/api/v1/first-admin")) == {"open": False}
        door = partial(ask, tmp_path, "/admin-codes")
        code = (await asyncio.to_thread(door, {"first": True}))["code"]
        assert (await client.get("/api/v1/first-admin")) == {"open": True}
        for bad in ({"pin": "123456"}, {"name_zh": "", "name_en": ""}):
            status, _ = await client.ask(
                "POST", "/api/v1/first-admin", {"code": code} | ADMIN | bad
            )
            assert status == 422
        body = {"code": code.lower().replace("-", "")} | ADMIN
        status, badge = await client.ask("POST", "/api/v1/first-admin", body)
        assert (status, badge["pin"]) == (200, None)
        again = await client.ask("POST", "/api/v1/first-admin", body)
        assert (again[0], again[1]["code"]) == (401, "admin_code")
        signed = await sign_in(
            rig, read_badge((await fetch(rig, badge["ticket"]))[1]), ADMIN["pin"]
        )
        assert signed["session"]["person"]["roles"] == ["admin"]
        assert await first.has_admin()
        assert (await asyncio.to_thread(door, {"first": True}))["code"] == "admin_known"


async def test_a_guessed_or_old_admin_code_opens_nothing(rig: Rig) -> None:
    """Three wrong tries void the code, and so does half an hour (SEC-4)."""
    client, first, passed = await rig.client(), rig.box.web.first_admin, Passed(rig)
    code = first.new_code("uid:0").code
    for given in (*["AAAA-AAAA"] * TRIES_MAX, code):
        asked = {"code": given} | ADMIN
        assert (await client.ask("POST", "/api/v1/first-admin", asked))[0] == 401
    code = first.new_code("uid:0").code
    passed.us += CODE_US
    assert (await client.ask("POST", "/api/v1/first-admin", {"code": code} | ADMIN))[0] == 401
