"""What a newcomer at the demo page should scan next, and where. Pure.

It asks the same functions that lead the bots, so it is right after a cancel, a restart, or somebody
else's hands on the work.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from edge.demo.bot import next_label, next_pack, next_pick
from edge.demo.floor import Json
from edge.demo.sample import Login

Door = Literal["pda", "station"]
OK: Final = "@C:OK"


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the floor."""

    sessions: Mapping[Door, Json | None]
    alarms: Mapping[Door, Sequence[Json]]
    tasks: Sequence[Json]
    """Tasks that nobody has taken."""
    pack: Json | None
    """The order that the packer should work on."""
    label: str | None
    """The text of its fresh label."""
    put_back: Json | None
    """An order whose goods go back to their bins."""
    totes_in_use: frozenset[str]
    picker: Login
    packer: Login
    station: str
    totes: Sequence[str]


class Step(msgspec.Struct, frozen=True):
    """The next thing to do: `say` names a text of the page, `codes` are scanned in turn."""

    door: Door | None
    say: str
    codes: tuple[str, ...] = ()
    facts: dict[str, Any] = {}
    pin: str = ""
    """To be typed after the first code of a sign-in."""


def next_step(view: View) -> Step:
    """Return what comes next: alarms, then the goods in hand, then packing, then a new task."""
    for find in (_alarm, _sign_in, _pick, _station, _pack, _put_back, _take):
        step = find(view)
        if step is not None:
            return step
    return Step(None, "done")


def _alarm(view: View) -> Step | None:
    for door, alarms in view.alarms.items():
        if view.sessions[door] is not None and alarms:
            return Step(door, "alarm", (OK,), alarms[0]["facts"])
    return None


def _sign_in(view: View) -> Step | None:
    if view.sessions["pda"] is not None:
        return None
    return Step("pda", "sign_in", (view.picker.badge, OK), pin=view.picker.pin)


def _pick(view: View) -> Step | None:
    session = view.sessions["pda"]
    task = session["task"] if session else None
    action = next_pick(task) if task and task["state"] == "taken" else None
    if task is None or action is None:
        return None
    kind, data = action
    if kind == "tote.bind":
        free = next((tote for tote in view.totes if tote not in view.totes_in_use), view.totes[0])
        return Step("pda", "tote", (free,), {"order": data["order_id"]})
    step = next(each for each in task["steps"] if each["no"] == data["step"])
    facts = {name: step[name] for name in ("location", "sku", "name", "qty", "picked", "gift")}
    if kind == "pick.qty":
        return Step("pda", "quantity", (OK,), facts)
    is_place = data["code"] in step["expect"]["location"]
    return Step("pda", "location" if is_place else "item", (data["code"],), facts)


def _station(view: View) -> Step | None:
    """Have the packer sign in at the station, once there is something to pack."""
    session = view.sessions["station"]
    if view.pack is None or (session is not None and session["station"] is not None):
        return None
    say = "sign_in_station" if session is None else "no_station"
    codes = (f"@S:{view.station}", view.packer.badge, OK)
    return Step("station", say, codes, pin=view.packer.pin)


def _pack(view: View) -> Step | None:
    pack = view.pack
    if pack is None:
        return None
    facts = {"order": pack["order"], "tote": pack["tote"], "waybill": pack["parcel"]["waybill"]}
    if pack["state"] == "packed_checked" and not pack["frozen"]:
        return _label(view, pack, facts)
    action = next_pack(pack, view.label)
    if action is None:
        return Step(None, "frozen" if pack["frozen"] else "wait", (), facts)
    kind, data = action
    if kind == "pack.scan":
        return _check(pack, data, facts)
    if kind == "pack.finish":
        return Step("station", "finish", (OK,), facts)
    say = {"pack.open": "open", "handover.scan": "handover"}[kind]
    return Step("station", say, (data["code"],), facts)


def _check(pack: Json, data: Json, facts: dict[str, Any]) -> Step:
    if "code" not in data:
        line = next(each for each in pack["lines"] if each["no"] == data["line"])
        return Step("station", "gift", (OK,), {**facts, "name": line["name"], "qty": line["qty"]})
    line = next(each for each in pack["lines"] if data["code"] in each["codes"])
    said = {**facts, "name": line["name"], "qty": line["qty"], "checked": line["checked"]}
    if "qty" in data:
        return Step("station", "check_many", (data["code"], OK), said)
    return Step("station", "check", (data["code"],), said)


def _label(view: View, pack: Json, facts: dict[str, Any]) -> Step:
    action = next_label(pack, view.label, "")
    if action is None:
        return Step(None, "printing", (), facts)
    kind, data = action
    if kind == "waybill.prove":
        return Step("station", "prove", (data["code"],), facts)
    if kind == "waybill.print":
        return Step("station", "print", (OK,), facts)
    return Step("station", kind.replace(".", "_"), (), facts)


def _put_back(view: View) -> Step | None:
    order = view.put_back or {"put_back": ()}
    for item in order["put_back"]:
        if item["done"] < item["qty"]:
            facts = {"order": order["id"], "name": item["name"], "location": item["location"]}
            return Step("pda", "put_back", (item["codes"][0],), facts)
    return None


def _take(view: View) -> Step | None:
    session = view.sessions["pda"]
    if not view.tasks or session is None or "picker" not in session["person"]["roles"]:
        return None
    return Step("pda", "take", (OK,))
