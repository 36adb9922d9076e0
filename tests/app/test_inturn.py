"""Commands of one device that stand behind one that was put off."""

from edge.app import inturn
from edge.app.inturn import BEHIND_MAX, DEVICES_MAX, InTurn


def test_those_behind_wait_until_one_comes_again() -> None:
    """Each is put off for the first one's reason; any that is repeated ends it (PICK-4)."""
    for repeated in ("a", "b", "c"):
        turns = InTurn()
        turns.put_off("pda", "a", "busy")
        assert [turns.why_not("pda", each) for each in "bc"] == ["busy", "busy"]
        assert turns.why_not("other", "d") == ""
        assert [turns.why_not("pda", each) for each in (repeated, "a", "b", "c", "e")] == [""] * 5


def test_one_that_never_comes_again_holds_up_no_more_than_the_bound() -> None:
    """A client that drops what was put off goes on after `BEHIND_MAX` others."""
    turns = InTurn()
    turns.put_off("pda", "a", "disk_full")
    codes = [turns.why_not("pda", f"b{at}") for at in range(BEHIND_MAX)]
    assert codes == ["disk_full"] * (BEHIND_MAX - 1) + [""]


def test_devices_that_wait_are_bounded() -> None:
    """Beyond `DEVICES_MAX` the one that waits longest makes room."""
    turns = InTurn()
    for at in range(DEVICES_MAX + 1):
        turns.put_off(f"pda-{at}", "a", "busy")
    assert [turns.why_not(f"pda-{at}", "b") for at in (0, 1)] == ["", "busy"]
    assert len(turns._behind) == inturn.DEVICES_MAX


def test_a_device_that_went_leaves_no_lock() -> None:
    """The lock of a device lives as long as somebody holds or awaits it."""
    turns = InTurn()
    lock = turns.preparing("pda")
    assert turns.preparing("pda") is lock
    del lock
    assert not turns._preparing
