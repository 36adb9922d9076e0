"""The API over TLS: what it takes, what it gives, and one shape for every refusal."""

from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from edge.app.access import ROUTES
from tests.domain.site import BINS, MUG, changed_rules, gtin, line
from tests.rig import PIN, Client, Rig, badge, new_id

APART = {
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/ws"),
    ("GET", "/assets.json"),
    ("GET", "/{path}"),
}
"""Routes that are not part of the described API: itself, the websocket, the page's files."""


async def document(rig: Rig) -> dict[str, Any]:
    """Return the served OpenAPI document."""
    found: dict[str, Any] = await (await rig.client()).get("/api/v1/openapi.json")
    return found


async def test_the_openapi_document_is_valid_and_complete(rig: Rig) -> None:
    """It is OpenAPI 3.1 and describes exactly the routes that are served."""
    described = await document(rig)
    validate(described)
    assert described["openapi"] == "3.1.0"
    listed = {
        (method.upper(), path) for path, methods in described["paths"].items() for method in methods
    }
    served = {
        (route.method, route.resource.canonical)
        for route in rig.box.web.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert served - listed == APART
    assert listed - served == set()


async def test_every_answer_has_the_documented_shape(rig: Rig) -> None:
    """Each read and the sign-in answer as their schema says."""
    described = await document(rig)
    await rig.tell("ruleset.publish", document=changed_rules())
    await rig.assign("1001")
    picker, packer = await rig.client("picker"), await rig.client("packer", "S1")
    supervisor = await rig.client("supervisor")
    await rig.pick(picker, "1001")
    await rig.pack(packer, "1001")
    await rig.assign("1002")
    await rig.tell("order.freeze", order_id="1002", category="cancel", countdown_s=600)
    task = (await picker.get("/api/v1/orders/1002"))["task"]
    await rig.tell("order.freeze", order_id="1002", category="rush")
    asked = (await picker.get("/api/v1/orders/1002"))["approvals"][0]
    admin = await rig.client("admin")
    device = await admin.must("device.add", url="tcp://127.0.0.1:9?lang=zpl", name="desk")
    ids = {"/api/v1/tasks/{id}": task, "/api/v1/packing/{code}": "1001"}
    ids |= {"/api/v1/approvals/{id}": asked, "/api/v1/stock/{id}": MUG}
    ids |= {"/api/v1/devices/{id}": device["device"]}
    await packer.ask("POST", "/api/v1/practice")
    await packer.ask("POST", "/api/v1/practice/lesson", {"lesson": "first"})
    practised = (await packer.get("/api/v1/practice/tasks"))["tasks"][0]
    ids |= {"/api/v1/practice/tasks/{id}": practised["id"]}
    ids |= {f"/api/v1/practice/{each}": "U-1001" for each in ("orders/{id}", "packing/{code}")}
    checked = 0
    for path, methods in described["paths"].items():
        if "content" not in methods.get("get", {"responses": {"200": ()}})["responses"]["200"]:
            continue  # a text or a picture
        schema = _schema(described, methods["get"], "200")
        filled = path.replace("{id}", ids.get(path, "1001")).replace("{code}", ids.get(path, ""))
        filled = filled.replace("{sha256}", "0" * 64)
        is_open = ROUTES[f"GET {path}"] is None or "packer" in (ROUTES[f"GET {path}"] or ())
        reader = packer if is_open else supervisor
        Draft202012Validator(schema).validate(await reader.get(filled))
        checked += 1
    sign_in = _schema(described, described["paths"]["/api/v1/session"]["post"], "200")
    body = {"badge": badge("picker2"), "pin": PIN, "device": "d"}
    status, answer = await packer.ask("POST", "/api/v1/session", body)
    Draft202012Validator(sign_in).validate(answer)
    answers = _schema(described, described["paths"]["/api/v1/commands"]["post"], "200")
    command = packer.command("pack.open", {"code": "1001"})
    Draft202012Validator(answers).validate(await packer.send(command, command | {"kind": "x"}))
    assert (status, checked > 12) == (200, True)


def _schema(described: dict[str, Any], operation: dict[str, Any], status: str) -> dict[str, Any]:
    found = operation["responses"][status]["content"]["application/json"]["schema"]
    return {**found, "components": described["components"]}


async def test_every_route_but_a_few_needs_a_session(rig: Rig) -> None:
    """Without a session each described route answers 401 in the one error shape (SEC-3)."""
    described = await document(rig)
    nobody = await rig.client()
    refused = _schema(described, described["paths"]["/api/v1/tasks"]["get"], "401")
    for path, methods in described["paths"].items():
        for method in methods:
            if ROUTES[f"{method.upper()} {path}"] is None:
                continue
            filled = path.replace("{id}", "1").replace("{code}", "1")
            filled = filled.replace("{sha256}", "0" * 64)
            status, answer = await nobody.ask(method.upper(), filled, [])
            assert (status, answer["code"]) == (401, "not_signed_in"), (method, path)
            Draft202012Validator(refused).validate(answer)


@pytest.mark.parametrize("status", ["shipped", "cancelled", ""])
async def test_a_status_is_never_set(rig: Rig, status: str) -> None:
    """A direct write is refused with 409, changes nothing, and is on record (FLOW-3)."""
    await rig.assign("1001")
    keeper = await rig.client("keeper")
    code, answer = await keeper.ask("PUT", "/api/v1/orders/1001/status", {"status": status})
    assert (code, answer["code"], answer["ok"]) == (409, "status_is_not_set", False)
    assert (await keeper.get("/api/v1/orders/1001"))["state"] == "ready"
    entry = (await keeper.get("/api/v1/orders/1001/timeline"))["entries"][-1]
    told = (entry["kind"], entry["actor"], entry["device"], entry["data"]["code"])
    assert told == ("command.refused", "keeper", keeper.device, "status_is_not_set")


BAD: list[tuple[str, str, bytes, int, str]] = [
    ("POST", "/api/v1/commands", b"", 400, "malformed"),
    ("POST", "/api/v1/commands", b"{", 400, "malformed"),
    ("POST", "/api/v1/commands", b"\xff\xfe", 400, "malformed"),
    ("POST", "/api/v1/commands", b"[]", 400, "malformed"),
    ("POST", "/api/v1/commands", b"{}", 400, "malformed"),
    ("POST", "/api/v1/commands", b"[1]", 400, "malformed"),
    ("POST", "/api/v1/commands", b"[" * 50_000, 400, "malformed"),
    ("POST", "/api/v1/commands", b'[{"v":1}]', 400, "malformed"),
    ("POST", "/api/v1/commands", b"[" + b"1," * 200 + b"1]", 400, "malformed"),
    ("POST", "/api/v1/commands", b" " * (1024 * 1024 + 1), 400, "too_large"),
    ("POST", "/api/v1/session", b'{"badge":"@B:1"}', 400, "malformed"),
    ("POST", "/api/v1/session", b'{"badge":1,"pin":"1","device":"d"}', 400, "malformed"),
    ("POST", "/api/v1/nothing", b"{}", 405, "method_not_allowed"),
    ("DELETE", "/api/v1/tasks", b"", 405, "method_not_allowed"),
    ("GET", "/api/v1/nothing", b"", 404, "not_found"),
    ("GET", "/api/v1/tasks/nothing", b"", 404, "unknown_task"),
    ("GET", "/api/v1/orders/nothing", b"", 404, "unknown_order"),
    ("GET", "/api/v1/packing/nothing", b"", 404, "unknown_order"),
    ("GET", "/no/such/file.js", b"", 404, "not_found"),
    ("PUT", "/api/v1/orders/1/status", b"[", 400, "malformed"),
]


async def test_every_failure_has_one_shape(rig: Rig) -> None:
    """Whatever is wrong with a request: ok, code, facts and hint, and nothing else."""
    packer = await rig.client("packer")
    before = rig.box.writer.head.seq
    for method, path, body, status, code in BAD:
        found, answer = await packer.ask(method, path, body)
        assert (found, answer["code"]) == (status, code), (method, path, body[:20])
        assert set(answer) == {"ok", "code", "facts", "hint"}
        assert answer["ok"] is False
    assert rig.box.writer.head.seq == before
    assert (await packer.get("/health"))["ok"]


async def test_a_missing_thing_is_named(rig: Rig) -> None:
    """A 404 says in its facts what was asked for."""
    picker = await rig.client("picker")
    asked = [("/api/v1/orders/77", "order"), ("/api/v1/tasks/77", "task")]
    for path, name in asked:
        assert (await picker.ask("GET", path))[1]["facts"] == {name: "77"}


async def test_what_a_command_must_not_be(rig: Rig) -> None:
    """Bad commands of a list are answered one by one; none leaves an entry (SEC-4)."""
    picker = await rig.client("picker")
    good = picker.command("task.take", {"task_ids": ["none"]})
    bad: list[tuple[dict[str, Any], int, str]] = [
        ({"kind": "order.ship"}, 400, "unknown_kind"),
        ({"kind": "instruction.accept"}, 400, "unknown_kind"),
        ({"id": "one"}, 400, "malformed"),
        ({"v": 9}, 400, "malformed"),
        ({"captured_at": -(10**30)}, 400, "malformed"),
        ({"captured_at": 2**70}, 400, "malformed"),
        ({"data": {"task_ids": ["t"], "more": 1}}, 400, "malformed"),
        ({"data": {"task_ids": [7]}}, 400, "malformed"),
        ({"device": "another"}, 401, "not_signed_in"),
        ({"session_id": "another"}, 401, "not_signed_in"),
    ]
    before = rig.box.writer.head.seq
    answers = await picker.send(*[good | {"id": new_id()} | change for change, _, _ in bad])
    assert [(each["status"], each["code"]) for each in answers] == [each[1:] for each in bad]
    assert rig.box.writer.head.seq == before
    unknown_field = good | {"colour": "red"}
    status, answer = await picker.ask("POST", "/api/v1/commands", [unknown_field])
    assert (status, answer["code"]) == (400, "malformed")


async def test_a_command_sent_again_has_one_effect(rig: Rig) -> None:
    """The same id and content gives the first answer; other content is `id_reused` (PICK-5)."""
    await rig.assign("1001", line(1, MUG, 2))
    picker = await rig.client("picker")
    task = (await picker.get("/api/v1/tasks"))["tasks"][0]["id"]
    await picker.must("task.take", task_ids=[task])
    await picker.must("tote.bind", task_id=task, order_id="1001", code="T-1")
    await picker.must("pick.scan", task_id=task, step=1, code=BINS[MUG])
    scan = picker.command("pick.scan", {"task_id": task, "step": 1, "code": gtin(MUG)})
    first, again = await picker.send(scan, scan)
    third = (await picker.send(scan))[0]
    assert (first["ok"], first.get("repeated")) == (True, None)
    assert (again["repeated"], third["repeated"]) == (True, True)
    assert {again["facts"]["said"], third["facts"]["said"]} == {"item"}
    assert third["facts"]["task"]["steps"][0]["picked"] == 1
    other = scan | {"data": {"task_id": task, "step": 1, "code": MUG}}
    reused = (await picker.send(other))[0]
    assert (reused["status"], reused["code"]) == (409, "id_reused")


async def test_a_refusal_is_kept_as_well(rig: Rig) -> None:
    """A refused command sent again gets its first refusal, whatever became possible (PICK-5)."""
    await rig.assign("1001", line(1, MUG, 2))
    picker = await rig.client("picker")
    task = (await picker.get("/api/v1/tasks"))["tasks"][0]["id"]
    early = picker.command("tote.bind", {"task_id": task, "order_id": "1001", "code": "T-1"})
    assert (await picker.send(early))[0]["code"] == "task_not_open"
    await picker.must("task.take", task_ids=[task])
    again = (await picker.send(early))[0]
    assert (again["code"], again["repeated"], again["status"]) == ("task_not_open", True, 409)


async def test_a_list_is_answered_in_order(rig: Rig) -> None:
    """A hundred commands are each answered in their place; one more is too many (PICK-4)."""
    picker = await rig.client("picker")
    commands = [picker.command("alarm.ack", {"alarm_id": f"a{n}"}) for n in range(100)]
    answers = await picker.send(*commands)
    assert [each["id"] for each in answers] == [each["id"] for each in commands]
    assert [each["facts"]["alarm"] for each in answers] == [f"a{n}" for n in range(100)]
    status, answer = await picker.ask("POST", "/api/v1/commands", [*commands, commands[0]])
    assert (status, answer["code"]) == (400, "malformed")


async def test_the_name_of_whoever_was_faster(rig: Rig) -> None:
    """The second picker is told by whom the task was taken, by name (PICK-6)."""
    await rig.assign("1001")
    one, two = await rig.client("picker"), await rig.client("picker2")
    task = (await one.get("/api/v1/tasks"))["tasks"][0]["id"]
    await one.must("task.take", task_ids=[task])
    answer = await two.do("task.take", task_ids=[task])
    assert (answer["code"], answer["facts"]["by"]) == ("task_taken", "picker")
    assert answer["facts"]["by_name"] == {"zh": "picker", "en": "picker"}


async def test_an_order_goes_all_the_way(rig: Rig) -> None:
    """From assignment to hand-over through the API alone, to the packer's screens (FLOW-4)."""
    await rig.assign("1001")
    picker, packer = await rig.client("picker"), await rig.client("packer", "S1")
    await rig.pick(picker, "1001")
    assert [row["id"] for row in (await packer.get("/api/v1/packing"))["orders"]] == ["1001"]
    pack = await rig.pack(packer, "1001")
    assert (pack["state"], pack["ready"], pack["missing"]) == ("packed_checked", True, [])
    printed = await packer.do("waybill.print", order_id="1001")
    assert (printed["next"], printed["facts"]["pack"]["parcel"]["waybill"]) == ("label", "SF0001")
    jobs = (await packer.get("/api/v1/jobs?order=1001"))["jobs"]
    assert (len(jobs), jobs[0]["n"]) == (1, 1)


# ---- who may send -----------------------------------------------------------------------------


async def test_another_sites_page_is_refused(rig: Rig) -> None:
    """A foreign Origin is refused for reads and writes, a write without X-Floor too (SEC-4)."""
    picker = await rig.client("picker")
    foreign = {"Origin": "https://evil.example"}
    assert (await picker.ask("GET", "/api/v1/tasks", None, foreign))[0] == 403
    assert (await picker.ask("POST", "/api/v1/commands", [], foreign))[0] == 403
    assert (await picker.ask("GET", "/api/v1/tasks", None, {"Origin": rig.url}))[0] == 200
    status, answer = await picker.ask("POST", "/api/v1/commands", [], {"X-Floor": "0"})
    assert (status, answer["code"]) == (403, "origin_refused")
    assert (await picker.ask("GET", "/api/v1/tasks", None, {"Origin": "null"}))[0] == 403


async def test_every_answer_carries_the_headers(rig: Rig) -> None:
    """Pages, reads and errors come with CSP and the other protections, never cached (SEC-4)."""
    for path in ("/", "/api/v1/tasks", "/health", "/nothing"):
        async with rig.http.get(f"{rig.url}{path}") as answer:
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
    async with rig.http.get(f"{rig.url}/api/v1/tasks") as answer:
        assert answer.headers["Cache-Control"] == "no-store"


async def test_the_cookie_is_out_of_reach_of_scripts(rig: Rig) -> None:
    """The session's cookie is HttpOnly, Secure and SameSite=Strict, and opens reads (SEC-4)."""
    body = msgspec.json.encode({"badge": badge("picker"), "pin": PIN, "device": "d"})
    url = f"{rig.url}/api/v1/session"
    headers = {"X-Floor": "1", "Content-Type": "application/json"}
    async with rig.http.post(url, data=body, headers=headers) as answer:
        cookie = answer.cookies["__Host-floor"]
        assert (cookie["httponly"], cookie["secure"]) == (True, True)
        assert (cookie["samesite"], cookie["path"]) == ("Strict", "/")
    cookies = {"Cookie": f"__Host-floor={cookie.value}"}
    async with rig.http.get(url, headers=cookies) as answer:
        assert (await answer.json())["session"]["person"]["id"] == "picker"
    async with rig.http.delete(url, headers=headers | cookies) as answer:
        assert answer.status == 200
    async with rig.http.get(url, headers=cookies) as answer:
        assert answer.status == 401


async def test_a_session_ends_at_once(rig: Rig) -> None:
    """After signing out the token opens nothing, in any request (SEC-2)."""
    picker = await rig.client("picker")
    assert (await picker.ask("DELETE", "/api/v1/session"))[0] == 200
    assert (await picker.ask("GET", "/api/v1/tasks"))[0] == 401
    assert (await picker.ask("POST", "/api/v1/commands", []))[0] == 401


@pytest.mark.parametrize("token", ["", "x", "a.b", "ü.ü", ".", "a" * 5_000])
async def test_a_forged_token_opens_nothing(rig: Rig, token: str) -> None:
    """No token but the box's own is recognised (SEC-4)."""
    picker = await rig.client("picker")
    forged = Client(rig, "d")
    for each in (token, f"{picker.session['id']}.{token}", f"{picker.token}x", picker.token[:-1]):
        headers = {"Authorization": f"Bearer {each}"}
        assert (await forged.ask("GET", "/api/v1/tasks", None, headers))[0] in (400, 401)


async def test_figures_for_prometheus(rig: Rig) -> None:
    """/metrics is text that Prometheus reads, with the journal's head among its figures (REP-2)."""
    async with rig.http.get(f"{rig.url}/metrics") as answer:
        text = await answer.text()
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    rows = dict(row.rsplit(" ", 1) for row in text.splitlines() if not row.startswith("#"))
    assert int(float(rows["floorgate_journal_seq"])) == rig.box.writer.head.seq
