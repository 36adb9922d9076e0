"""Packing and labels: checked again, printed, proved, shipped by that and by nothing else."""

import pytest

from edge.domain import commands as c
from edge.domain.asking import Why
from edge.domain.model import Job, Order, Pool, Waybill
from edge.domain.views import order_view
from tests.domain.site import BIB, BOOK, MUG, TOWEL, WIPES, Site, changed_rules, gtin, line, person

GIFTED = (
    line(1, MUG, 1),
    line(2, WIPES, 1, gift=True, rule="tier-399"),
    line(3, BIB, 2, gift=True, tracked=False),
    line(4, BOOK, 1, service=True),
)


def check(site: Site, who: str = "packer", **data: object) -> str:
    """Send one scan of a packer, and return `ok` or the refusal."""
    answer = site.by(who, c.PackScan("1001", **data))  # type: ignore[arg-type]
    return "ok" if answer.ok else answer.code


def test_every_piece_is_checked_again(site: Site) -> None:
    """Wrong items and surplus are refused; with a line missing the parcel does not close."""
    site.to_packing("1001", line(1, MUG, 2), line(2, BOOK, 1))
    scans = [gtin(TOWEL), gtin(MUG), MUG, gtin(MUG)]
    assert [check(site, code=code) for code in scans] == ["wrong_item", "ok", "ok", "surplus"]
    answer = site.by("packer", c.PackFinish("1001"))
    assert (answer.code, answer.facts["missing"]) == ("pack_incomplete", [2])
    assert check(site, code=gtin(BOOK)) == "ok"
    assert site.by("packer", c.PackFinish("1001", 640)).ok
    assert (site.state(), site.order().weight_g, site.order().tote) == ("packed_checked", 640, "")


def test_many_pieces_are_confirmed_by_number(site: Site) -> None:
    """A line above the limit takes one scan with the exact quantity."""
    site.to_packing()
    got = [check(site, code=gtin(TOWEL), qty=qty) for qty in (1, 9, 8)]
    assert got == ["qty_mismatch", "qty_mismatch", "ok"]
    assert check(site, code=gtin(MUG), qty=2) == "scan_each"


@pytest.mark.parametrize("qty", [0, -1])
def test_no_scan_takes_pieces_away(site: Site, qty: int) -> None:
    """A quantity below one is refused for every kind of line (PICK-2)."""
    site.to_packing("1001", *GIFTED)
    assert check(site, line=3, qty=qty) == "qty_mismatch"
    assert check(site, code=gtin(MUG), qty=qty) == "qty_mismatch"
    assert site.order().checked == (0, 0, 0, 0)


def test_gifts_are_picked_and_checked_again(site: Site) -> None:
    """A tracked gift is picked and scanned; one without stock is confirmed (GIFT-1, GIFT-2)."""
    site.to_packing("1001", *GIFTED)
    assert check(site, code=gtin(MUG)) == "ok"
    answer = site.by("packer", c.PackFinish("1001"))
    assert answer.facts["missing"] == [2, 3, 4]
    assert check(site, line=2) == "scan_first"
    assert [check(site, code=gtin(WIPES)), check(site, line=3, qty=2)] == ["ok", "ok"]
    assert site.by("packer", c.PackFinish("1001")).facts["missing"] == [4]
    assert check(site, code=gtin(BOOK)) == "ok"
    assert site.by("packer", c.PackFinish("1001")).ok
    assert [d.data["gift"] for d in site.said("pack.scanned")] == [False, True, True, False]


def test_a_wave_does_not_close_with_an_unscanned_gift(site: Site) -> None:
    """A tracked gift is a step like others: without it the order stays in picking (GIFT-2)."""
    site.to_picking("1001", *GIFTED)
    site.pick(site.task_id(), 1)
    assert site.state() == "picking"
    site.pick(site.task_id(), 2)
    assert site.state() == "picked"


def test_one_packer_packs_an_order(site: Site) -> None:
    """Another packer is told by whom it is packed; the same one may open it again."""
    site.to_packing()
    other = site.by("packer2", c.PackOpen("1001"))
    assert (other.code, other.facts["by"]) == ("packed_by_other", "packer")
    assert check(site, "packer2", code=gtin(MUG)) == "packed_by_other"
    assert site.by("packer", c.PackOpen("1001")).ok
    assert site.journal[-1].kind == "command.repeated"


def test_who_holds_the_tote_takes_the_packing_over(site: Site) -> None:
    """The tote, not the order's number, lets another packer go on; every piece is checked anew."""
    site.to_packing()
    tote = site.order().tote
    assert check(site, code=gtin(MUG)) == "ok"
    assert site.by("packer2", c.PackOpen(tote)).ok
    assert (site.order().packer, set(site.order().checked)) == ("packer2", {0})
    assert check(site, code=gtin(MUG)) == "packed_by_other"
    assert check(site, "packer2", code=gtin(MUG)) == "ok"


def test_a_packer_who_changes_stations_prints_there(site: Site) -> None:
    """Opening the parcel again at another station moves it there, and its label with it."""
    site.to_packing()
    site.run(
        c.SessionOpen("at-s2", "packer", "S2"),
        via="pda", device="pda-s2", actor="packer", factors=("badge", "pin"),
    )  # fmt: skip
    at_s2 = {"device": "pda-s2", "session": "at-s2"}
    assert site.by("packer", c.PackOpen("1001"), **at_s2).ok
    assert site.order().station == "S2"
    site.check_all()
    site.by("packer", c.PackFinish("1001"))
    site.by("packer", c.WaybillPrint("1001"))
    assert site.job().station == "S2"


def test_packing_is_opened_by_tote_at_a_station(site: Site) -> None:
    """The tote's code finds the order; an empty tote or no station is refused."""
    site.to_picked()
    assert site.by("packer", c.PackOpen("T-99")).code == "unknown_tote"
    assert site.by("packer", c.PackOpen("9999")).code == "unknown_order"
    site.run(
        c.SessionOpen("nowhere", "packer"),
        via="pda", device="pda-x", actor="packer", factors=("badge", "pin"),
    )  # fmt: skip
    lost = site.by("packer", c.PackOpen("1001"), device="pda-x", session="nowhere")
    assert lost.code == "station_missing"
    assert site.by("packer", c.PackOpen("T-1001")).facts == {"order_id": "1001"}


# ---- label and proof --------------------------------------------------------------------------


def test_the_label_on_the_parcel_ships_it(site: Site) -> None:
    """Packed, printed and scanned back: shipped; stock is deducted and unlocked (FLOW-4, PRN-4)."""
    site.to_printed()
    assert site.state() == "packed_checked"
    assert site.prove().ok
    assert site.state() == "shipped"
    assert (site.stock(MUG).available, site.stock(MUG).locked) == (98, 0)
    assert (site.stock(TOWEL).available, site.stock(TOWEL).locked) == (92, 0)
    assert site.order().grade == "scan_confirmed"
    assert site.prove().code == "not_packed"


def test_the_bare_number_proves_the_first_copy(site: Site) -> None:
    """The Code 128 of the only copy is as good as its QR code."""
    site.to_printed()
    assert site.prove("SF0001").ok


@pytest.mark.parametrize("stage", ["", "retry", "moved", "failed"])
def test_a_label_that_never_left_proves_nothing(site: Site, stage: str) -> None:
    """A number typed or scanned from elsewhere ships nothing while no byte was sent (FLOW-4)."""
    site.to_checked()
    site.by("packer", c.WaybillPrint("1001"))
    if stage:
        site.report(stage)
    answers = [site.prove(code).code for code in ("SF0001", site.qr())]
    assert answers == ["label_printing", "label_printing"]
    assert site.state() == "packed_checked"


@pytest.mark.parametrize("stage", ["claimed", "sent", "confirmed", "unknown"])
def test_a_label_that_may_be_out_is_proved_by_its_scan(site: Site, stage: str) -> None:
    """Whatever the printer said, the label in the packer's hand is proof (PRN-4)."""
    site.to_checked()
    site.by("packer", c.WaybillPrint("1001"))
    site.report("claimed")
    site.report(stage)
    assert site.prove().ok
    assert (site.state(), site.job().state) == ("shipped", "proved")


def test_the_printers_word_ships_where_the_rule_says_so() -> None:
    """With a lower least grade the printer's own proof ships the order, no scan needed (PRN-4)."""
    site = Site(rules=changed_rules(labels={"proof_least": "printer_confirmed"}))
    site.to_printed()
    assert site.state() == "packed_checked"
    assert site.report("confirmed", proof="odometer").ok
    assert site.state() == "shipped"


def test_the_printers_word_is_not_enough_by_default(site: Site) -> None:
    """Under the default rule a printer's proof raises the grade and ships nothing."""
    site.to_printed()
    site.report("confirmed", proof="token")
    assert (site.state(), site.order().grade) == ("packed_checked", "printer_confirmed")
    site.report("sent")
    assert site.order().grade == "printer_confirmed"


@pytest.mark.parametrize("code", ["SF9999", "FG1:SF0001:no-such-copy", "", "FG1::", "6900000000"])
def test_a_foreign_label_is_refused(site: Site, code: str) -> None:
    """What is not a label of this box is named as such."""
    site.to_printed()
    answer = site.by("packer", c.WaybillProve(code))
    assert (answer.code, answer.facts) == ("label_not_ours", {"got": code})


def test_a_reprint_voids_the_copy_before_it(site: Site) -> None:
    """The old copy is refused by number, the new one ships; nothing is printed silently (PRN-2)."""
    site.to_printed()
    old, job = site.qr(), site.job().id
    again = site.by("packer", c.WaybillPrint("1001"))
    assert (again.code, again.facts["state"]) == ("label_printing", "sent")
    assert site.by("packer", c.WaybillReprint("1001", "bored")).code == "reason_unknown"
    assert site.by("packer", c.WaybillReprint("1001", "torn")).ok
    assert (site.the(Job, job).state, site.job().n) == ("void", 2)
    site.report("claimed")
    site.report("sent")
    answer = site.prove(old)
    assert (answer.code, answer.facts) == ("label_old_copy", {"copy": 1})
    assert site.prove("SF0001").code == "label_old_copy"
    assert site.prove().ok
    assert site.by("keeper", c.HandoverScan(old)).code == "label_old_copy"
    assert site.by("keeper", c.HandoverScan("SF0001")).code == "label_old_copy"
    assert site.by("keeper", c.HandoverScan(site.qr())).ok


def test_a_void_copy_takes_no_more_reports(site: Site) -> None:
    """What a printer says of a voided or proved copy changes nothing."""
    site.to_printed()
    old = site.job().id
    site.by("packer", c.WaybillReprint("1001", "torn"))
    answer = site.run(c.PrintReport(old, "confirmed"), via="driver")
    assert (answer.code, answer.facts["state"]) == ("outcome_known", "void")
    assert site.run(c.PrintReport("no such job", "sent"), via="driver").code == "unknown_job"
    assert site.report("on fire").code == "malformed"


def test_a_person_resolves_an_unknown_outcome(site: Site) -> None:
    """Not out: the copy is void and the next may be printed; out: it still has to be scanned."""
    site.to_printed()
    site.report("unknown", reason="cut")
    job = site.job().id
    assert site.by("packer", c.WaybillResolve(job, printed=False)).ok
    assert (site.the(Job, job).state, site.order().grade) == ("void", "none")
    assert site.by("packer", c.WaybillPrint("1001")).ok
    assert (site.job().n, site.job().waybill) == (2, "SF0001")
    site.report("claimed")
    site.report("unknown", reason="restarted")
    assert site.by("packer", c.WaybillResolve(site.job().id, printed=True)).ok
    assert site.state() == "packed_checked"
    assert site.prove().ok


def test_what_has_shipped_is_not_resolved_away() -> None:
    """Nobody un-proves a parcel that shipped on its printer's word (FLOW-6)."""
    site = Site(rules=changed_rules(labels={"proof_least": "printer_confirmed"}))
    site.to_printed()
    site.report("confirmed", proof="token")
    answer = site.by("packer", c.WaybillResolve(site.job().id, printed=False))
    assert (answer.code, site.order().copies[0].void) == ("not_packed", False)


def test_a_label_is_reprinted_only_after_the_first(site: Site) -> None:
    """Without a first copy there is nothing to reprint."""
    site.to_checked()
    assert site.by("packer", c.WaybillReprint("1001", "torn")).code == "label_missing"


def test_nothing_is_printed_for_a_masked_phone(site: Site) -> None:
    """A recipient whose phone holds `*` is refused before printing (FLOW-8)."""
    site.to_checked(recipient={"name": "李雷", "phone": "138****0000"})
    answer = site.by("packer", c.WaybillPrint("1001"))
    assert (answer.code, site.order().copies) == ("phone_masked", ())


# ---- waybill numbers --------------------------------------------------------------------------


def test_numbers_come_from_the_pool_one_by_one(site: Site) -> None:
    """Each parcel takes the next number of its carrier's pool (PRN-6)."""
    for order in ("1001", "1002"):
        site.to_printed(order, line(1, MUG, 1))
    assert [site.order(order).waybill for order in ("1001", "1002")] == ["SF0001", "SF0002"]
    assert site.the(Pool, "SF").head == 2


def test_an_empty_pool_is_said(site: Site) -> None:
    """Without a number nothing is printed; a new pool lets it go on (PRN-6)."""
    site.to_checked(carrier="YTO")
    answer = site.by("packer", c.WaybillPrint("1001"))
    assert (answer.code, answer.facts) == ("no_waybill_number", {"carrier": "YTO"})
    site.tell("waybill.pool", carrier="YTO", numbers=["YT1"])
    assert site.by("packer", c.WaybillPrint("1001")).ok


def test_a_number_is_bound_to_one_parcel(site: Site) -> None:
    """A number that came with two orders is refused for the second one (FLOW-8)."""
    site.to_printed("1001", line(1, MUG, 1), waybill="SF-777")
    site.to_checked("1002", line(1, MUG, 1), waybill="SF-777")
    answer = site.by("packer", c.WaybillPrint("1002"))
    assert (answer.code, answer.facts) == (
        "waybill_in_use",
        {"waybill": "SF-777", "order": "1001"},
    )
    assert site.the(Waybill, "SF-777").order == "1001"


def test_a_spent_number_in_the_pool_is_passed_over(site: Site) -> None:
    """A number that another order brought along does not stop the carrier's pool (FLOW-8)."""
    site.to_printed("1001", line(1, MUG, 1), waybill="SF0001")
    site.to_printed("1002", line(1, MUG, 1))
    assert (site.order("1002").waybill, site.the(Pool, "SF").head) == ("SF0002", 2)


# ---- handing over -----------------------------------------------------------------------------


def test_only_shipped_parcels_are_handed_over(site: Site) -> None:
    """A label before its proof, and a parcel that has gone, are refused with the state."""
    site.to_printed()
    assert site.by("keeper", c.HandoverScan(site.qr())).code == "not_in_state"
    site.prove()
    assert site.by("keeper", c.HandoverScan("SF0001")).facts == {
        "order_id": "1001",
        "waybill": "SF0001",
    }
    assert site.state() == "handed_over"
    assert site.by("keeper", c.HandoverScan("SF0001")).code == "order_ended"


# ---- who --------------------------------------------------------------------------------------


def test_each_command_is_for_its_roles(site: Site) -> None:
    """A picker packs nothing, a packer picks nothing; the answer names the roles (SEC-3)."""
    site.to_printed()
    asked = [
        ("picker", c.WaybillProve(site.qr())),
        ("picker", c.PackOpen("1001")),
        ("packer", c.TaskTake((site.task_id(),))),
        ("keeper", c.WaybillReprint("1001", "torn")),
    ]
    answers = [site.by(who, data) for who, data in asked]
    assert [(answer.code, answer.facts["roles"]) for answer in answers] == [
        ("role_missing", ["packer"]),
        ("role_missing", ["packer"]),
        ("role_missing", ["picker"]),
        ("role_missing", ["packer", "supervisor"]),
    ]


def test_a_role_that_the_sender_claims_counts_for_nothing(site: Site) -> None:
    """Roles are the session's, whatever the command says (SEC-3)."""
    site.to_printed()
    claimed = site.by("picker", c.WaybillProve(site.qr()), roles=("packer", "admin"))
    assert claimed.code == "role_missing"


def test_a_session_is_held_to_its_device_and_person(site: Site) -> None:
    """Another's session, another device or none is `not_signed_in` (SEC-2)."""
    site.assign()
    take = c.TaskTake((site.task_id(),))
    over: list[dict[str, str]] = [
        {"session": "session-picker2"},
        {"device": "pda-packer"},
        {"session": "no such session"},
        {"actor": "picker2"},
    ]
    assert [site.by("picker", take, **each).code for each in over] == ["not_signed_in"] * 4


def test_after_signing_out_only_what_came_before_counts(site: Site) -> None:
    """A command captured in the session is done after its end; a later one is refused (PDA-1)."""
    site.assign()
    captured = site.now_us
    site.pass_s(1)
    assert site.by("picker", c.SessionClose()).ok
    site.pass_s(1)
    answer = site.by("picker", c.TaskTake((site.task_id(),)))
    assert answer.code == "session_over"
    assert site.by("picker", c.SessionClose()).code == "session_over"
    assert site.by("picker", c.TaskTake((site.task_id(),)), captured_us=captured).ok


def test_who_was_sent_home_does_nothing_more(site: Site) -> None:
    """A person set inactive acts no more, in an open session or a new one (SEC-2)."""
    site.assign()
    site.tell("people.upsert", items=[person("picker", ("picker",), active=False)])
    assert site.take().code == "not_signed_in"
    opened = site.run(
        c.SessionOpen("again", "picker"),
        via="pda", device="pda-picker", actor="picker", factors=("badge", "pin"),
    )  # fmt: skip
    assert opened.code == "sign_in_failed"


@pytest.mark.parametrize(
    ("factors", "code"),
    [((), "sign_in_failed"), (("badge",), "pin_needed"), (("pin",), "sign_in_failed")],
)
def test_a_session_needs_badge_and_pin(site: Site, factors: tuple[str, ...], code: str) -> None:
    """One factor alone opens nothing at a new device, nor does an unknown person (SEC-2)."""
    asked = c.SessionOpen("s", "picker")
    assert site.run(asked, via="pda", device="d", factors=factors).code == code
    unknown = site.run(c.SessionOpen("s", "nobody"), via="pda", factors=("badge", "pin"))
    assert unknown.code == "sign_in_failed"


def test_a_week_old_command_is_not_applied(site: Site) -> None:
    """Beyond the time for which answers are kept, a repeat cannot be told: it is refused."""
    site.assign()
    captured = site.now_us
    site.pass_s(8 * 86_400)
    answer = site.by("picker", c.TaskTake((site.task_id(),)), captured_us=captured)
    assert (answer.code, site.the(Order, "1001").state) == ("too_old", "ready")


def test_nobody_sets_a_status(site: Site) -> None:
    """A written status is refused and on record, whoever tries (FLOW-3)."""
    site.to_checked()
    answer = site.run(c.StatusSet("1001", "shipped"), via="api", actor="supervisor")
    assert (answer.code, site.state()) == ("status_is_not_set", "packed_checked")
    entry = site.journal[-1]
    assert (entry.kind, entry.subject, entry.actor) == (
        "command.refused",
        "order:1001",
        "supervisor",
    )


# ---- why an action is not open ----------------------------------------------------------------


def test_a_greyed_action_says_why() -> None:
    """Each closed action of an order carries the refusal that trying it would give (PDA-4)."""
    site = Site().to_packing()
    assert {action: why[0].code for action, why in _why(site).items()} == {
        "pack.finish": "pack_incomplete",
        "waybill.print": "pack_incomplete",
        "waybill.reprint": "label_missing",
        "waybill.prove": "label_missing",
    }
    site = Site().to_printed()
    assert _why(site)["label.proved"][0].facts == {
        "order": "1001",
        "grade": "sent",
        "least": "scan_confirmed",
    }
    assert _why(site)["label.proved"][0].code == "label_not_proved"
    short = Site()
    short.assign("1001", line(1, MUG, 101))
    why = _why(short)["order.release"][0]
    assert (why.code, why.facts["available"]) == ("stock_short", 100)


def _why(site: Site) -> dict[str, list[Why]]:
    view = order_view(site.world, "1001")
    assert view is not None
    return view.why_not
