"""Whose request it is: cookies, origins, tokens; and how often they may ask."""

import msgspec
import pytest
from aiohttp import WSServerHandshakeError

from edge.http.limits import DEVICE, Limit, Rate
from sync.api import decode_entry
from tests.rig import PIN, Client, Rig, badge, heard

COOKIE = "__Host-floor"
SECOND_US = 1_000_000
JSON = {"X-Floor": "1", "Content-Type": "application/json"}


def cookie_of(client: Client, token: str = "") -> dict[str, str]:
    """Return headers as the page's browser sends them."""
    return {"Cookie": f"{COOKIE}={token or client.token}", "X-Floor": "1"}


async def status(rig: Rig, headers: dict[str, str], path: str = "/api/v1/session") -> int:
    """Return the status of a read with nothing but these headers."""
    async with rig.http.get(f"{rig.url}{path}", headers=headers) as answer:
        return answer.status


# ---- tokens -----------------------------------------------------------------------------------


async def test_a_forged_cookie_opens_nothing(rig: Rig) -> None:
    """A token of an open session with another MAC, none, or the session's id alone: 401 (SEC-4)."""
    picker = await rig.client("picker")
    session, _, mac = picker.token.partition(".")
    swapped = f"{session}.{mac[::-1]}"
    for forged in (
        swapped,
        session,
        f"{session}.",
        f".{mac}",
        "é",
        "x" * 4_000,
        f"{session}.{mac}==",
    ):
        assert await status(rig, cookie_of(picker, forged)) == 401
    plain_name = {"Cookie": f"floor={picker.token}"}
    assert (await status(rig, plain_name), await status(rig, cookie_of(picker))) == (401, 200)


async def test_the_token_is_new_at_each_sign_in(rig: Rig) -> None:
    """Who signs in on a PDA again gets another token, and the one before opens nothing (SEC-2)."""
    first = await rig.client("picker", device="pda-7")
    body = msgspec.json.encode({"badge": badge("picker2"), "pin": PIN, "device": "pda-7"})
    headers = cookie_of(first) | {"Content-Type": "application/json"}
    async with rig.http.post(f"{rig.url}/api/v1/session", data=body, headers=headers) as answer:
        second = answer.cookies[COOKIE].value
    assert await status(rig, cookie_of(first)) == 401
    assert (second != first.token, await status(rig, cookie_of(first, second))) == (True, 200)


async def test_a_browser_gets_the_token_by_its_cookie_alone(rig: Rig) -> None:
    """No script of the page ever holds it; a client that is no browser does (SEC-4)."""
    body = msgspec.json.encode({"badge": badge("picker"), "pin": PIN, "device": "pda-7"})
    url = f"{rig.url}/api/v1/session"
    told = {}
    for site in ("same-origin", ""):
        headers = JSON | ({"Sec-Fetch-Site": site} if site else {})
        async with rig.http.post(url, data=body, headers=headers) as answer:
            told[site] = (await answer.json())["token"] == answer.cookies[COOKIE].value
    assert told == {"same-origin": False, "": True}


async def test_a_pda_whose_clock_is_a_day_off_works(rig: Rig) -> None:
    """Its commands are taken, entries carry both clocks; nothing is from the future (SYNC-4)."""
    picker = await rig.client("picker")
    for n, off_us in enumerate((-86_400 * SECOND_US, 86_400 * SECOND_US)):
        await rig.assign(f"100{n}")
        order = await picker.get(f"/api/v1/orders/100{n}")
        made = picker.command("task.take", {"task_ids": [order["task"]]})
        (answer,) = await picker.send(made | {"captured_at": made["captured_at"] + off_us})
        assert answer["ok"], answer
        await picker.must("task.release", task_id=order["task"], reason="break")
    _, raws = await rig.box.reader.entries(0, 10_000)
    taken = [entry for entry in map(decode_entry, raws) if entry.kind == "task.taken"]
    off_days = [round((e.device_at_us - e.at_us) / (86_400 * SECOND_US)) for e in taken]
    assert off_days == [-1, 0]


async def test_another_pdas_session_stays(rig: Rig) -> None:
    """Signing in on one PDA with the token of another ends nothing there."""
    first = await rig.client("picker", device="pda-7")
    body = {"badge": badge("picker2"), "pin": PIN, "device": "pda-8"}
    await first.ask("POST", "/api/v1/session", body)
    assert (await first.get("/api/v1/session"))["ok"]


# ---- origins ----------------------------------------------------------------------------------

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("sent", FOREIGN, ids=str)
async def test_another_site_gets_nothing(rig: Rig, sent: dict[str, str]) -> None:
    """Neither reads, writes nor the websocket, even with the cookie (SEC-4)."""
    picker = await rig.client("picker")
    headers = cookie_of(picker) | sent
    assert await status(rig, headers) == 403
    async with rig.http.delete(f"{rig.url}/api/v1/session", headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "origin_refused")
    with pytest.raises(WSServerHandshakeError) as refused:
        await rig.http.ws_connect(f"{rig.url}/api/v1/ws", headers=headers)
    assert refused.value.status == 403


async def test_the_box_s_own_page_gets_in(rig: Rig) -> None:
    """Its Origin, its fetches and an address typed by hand are taken (SEC-4)."""
    picker = await rig.client("picker")
    for sent in (
        {"Origin": rig.url},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ):
        assert await status(rig, cookie_of(picker) | sent) == 200


async def test_a_websocket_by_cookie_shows_its_origin(rig: Rig) -> None:
    """Browsers always send it; without it only a token in a header is taken (SEC-4)."""
    picker = await rig.client("picker")
    with pytest.raises(WSServerHandshakeError) as refused:
        await rig.http.ws_connect(f"{rig.url}/api/v1/ws", headers=cookie_of(picker))
    assert refused.value.status == 403
    own = cookie_of(picker) | {"Origin": rig.url}
    async with rig.http.ws_connect(f"{rig.url}/api/v1/ws", headers=own) as socket:
        assert (await heard(socket, "hello"))["session"]["person"]["id"] == "picker"


POLICY = {
    "default-src 'none'", "connect-src 'self'", "object-src 'none'", "base-uri 'none'",
    "form-action 'none'", "frame-ancestors 'none'",
    "require-trusted-types-for 'script'", "trusted-types sw lit-html",
}  # fmt: skip
"""What a page of the box may load, run, send and be shown in."""


async def test_every_answer_is_dressed(rig: Rig) -> None:
    """Files, API, errors, 304 and the websocket: the same headers, and no versions (SEC-4)."""
    picker = await rig.client("picker")
    async with rig.http.get(f"{rig.url}/") as answer:
        known = {"If-None-Match": answer.headers["ETag"]}
    for path, sent in (
        ("/", {}),
        ("/", known),
        ("/api/v1/tasks", {}),
        ("/no", {}),
        ("/health", {}),
    ):
        async with rig.http.get(f"{rig.url}{path}", headers=sent) as answer:
            headers = answer.headers
            policy = headers["Content-Security-Policy"].split("; ")
            assert POLICY - set(policy) == set(), path
            [scripts] = [each for each in policy if each.startswith("script-src ")]
            assert set(scripts.split()) & {"'unsafe-inline'", "'unsafe-eval'", "*"} == set()
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "Access-Control-Allow-Origin" not in headers
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert (headers["X-Content-Type-Options"], headers["Server"]) == (
                "nosniff",
                "floorgate",
            )
            assert "Cache-Control" in headers or not path.startswith("/api")
    async with picker.socket() as socket:
        assert socket._response.headers["X-Content-Type-Options"] == "nosniff"


# ---- how often --------------------------------------------------------------------------------


class Boot:
    """A clock that is moved by hand."""

    boot_id = "b"

    def __init__(self) -> None:
        self.us = 0

    def now_us(self) -> int:
        """Return the wall time."""
        return self.us

    def boot_us(self) -> int:
        """Return the time since boot."""
        return self.us


def test_a_limit_lets_a_burst_through_and_then_its_rate() -> None:
    """After the burst as many pass a second as the rate says; who waits is told how long."""
    clock = Boot()
    limit = Limit(Rate(per_s=10, burst=3), clock)
    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, 0.1]
    assert limit.take("b") == 0
    clock.us += SECOND_US // 10
    assert [limit.take("a") for _ in range(2)] == [0, 0.1]
    clock.us += 10 * SECOND_US
    assert [limit.take("a", 3), limit.take("a")] == [0, 0.1]


def test_twenty_scans_a_second_are_never_limited() -> None:
    """Nor is a whole outbox of 5,000 at once, and the shift that follows (PICK-4)."""
    clock = Boot()
    limit = Limit(DEVICE, clock)
    waits = [limit.take("pda") for _ in range(5_000)]
    for _ in range(20 * 3_600):
        clock.us += SECOND_US // 20
        waits.append(limit.take("pda"))
    assert max(waits) == 0


def test_a_limit_remembers_no_more_than_it_may() -> None:
    """Of more keys than it may keep, those that asked longest ago are forgotten (SEC-4)."""
    limit = Limit(Rate(per_s=1, burst=1), Boot(), keys_max=3)
    for key in ("a", "b", "c", "a", "d"):
        limit.take(key)
    assert list(limit._paid_us) == ["c", "a", "d"]


def exhaust(limit: Limit, *keys: str, for_s: float = 9.5) -> None:
    """Let `keys` have asked for so much that they wait for `for_s`."""
    for key in keys:
        paid_us = limit._clock.boot_us() + limit._ahead_us_max + int(for_s * SECOND_US)
        limit._paid_us[key] = paid_us


async def test_a_pda_that_asks_too_often_is_told_when_to_come_back(rig: Rig) -> None:
    """429 with Retry-After for it, in one shape, and nothing of it for the others (SEC-4)."""
    picker, other = await rig.client("picker"), await rig.client("packer")
    exhaust(rig.box.web.limits.devices, picker.device)
    commands = [picker.command("task.take", {"task_ids": ["none"]}) for _ in range(100)]
    url, headers = f"{rig.url}/api/v1/commands", {"Authorization": f"Bearer {picker.token}"}
    body = msgspec.json.encode(commands)
    async with rig.http.post(url, data=body, headers=headers | JSON) as answer:
        said = await answer.json()
        assert (answer.status, answer.headers["Retry-After"]) == (429, "10")
    assert (said["code"], said["facts"]) == ("too_many", {"seconds": 10})
    assert (await other.get("/api/v1/tasks"))["tasks"] == []


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("GET", "/api/v1/challenge", "addresses"),
        ("GET", "/", "addresses"),
        ("GET", "/api/v1/tasks", "addresses"),
        ("POST", "/api/v1/session", "secrets"),
        ("POST", "/api/v1/pair", "secrets"),
    ],
)
async def test_an_address_is_limited_where_nobody_is_signed_in(
    rig: Rig, method: str, path: str, limit: str
) -> None:
    """Files, forged tokens, badges and codes: counted by address; who is signed in goes on."""
    picker = await rig.client("picker")
    exhaust(getattr(rig.box.web.limits, limit), "127.0.0.1", "::1")
    headers = {"X-Floor": "1"}
    async with rig.http.request(method, f"{rig.url}{path}", headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (429, "too_many")
    assert (await picker.get("/api/v1/tasks"))["tasks"] == []


async def test_a_websocket_that_floods_is_slowed_and_loses_nothing(rig: Rig) -> None:
    """Every frame is answered, in order; another PDA's are answered meanwhile (PICK-4, SEC-4)."""
    picker, other = await rig.client("picker"), await rig.client("packer")
    async with picker.socket() as flooding, other.socket() as calm:
        await heard(flooding, "hello")
        exhaust(rig.box.web.limits.devices, picker.device, for_s=0.2)
        commands = [picker.command("task.take", {"task_ids": [f"t{n}"]}) for n in range(40)]
        for command in commands:
            await flooding.send_json({"t": "cmd", "cmd": command})
        await calm.send_json({"t": "ping"})
        assert (await heard(calm, "pong"))["t"] == "pong"
        answers = [await heard(flooding, "answer") for _ in commands]
    assert [each["id"] for each in answers] == [each["id"] for each in commands]
