"""What a person at a shell is told has both languages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TELLS = {"say", "fail"}
"""What prints a line; the text it is given comes from `worded`, or is the same in any language."""
WORD = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
"""Two words of English: what a table, a name or a mark has not."""
SAME = {"serving {}", "hub at {}", "{} => floorgate doctor --fix"}
"""What whoever started a service reads of it, and commands."""
DEVELOPERS = {"bench.py", "demo.py", "docs.py", "fake_printers.py", "labels.py", "orders.py"}
"""Verbs of whoever builds Floorgate or an order hub; the run-book names none of them."""


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """Yield place and text of each line that a file prints in English alone."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in TELLS and call.args:
            text = _literal(call.args[0])
            if WORD.search(text) and text not in SAME:
                yield f"{path.name}:{call.lineno}", text


def _literal(node: ast.expr) -> str:
    """Return what stands in a text as it is, with `{}` for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_literal(each) for each in node.values)
    return "{}"


def test_no_verb_of_the_run_book_prints_a_line_in_english_alone() -> None:
    """`say` and `fail` get their texts from `worded`, which needs both (OPS-3).

    An error's two texts are demanded by the types: `ToldError(en, zh)`.
    """
    verbs = sorted((ROOT / "edge" / "cli").glob("*.py"))
    found = [each for path in verbs if path.name not in DEVELOPERS for each in _texts(path)]
    assert found == []
    assert len(verbs) - len(DEVELOPERS) > len(DEVELOPERS)
