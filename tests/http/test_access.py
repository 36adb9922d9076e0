"""Who may see and do what over the web: every cell of docs/ACCESS.md is asked (SEC-3)."""

from pathlib import Path

import pytest

from edge.app.access import ENTRIES, OF_PEOPLE, ROLES, ROUTES, access_page, hears, who_may
from edge.app.push import Push
from edge.http.routes import Route
from tests.app.test_push import committed, frames, joined
from tests.rig import Rig

DOCS = Path(__file__).parents[2] / "docs"
UPGRADES = "GET /api/v1/ws"
ENDS = "DELETE /api/v1/session"


def test_the_page_is_the_table() -> None:
    """docs/ACCESS.md is generated from the table; write it by: make docs."""
    assert (DOCS / "ACCESS.md").read_text("utf-8") == access_page()


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_gets_what_the_table_says(rig: Rig, role: str) -> None:
    """Each route answers a role as its cell says, whatever else may be wrong with the request."""
    client = await rig.client(role)
    found = {}
    for key in sorted(ROUTES, key=ENDS.__eq__):  # the sign-out comes last
        method, path = key.split()
        filled = (
            path.replace("{id}", "1")
            .replace("{code}", "1")
            .replace("{sha256}", "0" * 64)
            .replace("{ticket}", "t")
        )
        headers = {"Authorization": f"Bearer {client.token}", "X-Floor": "1"}
        async with rig.http.request(method, f"{rig.url}{filled}", headers=headers) as answer:
            found[key] = answer.status == 403 and b'"role_missing"' in await answer.read()
    refused = {key: who is not None and role not in who for key, who in ROUTES.items()}
    assert found == refused


async def test_who_is_refused_is_told_who_may(rig: Rig) -> None:
    """The refusal names the roles, in the order of the table."""
    picker = await rig.client("picker")
    status, answer = await picker.ask("GET", "/api/v1/pdas")
    assert (status, answer["facts"]) == (403, {"roles": ["leader", "supervisor", "admin"]})


def test_a_route_that_nobody_thought_of_is_not_served() -> None:
    """A route without a row is an error when the box starts, not an open door."""
    with pytest.raises(LookupError, match=r"say in edge\.app\.access who may use GET /api/v1/new"):
        who_may("GET", "/api/v1/new")
    with pytest.raises(LookupError):
        _ = Route("GET", "/api/v1/new", lambda _: NotImplemented, "New").who


@pytest.mark.parametrize("role", [*ROLES, "stranger"])
def test_a_role_hears_what_the_table_says(role: str) -> None:
    """Of one entry of each kind in the table, a client is pushed those of its role alone."""
    begins = {kind for told in ENTRIES.values() for kind in told} | set(OF_PEOPLE)
    kinds = sorted(
        kind + "done" if kind.endswith(".") else kind or "stock.moved" for kind in begins
    )
    push = Push()
    client = joined(push, role)
    push.on_commit(committed(*kinds, pda="p", session="s"))
    assert frames(client) == [kind for kind in kinds if hears((role,), kind)]


def test_least_data() -> None:
    """Of people, sessions and device keys only overseers hear; pickers least of all."""
    kinds = ("people.upserted", "session.opened", "badge.issued", "device.paired")
    heard = {role: [kind for kind in kinds if hears((role,), kind)] for role in ROLES}
    told = {"leader", "supervisor", "admin"}
    assert heard == {role: list(kinds) if role in told else [] for role in ROLES}


async def test_a_picker_sees_no_phone_number(rig: Rig) -> None:
    """No answer that a picker gets holds a recipient's phone, name or address (SEC-3, SEC-5)."""
    await rig.assign("1001")
    picker = await rig.client("picker")
    task = (await picker.get("/api/v1/orders/1001"))["task"]
    read = 0
    for key, who in ROUTES.items():
        method, path = key.split()
        if method != "GET" or key == UPGRADES or (who is not None and "picker" not in who):
            continue
        filled = path.replace("{id}", task if "tasks" in path else "1001")
        headers = {"Authorization": f"Bearer {picker.token}"}
        async with rig.http.get(f"{rig.url}{filled}", headers=headers) as answer:
            body = await answer.read()
        read += answer.status == 200
        for secret in ("13800000000", "李雷", "文一路"):
            assert secret.encode() not in body, path
    assert read > 15
