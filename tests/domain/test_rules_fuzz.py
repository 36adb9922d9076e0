"""Whatever a ruleset holds, it is read or refused, located, and within a bounded time (RULE-1)."""

import time
from typing import Any, Final

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.domain import celengine as cel
from edge.domain.rules import RulesetError, problem
from edge.domain.rules.expressions import check_condition
from edge.domain.rules.problems import Report
from edge.domain.trial import judge
from tests.domain.site import RULES

SECONDS_MAX: Final = 2.0
TREE: Final[dict[str, Any]] = msgspec.toml.decode(RULES)
quick = settings(
    max_examples=25, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip

ODD: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**62, max_value=2**80),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from(["", "\u200f\u202e", "\x00", "龘" * 300, "a" * 30_000, "order." * 90]),
    st.recursive(st.integers(), lambda deep: st.lists(deep, max_size=3), max_leaves=20),
    st.dictionaries(st.text(max_size=8), st.integers(), max_size=4),
)
EXPRESSION: Final = st.lists(
    st.sampled_from(
        ["order", ".", "lines", "tags", "amount_fen", "type", "exists", "all", "map", "(", ")", "l",
         ",", "'a'", "1", "0", "9223372036854775807", "==", "<", "+", "/", "%", "&&", "||", "!",
         "[", "]", "{", "}", "?", ":", "has", "size", "matches", "true", "null", "1.5", " ", "//",
         "in"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


def judged(raw: bytes) -> None:
    """Judge a document: nothing but `RulesetError` comes of it, with problems, in time."""
    begun = time.process_time()
    problems = []
    try:
        judge(raw)
    except RulesetError as error:
        problems = error.problems or [problem("", -1, "more", {"count": 0})]
    lines = raw.count(b"\n") + 1
    assert [each for each in problems if not (each.code and each.text.zh and each.text.en)] == []
    assert [each for each in problems if not 0 <= each.line <= lines] == []
    assert time.process_time() - begun < SECONDS_MAX


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value of a tree."""
    if not isinstance(tree, dict | list):
        return [path]
    inner: Any = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return [path, *(each for key, value in inner for each in places(value, (*path, key)))]


PLACES: Final = places(TREE)[1:]


def swapped(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a tree with another value at `path`."""
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = swapped(copy[path[0]], path[1:], value)
    return copy


@quick
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=3))
def test_swapped_values_are_read_or_refused(swaps: list[tuple[tuple[Any, ...], Any]]) -> None:
    """Any value in any place of the default ruleset: never another error, never slow."""
    tree: Any = TREE
    for path, value in swaps:
        try:
            tree = swapped(tree, path, value)
        except (KeyError, IndexError, TypeError, ValueError):  # a swap before took the place away
            continue
    try:
        raw = msgspec.json.encode(tree)
    except (UnicodeEncodeError, OverflowError):
        return
    judged(raw)


@quick
@given(st.integers(0, len(RULES)), st.integers(0, 200), st.binary(max_size=12))
def test_cut_and_overwritten_text_is_read_or_refused(at: int, less: int, more: bytes) -> None:
    """Any cut, any bytes in between, the rest left out or not."""
    judged(RULES[:at])
    judged(RULES[:at] + more + RULES[at + less :])


@settings(quick, max_examples=300)
@given(EXPRESSION)
def test_expressions_are_taken_or_refused(when: str) -> None:
    """Any string of CEL's own words: what is taken can be asked without another error."""
    report = Report(lambda _: 1)
    begun = time.process_time()
    check_condition(report, ("when",), when, ("order",))
    assert time.process_time() - begun < SECONDS_MAX
    if not report.count:
        assert isinstance(cel.compile(when), cel.Program)
