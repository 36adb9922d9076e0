"""PRN-8: a waybill that no printer of ours made is confirmed by a person and proved by its scan."""

from edge.domain import commands as c
from edge.domain.model import Waybill
from tests.domain.site import Site
from tests.domain.test_req_waybill import ONE, PHOTO, attach


def adopt(site: Site, code: str = "EMS-7", read: str = "typed", **more: str) -> str:
    """Let the packer take a waybill for order 1001's own; return "ok" or the code."""
    answer = site.by("packer", c.WaybillAdopt("1001", code, read, **more))
    return "ok" if answer.ok else answer.code


def test_prn_8_a_hand_written_waybill_is_confirmed_and_then_scanned(site: Site) -> None:
    """The confirmation binds the number and ships nothing; scanning the parcel does."""
    site.to_checked("1001", ONE)
    assert adopt(site, carrier="EMS") == "ok"
    assert (site.order().waybill, site.job().state, site.state()) == (
        "EMS-7",
        "by_hand",
        "packed_checked",
    )
    entry = site.said("waybill.adopted")[-1]
    assert (entry.actor, entry.data["read"], entry.data["carrier"]) == ("packer", "typed", "EMS")
    assert site.prove("EMS-7").ok
    assert site.state() == "shipped"
    assert site.by("keeper", c.HandoverScan("EMS-7")).ok


def test_prn_8_a_photo_is_named_and_was_attached(site: Site) -> None:
    """Without the photo on the order there is no evidence of what was read."""
    site.to_checked("1001", ONE)
    assert adopt(site, read="photo") == "malformed"
    assert adopt(site, read="photo", blob=PHOTO) == "unknown_blob"
    assert attach(site) == "ok"
    assert adopt(site, read="photo", blob=PHOTO) == "ok"
    assert site.said("waybill.adopted")[-1].data["blob"] == PHOTO


def test_prn_8_what_was_printed_before_is_void(site: Site) -> None:
    """The torn label and its number cannot ship or leave any more (FLOW-6)."""
    site.to_printed("1001", ONE)
    old = site.qr()
    assert adopt(site) == "ok"
    assert site.prove(old).code == "label_void"
    assert site.the(Waybill, "SF0001").state == "void"
    assert site.prove("EMS-7").ok


def test_prn_8_a_number_copied_by_hand_stays_the_parcels_own(site: Site) -> None:
    """The order's own number, written by hand, is kept; the printed copy is void."""
    site.to_printed("1001", ONE)
    old = site.qr()
    assert adopt(site, "SF0001") == "ok"
    assert site.prove(old).code == "label_old_copy"
    assert site.prove(site.qr()).ok


def test_prn_8_a_number_given_twice_is_one_copy(site: Site) -> None:
    """Two copies by hand could not be told apart: the second word changes nothing."""
    site.to_checked("1001", ONE)
    assert [adopt(site, carrier="EMS"), adopt(site, carrier="EMS")] == ["ok", "ok"]
    assert len(site.order().copies) == 1
    assert site.prove("EMS-7").ok
    assert site.state() == "shipped"


def test_prn_8_a_number_of_another_parcel_is_refused(site: Site) -> None:
    """Nor may a number be spent, given back or unreadable (FLOW-8)."""
    site.to_printed("1002", ONE)
    site.to_checked("1001", ONE)
    assert adopt(site, "SF0001") == "waybill_in_use"
    assert adopt(site, "SF:1") == "malformed"
    assert adopt(site, read="guessed") == "malformed"
    site.tell("waybill.recall", carrier="SF")
    assert adopt(site, "SF0009") == "waybill_in_use"
    assert site.order().waybill == ""


def test_prn_8_a_carrier_that_may_not_is_refused(site: Site) -> None:
    """The rules of carriers hold for foreign waybills too."""
    site.to_checked("1001", ONE, type="medical", service="cold_chain")
    assert adopt(site, carrier="EMS") == "carrier_forbidden"
