"""SEC-5: what may be erased after its time is judged where nothing can change meanwhile."""

import pytest

from edge.domain import commands as c
from edge.domain.model import Assignment, Order
from tests.domain.site import MUG, Site, line
from tests.domain.test_table import STATES

LATER_US = 400 * 86_400_000_000
"""More than a year: everything has had its time by then."""
HOUR_US = 3_600_000_000
SHA = "0" * 64


def erased(site: Site, *keys: str, after_us: int = LATER_US) -> list[str]:
    """Return which records may be erased, of those that ended before a time from now."""
    answer = site.run(c.PersonalErase(keys, site.now_us + after_us), via="box")
    assert answer.ok
    found: list[str] = answer.facts["keys"]
    return found


ENDED = {
    "shipped", "handed_over", "carrier_trouble", "returned", "cancelled", "put_back",
}  # fmt: skip
"""States in which nobody is to pick, pack or send an order any more."""


@pytest.mark.parametrize("state", STATES)
def test_sec_5_only_an_order_that_ended_loses_its_recipient(state: str) -> None:
    """Whatever else is asked, an order that somebody may still work on keeps all of its data."""
    site = Site()
    STATES[state](site)
    before = site.state()
    keys = ("order:1001", f"photo:{SHA}:1001", "return:1001:some-command")
    assert erased(site, *keys) == (list(keys) if state in ENDED else [])
    assert site.state() == before
    content = site.load(Assignment, "1001")
    assert isinstance(content, Assignment)
    assert content.erased is (state in ENDED)


def test_sec_5_the_time_counts_from_the_last_change() -> None:
    """An order that ended only now keeps its data; one in an interception does, too."""
    site = Site()
    site.to_handed_over()
    assert erased(site, "order:1001", after_us=-HOUR_US) == []
    site.tell("order.freeze", order_id="1001", category="return_request")
    order = site.order()
    assert erased(site, "order:1001") == ([] if order.freezes else ["order:1001"])


def test_sec_5_staff_keep_their_names_as_long_as_they_work_here() -> None:
    """Somebody who was sent off is forgotten after their time, and not before."""
    site = Site()
    keys = ("person:picker", "pin:picker", "person:nobody", "message:m-1", "freeze:none")
    assert erased(site, *keys) == ["person:nobody", "message:m-1", "freeze:none"]
    assert site.by("supervisor", c.PersonDisable("picker")).ok
    assert erased(site, "person:picker", after_us=-HOUR_US) == []
    assert erased(site, "person:picker", "pin:picker") == ["person:picker", "pin:picker"]


def test_sec_5_an_erased_order_is_labelled_again_only_with_its_recipient() -> None:
    """Sent again it waits in the fix queue; a recipient from the hub lets it out (FLOW-6)."""
    site = Site()
    site.to_handed_over()
    assert erased(site, "order:1001") == ["order:1001"]
    assert site.by("packer", c.OrderResend("1001", "damaged")).ok
    site.sign(site.approval().id)
    order = site.load(Order, "1001")
    assert isinstance(order, Order)
    assert order.fix is not None
    assert order.fix.code == "recipient_erased"
    recipient = {"name": "李雷", "phone": "13800000000", "address": "文一路 1 号"}
    site.tell("order.update", order_id="1001", recipient=recipient)
    content = site.load(Assignment, "1001")
    assert isinstance(content, Assignment)
    assert (content.erased, site.order().fix) == (False, None)


def test_sec_5_what_was_looked_through_is_on_record() -> None:
    """The entry names the keys, never what stood under them."""
    site = Site()
    site.assign("1001", line(1, MUG, 1))
    site.cancel()
    erased(site, "order:1001")
    entry = next(each for each in site.journal if each.kind == "personal.erased")
    assert entry.data == {"keys": ["order:1001"]}
    assert "order:1001" in entry.refs
