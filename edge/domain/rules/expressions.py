"""Expressions of a ruleset: what the engine lets pass, and the floor does not.

The engine compiles unknown names, ill-typed terms and costly patterns without a word. So names are
held to the vocabulary, types are tried on generated contexts, and cost is bounded by what may be
written at all.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any, Final

from edge.domain import celengine as cel
from edge.domain.rules.problems import Path, Report
from edge.domain.rules.vocabulary import FUNCTIONS, MACROS, OPERATORS, VOCABULARY, Term

CHARS_MAX: Final = 500
MACROS_MAX: Final = 4
NESTED_MAX: Final = 1
NESTED_ITEMS_MAX: Final = 200
"""Longest list that an expression with a nested macro is asked about: 40,000 steps."""
TRIES_MAX: Final = 96
"""Contexts that an expression is tried on."""
FAILURES: Final = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""What the engine raises where an expression cannot be answered."""

_LITERAL: Final = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
_MACRO: Final = rf"\.\s*(?:{'|'.join(MACROS)})\s*\("
_PARENS: Final = re.compile(rf"{_MACRO}|[()]")
_BOUND: Final = re.compile(rf"{_MACRO}\s*(\w+)\s*,")
_MEMBER: Final = re.compile(r"(\w+)\s*\.\s*(\w+)(?!\w)(?!\s*\()")
_NUMBER: Final = re.compile(r"(?<![\w.])\d{1,15}(?![\w.])")
_COMPARED: Final = re.compile(
    r"(\w+)\s*\.\s*(\w+)\s*(?:==|!=)\s*(''|\d+\b|true\b|false\b)"
    r"|(''|\d+\b|true\b|false\b)\s*(?:==|!=|in\b)\s*(\w+)\s*\.\s*(\w+)(?!\s*[.(\[])"
)
_FORBIDDEN: Final = (
    (re.compile(r"//"), "comment"),
    (re.compile(r"\w''|''''"), "quotes"),
    (re.compile(r"(?<!\bin)(?<=[\w\])])\[\s*''"), "brackets"),
    (re.compile(r"[{}]"), "maps"),
    (re.compile(r"\d\.\d|\d[eE][-+]?\d|\d[uU]"), "fractions"),
)
_OVERLOAD: Final = "No such overload"
"""Begins what the engine says of an operation on values that do not fit it."""
_TYPE_OF: Final = {"'": "text", "t": "bool", "f": "bool"}


def check_condition(report: Report, path: Path, text: str, variables: tuple[str, ...]) -> None:
    """Report what keeps `text` from being a condition over `variables` (of the vocabulary)."""
    if not text.strip() or len(text) > CHARS_MAX:
        which = "long" if text.strip() else "empty"
        report.fault(path, f"expression_size.{which}", most=CHARS_MAX)
        return
    try:
        program = cel.compile(text)
    except ValueError as error:
        report.fault(path, "expression_syntax", said=_syntax(str(error)))
        return
    bare = _LITERAL.sub("''", text)
    before = report.count
    _check_form(report, path, bare)
    _check_names(report, path, bare, program, variables)
    _check_comparisons(report, path, bare, variables)
    if report.count == before:
        _try(report, path, text, program, variables)


def asked_names(text: str, variable: str) -> tuple[str, ...]:
    """Return the fields of `variable` that an expression asks about, sorted."""
    members = _MEMBER.findall(_LITERAL.sub("''", text))
    return tuple(sorted({name for owner, name in members if owner == variable}))


def is_nested(text: str) -> bool:
    """Tell whether a macro stands inside another one."""
    return _depth(_LITERAL.sub("''", text)) > 1


def _syntax(message: str) -> str:
    """Return what the compiler says, without the expression that it repeats."""
    said = message.rpartition("ERROR: ")[2].partition("\n")[0]
    return said.removeprefix("<input>:") or message.partition("\n")[0]


def _check_form(report: Report, path: Path, bare: str) -> None:
    for pattern, what in _FORBIDDEN:
        if pattern.search(bare):
            report.fault(path, f"expression_form.{what}")
    if len(re.findall(_MACRO, bare)) > MACROS_MAX or _depth(bare) > 1 + NESTED_MAX:
        report.fault(path, "expression_cost", most=MACROS_MAX)


def _depth(bare: str) -> int:
    """Return how deep macros stand in one another."""
    deepest, stack = 0, [False]
    for found in _PARENS.finditer(bare):
        if found[0] == ")":
            if len(stack) > 1:
                stack.pop()
        else:
            stack.append(found[0] != "(")
            deepest = max(deepest, sum(stack))
    return deepest


def _check_names(
    report: Report, path: Path, bare: str, program: cel.Program, variables: tuple[str, ...]
) -> None:
    bound = set(_BOUND.findall(bare))
    for name in sorted(bound & set(variables)):
        report.fault(path, "unknown_name.taken", name=name)
    references = program.references()
    for name in sorted(set(references["variables"]) - set(variables) - bound):
        report.unknown(path, "name", name, variables)
    for name in sorted(set(references["functions"]) - OPERATORS - FUNCTIONS.keys()):
        report.unknown(path, "function", name, FUNCTIONS.values())
    fields = {variable: {term.name for term in VOCABULARY[variable]} for variable in variables}
    inner = {each.name for v in variables for term in VOCABULARY[v] for each in term.items}
    for owner, name in _MEMBER.findall(bare):
        known = fields.get(owner) or (inner if owner in bound else {name})
        if name not in known:
            report.unknown(path, "name", f"{owner}.{name}", {f"{owner}.{each}" for each in known})


def _check_comparisons(report: Report, path: Path, bare: str, variables: tuple[str, ...]) -> None:
    """`order.type == 3` is false to the engine, and a mistake to everybody else."""
    terms = {(v, term.name): term.type for v in variables for term in VOCABULARY[v]}
    for owner, name, right, left, owner2, name2 in _COMPARED.findall(bare):
        kind = terms.get((owner or owner2, name or name2))
        if kind is None:
            continue
        literal = right or left
        has = _TYPE_OF.get(literal[0], "int")
        wants = "text" if kind == "texts" else kind
        if has != wants or (kind == "texts" and right):
            asked = f"{owner or owner2}.{name or name2}"
            report.fault(path, "expression_type.compared", name=asked, kind=kind, has=has)


def _try(
    report: Report, path: Path, text: str, program: cel.Program, variables: tuple[str, ...]
) -> None:
    for facts in contexts(text, variables):
        context = cel.Context()
        for name, value in facts.items():
            context.add_variable(name, value)
        try:
            answer = program.execute(context)
        except FAILURES as error:
            said = str(error).partition("\n")[0]
            which = "absent" if isinstance(error, KeyError) else "fails"
            which = "operands" if said.startswith(_OVERLOAD) else which
            report.fault(path, f"expression_type.{which}", said=said, shown=_shown(facts, text))
            return
        if not isinstance(answer, bool):
            report.fault(path, "expression_type.answer", got=type(answer).__name__)
            return


def _shown(facts: dict[str, Any], text: str) -> str:
    used = set(_MEMBER.findall(_LITERAL.sub("''", text)))
    shown = [
        f"{owner}.{name} = {facts[owner][name]!r}" if name in facts[owner] else f"no {owner}.{name}"
        for owner, name in sorted(used)
        if owner in facts
    ]
    return ", ".join(shown)


def contexts(text: str, variables: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield contexts on which `text` is tried: at most `TRIES_MAX`, the same ones every time.

    Each field that it uses takes each of its values, in combination with others': booleans both,
    numbers and texts those that the expression names and their neighbours, lists empty and filled,
    optional fields absent too.
    """
    texts = ["", *(found[1:-1] for found in _LITERAL.findall(text)), "other"]
    ints = sorted({near for n in _NUMBER.findall(text) for near in (int(n) - 1, int(n), int(n) + 1)}
                  | {0, 1, 7})  # fmt: skip
    used = set(_MEMBER.findall(_LITERAL.sub("''", text)))
    axes = [
        (variable, term, _values(term, texts, ints))
        for variable in variables
        for term in VOCABULARY[variable]
        if (variable, term.name) in used
    ]
    plain = {v: {t.name: _values(t, texts, ints)[-1] for t in VOCABULARY[v]} for v in variables}
    for picked in _spread([values for _, _, values in axes]):
        facts = {variable: dict(fields) for variable, fields in plain.items()}
        for (variable, term, _), value in zip(axes, picked, strict=True):
            if value is None:
                facts[variable].pop(term.name)
            else:
                facts[variable][term.name] = value
        yield facts


def _spread(axes: list[list[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield combinations: all of them, or so many that lie evenly among them."""
    total = 1
    for values in axes:
        total *= len(values)
    if total <= TRIES_MAX:
        yield from itertools.product(*axes)
        return
    for n in range(TRIES_MAX):
        at = n * total // TRIES_MAX + n
        picked = []
        for values in axes:
            at, rest = divmod(at, len(values))
            picked.append(values[rest])
        yield tuple(picked)


def _values(term: Term, texts: list[str], ints: list[int]) -> list[Any]:
    match term.type:
        case "bool":
            values: list[Any] = [False, True]
        case "int":
            values = list(ints)
        case "text":
            values = list(texts)
        case "texts":
            values = [[], list(texts), ["other"]]
        case "items":
            rows = zip(*(_values(each, texts, ints) for each in term.items), strict=False)
            names = [each.name for each in term.items]
            filled = [dict(zip(names, row, strict=True)) for row in rows]
            values = [[], filled, filled[-1:]]
    return [None, *values] if term.optional else values
