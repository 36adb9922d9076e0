"""People, badges and PINs: who may change whom, and what ends at once (SEC-2, SEC-3)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain import commands as c
from edge.domain.badges import PREFIX, RANDOM_BYTES, badge_hash, new_badge
from edge.domain.model import Person, Presence
from edge.domain.pins import why_weak
from tests.domain.site import Site

VERIFIER = {"salt": "00" * 16, "n": 16, "r": 1, "p": 1, "hash": "00" * 32}


@pytest.fixture
def site() -> Site:
    """A site with people."""
    return Site()


def someone(site: Site, name: str = "picker") -> Person:
    """Return a person as they are now."""
    found = site.load(Person, name)
    assert isinstance(found, Person)
    return found


def add(
    site: Site, by: str = "admin", person: str = "P-7", roles: tuple[str, ...] = ("picker",)
) -> str:
    """Return what is said to taking a person in."""
    answer = site.by(by, c.PersonAdd(person, roles, "韩梅梅", "Han Meimei"))
    return answer.code or "ok"


def test_a_person_is_taken_in_and_named_beside_the_journal(site: Site) -> None:
    """A new person has roles and no badge; the name is in no entry (SEC-5)."""
    assert add(site, roles=("packer", "picker")) == "ok"
    assert someone(site, "P-7") == Person(id="P-7", roles=("picker", "packer"))
    assert site.personal[-1].value == {"name": {"zh": "韩梅梅", "en": "Han Meimei"}}
    assert site.by("leader", c.PersonRename("P-7", name_en="Han")).ok
    assert site.personal[-1].value == {"name": {"zh": "Han", "en": "Han"}}
    assert "韩梅梅" not in str([draft.data for draft in site.journal])


@pytest.mark.parametrize(
    ("by", "person", "roles", "code"),
    [
        ("admin", "picker", ("picker",), "person_known"),
        ("admin", "", ("picker",), "person_id"),
        ("admin", "P 7", ("picker",), "person_id"),
        ("admin", "P-7", ("boss",), "role_unknown"),
        ("admin", "P-7", (), "role_unknown"),
        ("admin", "P-7", ("admin",), "ok"),
        ("supervisor", "P-7", ("leader", "keeper"), "ok"),
        ("supervisor", "P-7", ("picker", "supervisor"), "role_missing"),
        ("supervisor", "P-7", ("admin",), "role_missing"),
        ("leader", "P-7", ("picker",), "role_missing"),
        ("picker", "P-7", ("picker",), "role_missing"),
    ],
)
def test_nobody_makes_a_person_of_their_own_rank(
    site: Site, by: str, person: str, roles: tuple[str, ...], code: str
) -> None:
    """Who may take in whom follows rank; an admin may take in admins (SEC-3)."""
    assert add(site, by, person, roles) == code


def test_a_name_is_needed(site: Site) -> None:
    """A person without a name, or with an endless one, is refused."""
    for zh in ("", " ", "x" * 41):
        assert site.by("admin", c.PersonAdd("P-7", ("picker",), zh)).code == "person_name"


@pytest.mark.parametrize(
    ("by", "whom", "code"),
    [
        ("leader", "picker", "ok"),
        ("leader", "supervisor", "role_missing"),
        ("leader", "leader", "not_yourself"),
        ("supervisor", "supervisor2", "role_missing"),
        ("supervisor", "leader", "ok"),
        ("admin", "supervisor", "ok"),
        ("admin", "admin", "not_yourself"),
        ("picker2", "picker", "role_missing"),
        ("leader", "nobody", "unknown_person"),
    ],
)
def test_a_badge_is_made_by_somebody_above(site: Site, by: str, whom: str, code: str) -> None:
    """Whoever could make a superior's badge could sign in the superior's name (SEC-3)."""
    answer = site.by(by, c.BadgeIssue(whom, badge_hash("@B:new")))
    assert (answer.code or "ok") == code


def test_a_new_badge_kills_the_old_one_and_cuts_its_sessions(site: Site) -> None:
    """Re-issue, revoke, other roles, a new PIN and being sent off end every session (SEC-2)."""
    changes: list[Any] = [
        c.BadgeIssue("picker", badge_hash("@B:new")),
        c.BadgeRevoke("picker", "lost"),
        c.PersonRoles("picker", ("packer",)),
        c.PinSet("picker", VERIFIER, once_until_us=site.now_us + 1),
        c.PersonDisable("picker"),
    ]
    for change in changes:
        site = Site()
        assert site.by("picker", c.LotScan("x", "y")).code == "role_missing"  # signed in
        site.now_us += 1
        assert site.by("admin", change).ok, change
        site.now_us += 1
        closed = [draft for draft in site.journal if draft.kind == "session.closed"]
        assert [draft.data["session"] for draft in closed] == ["session-picker"], change
        assert site.by("picker", c.TaskTake(("t",))).code in ("session_over", "not_signed_in")
        presence = site.load(Presence, "picker")
        assert isinstance(presence, Presence)
        assert (presence.sessions, presence.shift_us) == ((), 0)


def test_what_was_done_before_the_cut_is_a_fact(site: Site) -> None:
    """A scan captured before the badge was revoked counts when it comes (PICK-5)."""
    site.to_picking()
    task = site.task_id()
    before_us = site.now_us
    site.now_us += 10
    assert site.by("leader", c.BadgeRevoke("picker", "lost")).ok
    site.now_us += 10
    scan = c.PickScan(task, 1, "A-01-01")
    assert site.by("picker", scan, captured_us=before_us).ok
    assert site.by("picker", scan).code == "session_over"


def test_a_revoked_badge_opens_nothing_until_the_next(site: Site) -> None:
    """Without a badge there is nothing to revoke, and somebody sent off gets none (SEC-2)."""
    assert site.by("leader", c.BadgeRevoke("picker", "because")).code == "reason_unknown"
    assert site.by("leader", c.BadgeRevoke("picker", "lost")).ok
    assert someone(site).terms() == {}
    assert site.by("leader", c.BadgeRevoke("picker", "lost")).code == "badge_missing"
    assert site.by("leader", c.PersonDisable("picker")).ok
    issue = c.BadgeIssue("picker", badge_hash("@B:new"))
    assert site.by("leader", issue).code == "person_disabled"
    assert site.by("leader", c.PersonDisable("picker", disabled=False)).ok
    assert site.by("leader", issue).ok
    assert someone(site).terms() == {"badge": badge_hash("@B:new")}


def test_the_hub_leaves_the_box_s_badges_and_pins_alone(site: Site) -> None:
    """A person of the hub without badge and PIN keeps those of the box; changed roles cut."""
    assert site.by("admin", c.BadgeIssue("picker", badge_hash("@B:new"))).ok
    site.sign_in("picker")
    name = {"zh": "新名", "en": "New"}
    site.tell("people.upsert", items=[{"id": "picker", "name": name, "roles": ["picker"]}])
    assert someone(site).badge_hash == badge_hash("@B:new")
    assert "session-picker" in _sessions(site)
    site.tell("people.upsert", items=[{"id": "picker", "name": name, "roles": ["packer"]}])
    assert _sessions(site) == ()


def _sessions(site: Site) -> tuple[str, ...]:
    presence = site.load(Presence, "picker")
    assert isinstance(presence, Presence)
    return presence.sessions


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        ("482913", ""), ("730164", ""), ("12345", "digits"), ("1234567", "digits"), ("", "digits"),
        ("12a456", "digits"), ("１２３４５６", "digits"), ("000000", "weak"), ("123456", "weak"),
        ("654321", "weak"), ("890123", "weak"), ("121212", "weak"), ("123123", "weak"),
        ("112233", "weak"), ("123321", "weak"), ("110110", "weak"), ("147258", "weak"),
        ("975319", "weak"), ("520131", "weak"),
    ],
)  # fmt: skip
def test_weak_pins_are_refused(pin: str, why: str) -> None:
    """Six digits, and not those that everybody tries first (SEC-4)."""
    assert why_weak(pin) == why


@given(st.text(max_size=8))
def test_any_text_is_judged(text: str) -> None:
    """Whatever is typed is a PIN of six ASCII digits, or refused."""
    assert why_weak(text) in ("", "weak", "digits")
    assert (why_weak(text) == "digits") == (len(text) != 6 or not set(text) <= set("0123456789"))


def test_few_pins_are_weak() -> None:
    """The rules cost an attacker's search about one percent of its room."""
    weak = sum(why_weak(f"{n:06}") == "weak" for n in range(0, 1_000_000, 7))
    assert weak < 1_000_000 / 7 * 0.011


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_a_badge_is_told_by_its_prefix(random: bytes) -> None:
    """Two badges differ wherever their random bytes do, and fit a QR of 28 mm."""
    code = new_badge(random)
    assert (code.startswith(PREFIX), len(code)) == (True, len(PREFIX) + 2 * RANDOM_BYTES)
    assert badge_hash(code) != badge_hash(new_badge(bytes(16 * [7]))) or random == bytes(16 * [7])
