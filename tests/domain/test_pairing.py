"""PDAs on record: let in, renamed, sent off (SEC-2)."""

from edge.domain import commands as c
from edge.domain.model import Pda
from tests.domain.site import Site


def pair(site: Site, pda: str, key: str = "aa") -> None:
    """Let a PDA in, as the door does."""
    assert site.run(c.DevicePair(pda, "PDA 7", key), via="api", actor="leader").ok


def test_a_pda_that_was_sent_off_sends_nothing() -> None:
    """Its commands are refused `device_revoked`, until it is let in again (SEC-2)."""
    site = Site()
    site.by("picker", c.TaskTake(("none",)))
    device = site.journal[-1].device
    pair(site, device)
    assert site.by("leader", c.DeviceRevoke(device)).ok
    assert site.by("picker", c.TaskTake(("none",))).code == "device_revoked"
    pair(site, device, "bb")
    assert site.by("picker", c.TaskTake(("none",))).code == "unknown_task"


def test_an_unknown_pda_is_said() -> None:
    """Neither a new name nor a dismissal for what is not there."""
    site = Site()
    for data in (c.DeviceRename("x", "y"), c.DeviceRevoke("x")):
        assert site.by("leader", data).code == "unknown_pda"


def test_letting_in_again_with_the_same_key_writes_nothing_new() -> None:
    """Who paired it first stays on record."""
    site = Site()
    pair(site, "pda-7")
    pair(site, "pda-7")
    kinds = [draft.kind for draft in site.journal]
    assert kinds.count("device.paired") == 1
    found = site.load(Pda, "pda-7")
    assert isinstance(found, Pda)
    assert (found.paired_by, found.revoked_us) == ("leader", None)
