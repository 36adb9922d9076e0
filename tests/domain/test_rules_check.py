"""What a ruleset must be before it is used: every fault is found, with its place (RULE-1)."""

import time
from typing import Final

import msgspec
import pytest

from edge.domain.facts import order_facts
from edge.domain.model import Name
from edge.domain.rules import DOCUMENT_BYTES_MAX, Document, Problem, read
from edge.domain.rules.vocabulary import VOCABULARY, mismatch
from edge.domain.workflow import TAKEN
from tests.domain.site import MUG, RULES, Site, line

TEXT: Final = RULES.decode()
SECONDS_MAX: Final = 2.0


def problems(raw: bytes | str) -> list[Problem]:
    """Return what is wrong with a document."""
    return read(raw.encode() if isinstance(raw, str) else raw)[2]


def faults(*changes: tuple[str, str]) -> list[tuple[int, str, str]]:
    """Return line, path and code of what is wrong with the default ruleset, so changed."""
    text = TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return [(each.line, each.path, each.code) for each in problems(text)]


def line_of(text: str, nth: int = 1) -> int:
    """Return the line on which `text` stands in the default ruleset."""
    at = -1
    for _ in range(nth):
        at = TEXT.index(text, at + 1)
    return TEXT.count("\n", 0, at) + 1


def condition(when: str) -> list[str]:
    """Return the codes of what is wrong with a condition."""
    gift = f'[[gifts]]\nid = "tried"\nwhen = {msgspec.json.encode(when).decode()}\ngive = []\n'
    return [each.code for each in problems(f"{TEXT}\n{gift}")]


def test_the_default_ruleset_has_no_fault() -> None:
    """What a new box starts with passes every check (RULE-1)."""
    assert problems(RULES) == []


def test_every_fault_is_told_at_once() -> None:
    """Unknown key, missing key, wrong type, wrong names, a bad expression: all in one go."""
    found = faults(
        ('kind = "hold"', 'knd = "hold"'),
        ('to = "picking"', 'to = "pcking"'),
        ('gates = ["lines_closed"]', 'gates = ["lines_closd"]'),
        ("order.amount_fen >= 59900", "order.amount_fan >= 59900"),
        ("each_max = 5", 'each_max = "5"'),
        ('en = "Torn"', 'en = " "'),
    )
    hold = line_of("[[workflow.states]]", 2)
    assert found == [
        (hold, "workflow.states[1].kind", "missing_key"),
        (line_of('kind = "hold"'), "workflow.states[1].knd", "unknown_key"),
        (line_of('to = "picking"'), "workflow.transitions[10].to", "unknown_state"),
        (line_of('gates = ["lines_closed"]'), "workflow.transitions[14].gates[0]", "unknown_gate"),
        (line_of('state = "hold_type"'), "workflow.holds[0].state", "not_a_hold"),
        (line_of("order.amount_fen >= 59900"), "gifts[0].when", "unknown_name"),
        (line_of("each_max = 5"), "picking.each_max", "wrong_type"),
        (line_of('en = "Torn"'), "reasons.reprint[1].en", "missing_text"),
    ]


def test_an_action_that_nothing_takes_is_a_fault() -> None:
    """A way that no command, state or carrier ever takes would trap orders unseen (RULE-1)."""
    at = "workflow.transitions[10].action"
    assert faults(('action = "task.take"', 'action = "task.tak"')) == [
        (line_of('action = "task.take"'), at, "unknown_action")
    ]
    name = '"task.take" = { zh = "领取任务", en = "Take the task" }\n'
    assert faults((name, "")) == [(line_of('action = "task.take"'), at, "unnamed_action")]


def test_the_code_takes_every_action_of_the_default_ruleset() -> None:
    """What the check believes to be taken is what the shipped workflow needs, and no more."""
    flow = msgspec.toml.decode(RULES, type=Document).workflow
    by_itself = {each for state in flow.states for each in state.auto}
    by_carrier = set(flow.carrier_actions.values())
    assert {way.action for way in flow.transitions} - by_itself - by_carrier == TAKEN


def test_advice_names_the_nearest() -> None:
    """A wrong name is answered by the one that was meant, and by all where they are few."""
    text = TEXT.replace('"lines_closed"', '"lines_closd"', 1)
    assert problems(text)[0].advice.en.startswith("did you mean lines_closed? one of all_checked, ")
    advice = problems(TEXT.replace('"task.take" = [', '"task.tak" = [', 1))[0].advice
    assert advice == Name(
        "是不是 task.take 或 task.release？", "did you mean task.take or task.release?"
    )
    advice = problems(TEXT.replace('"task.take" = [', '"zzz" = [', 1))[0].advice
    assert advice.en.endswith("which docs/RULESET.md lists")


def test_a_json_document_is_located_too() -> None:
    """The same faults in JSON have lines and paths as well."""
    document = msgspec.json.format(msgspec.json.encode(msgspec.toml.decode(RULES)))
    text = document.decode().replace('"picking"', '"pcking"', 1)
    found = problems(text)
    assert {each.code for each in found} == {"unknown_state"}
    assert all(each.line for each in found)


@pytest.mark.parametrize(
    ("raw", "line", "said"),
    [
        (TEXT.replace("[roles]", "[roles", 1), line_of("[roles]"), "not TOML"),
        ('{\n"meta": {"id": "x",}\n}', 2, "not JSON"),
        ('{"meta": 1, "meta": 2}', 0, "twice"),
        (b"a = 1\nb = '\xff'", 2, "not UTF-8"),
        ("a = " + "[" * 5_000 + "]" * 5_000, 0, "nested too deeply"),
        ("a." * 90_000 + "b = 1", 1, "nested too deeply"),
        ("{" + '"a":{' * 20_000, 0, "nested too deeply"),
        (" " * (DOCUMENT_BYTES_MAX + 1), 0, "more than 200000 bytes"),
        ("x" * 5_000_000, 0, "more than 200000 bytes"),
        ("meta = " + "9" * 5_000, 0, "Exceeds"),
    ],
)
def test_what_cannot_be_read_says_where(raw: str | bytes, line: int, said: str) -> None:
    """Syntax, size, depth: refused at once with line and reason (RULE-1)."""
    begun = time.monotonic()
    found = problems(raw)
    assert (len(found), found[0].line) == (1, line)
    assert said in found[0].text.en
    assert time.monotonic() - begun < SECONDS_MAX


@pytest.mark.parametrize(
    ("when", "codes"),
    [
        ("order.amount_fen > 3 && 'x' in order.tags", []),
        ("order.lines.exists(l, l.sku == 'A' && l.qty > 1)", []),
        ("order.lines.exists(l, order.tags.exists(t, t == l.sku))", []),
        ("size(order.lines) > 0 && order.lines[0].qty > 1", []),
        ("order.type in ['a', 'b'] || order.type.startsWith('c')", []),
        ("", ["expression_size"]),
        ("1 == 1 || " * 60 + "true", ["expression_size"]),
        ("order.", ["expression_syntax"]),
        ("customer.level == 1", ["unknown_name"]),
        ("order.colour == 'red'", ["unknown_name"]),
        ("has(order.colour)", ["unknown_name"]),
        ("order.lines.exists(l, l.colour == 'red')", ["unknown_name"]),
        ("order.lines.exists(order, order.qty > 1)", ["unknown_name", "unknown_name"]),
        ("now() > 1", ["unknown_function"]),
        ("order.type.matches('(a+)+$')", ["unknown_function"]),
        ("order.amount_fen", ["expression_type"]),
        ("order.type > 3", ["expression_type"]),
        ("order.type == 3", ["expression_type"]),
        ("3 in order.tags", ["expression_type"]),
        ("order.type == 'custom' && order.amount_fen", ["expression_type"]),
        ("order.finance_cleared || order.amount_fen", ["expression_type"]),
        ("order.lines[0].qty > 1", ["expression_type"]),
        ("order.amount_fen + 9223372036854775807 > 0", ["expression_type"]),
        ("order['type'] == 'a'", ["expression_form"]),
        ("{'a': order.type}.a == 'a'", ["expression_form"]),
        ("order.amount_fen > 1.5", ["expression_form"]),
        ("true // really", ["expression_form"]),
        ("r'a' == order.type", ["expression_form"]),
        (
            "order.lines.all(a, order.lines.all(b, order.lines.all(c, a.qty < c.qty)))",
            ["expression_cost"],
        ),
        (" && ".join(["order.tags.all(t, t != 'x')"] * 5), ["expression_cost"]),
    ],
)
def test_conditions_are_held_to_names_types_and_cost(when: str, codes: list[str]) -> None:
    """The engine lets all of these pass; the check does not (RULE-1)."""
    assert condition(when) == codes


def test_the_vocabulary_says_what_everything_means() -> None:
    """Each term has a meaning in both languages, and each name stands once."""
    for terms in VOCABULARY.values():
        names = [term.name for term in terms]
        assert sorted(set(names)) == sorted(names)
        assert all(term.zh and term.en for term in terms)


def test_what_the_floor_hands_over_is_what_is_declared(site: Site) -> None:
    """The facts of an order are the vocabulary's terms, each of its type."""
    site.assign("1001", line(1, MUG, 2, price_fen=5), tags=["24H"], remark="生日", risk_pm=9)
    facts = order_facts(site.world, site.order(), site.rules)
    assert mismatch(VOCABULARY["order"], facts) == ""
    assert mismatch(VOCABULARY["order"], facts | {"amount_fen": "5"}) != ""


def test_a_document_reads_back_the_same() -> None:
    """Reading loses nothing of a good document."""
    document = read(RULES)[0]
    assert document == msgspec.toml.decode(RULES, type=Document)


def test_a_state_nobody_can_leave_is_a_trap() -> None:
    """A state without a way to an end, and one without a way to it, are named (RULE-1)."""
    states = "".join(
        f'[[workflow.states]]\nid = "{name}"\nkind = "floor"\nowner = "packer"\n'
        f'name = {{ zh = "孤", en = "Lone" }}\n\n'
        for name in ("island", "pit")
    )
    mark = "# ---- transitions"
    way = '[[workflow.transitions]]\naction = "task.release"\nfrom = ["ready"]\nto = "pit"\n\n'
    found = faults((mark, f"{states}{way}{mark}"))
    base = line_of(mark)
    assert found == [
        (base, "workflow.states[24]", "unreachable_state"),
        (base, "workflow.states[24]", "trapping_state"),
        (base + 6, "workflow.states[25]", "trapping_state"),
    ]


def test_a_way_behind_an_open_one_is_named() -> None:
    """Ways are tried in order, so one behind a way without gates is never taken (RULE-1)."""
    mark = "# ---- holds at acceptance"
    way = '[[workflow.transitions]]\naction = "task.take"\nfrom = ["ready"]\nto = "short"\n\n'
    base = line_of(mark)
    assert faults((mark, way + mark)) == [
        (base + 2, "workflow.transitions[39].from[0]", "hidden_way")
    ]
