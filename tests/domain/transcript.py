"""What the requirement tests do, told for people: `make transcript`, or `python -m` this module.

It runs `test_req_*.py` and prints, requirement by requirement, what each test sends and what it
sees: refusals with their texts in both languages, and the effects that are on record.
"""

import re
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from edge.cli.words import LANGUAGES, refusal_lines
from edge.domain.commands import KINDS, InstructionAccept
from edge.domain.decide import Decision
from edge.domain.entries import Draft
from tests.domain.site import Site

HERE: Final = Path(__file__).parent
GROUPS: Final = ("flow", "pick", "gift", "frz", "appr", "rule", "ret", "prn", "aud")
NAME: Final = re.compile(rf"^test_({'|'.join(GROUPS)})_(\d+)_(\w+)")
NAMES: Final = {kind: name for name, kind in KINDS.items()}
QUIET: Final = frozenset(
    {"timer.armed", "timer.disarmed", "stock.moved", "task.made", "approval.signed",
     "session.opened", "ruleset.first_decided", "command.repeated", "account.counted"}
)  # fmt: skip
"""Kinds of entry that say nothing beside the others of the same decision."""
SHOWN: Final = (
    "code", "order", "from", "to", "category", "outcome", "kind", "answer", "label", "rule",
    "waybill", "grade", "mark", "priority", "sku", "qty", "location", "reason", "until",
)  # fmt: skip
"""Fields of an entry that a line shows."""
NOTHING: Final[tuple[Any, ...]] = (None, "", [], 0, -1)
"""Values that say nothing; an odometer that was not read is -1."""
WIDTH: Final = 34
REPEATS_MAX: Final = 2
"""A step that says what one of so many before it said is not told again."""
STEPS_MAX: Final = 14
"""Steps of one test that are shown, the last ones; the others are counted."""


def step(data: Any, actor: str, decision: Decision) -> str:
    """Return a decision in a few lines; nothing where it was a step like any other."""
    name = data.instruction_kind if isinstance(data, InstructionAccept) else NAMES[type(data)]
    code = decision.answer.code or decision.answer.facts.get("code", "")
    effects = [] if code else [effect(d) for d in decision.drafts if d.kind not in QUIET]
    if not code and not any("." in each for each in effects):
        return ""
    head = f"      {actor:<11} {name:<{WIDTH - 12}} "
    if not code:
        return head + f"\n{'':{len(head)}}".join(effects)
    facts = decision.answer.facts | next(
        (d.data["facts"] for d in decision.drafts if d.kind.startswith("instruction.")), {}
    )
    return f"{head}✗ {code}: {refused(code, facts)}"


def refused(code: str, facts: dict[str, Any]) -> str:
    """Return a refusal in both languages; of a malformed body, what is wrong with it."""
    if "by" in facts:
        facts = facts | {"by_name": facts["by"]}  # at the door the person's name stands there
    told = [refusal_lines(code, facts, language)[0] for language in LANGUAGES]
    problem = f" ({facts['problem']})" if facts.get("problem") else ""
    faults = [
        f"\n{'':20}{each['path']}: {each['text']['en']}" for each in facts.get("problems", ())
    ]
    return " / ".join(told) + problem + "".join(faults)


def effect(draft: Draft) -> str:
    """Return an entry as its kind and the fields that tell it from others."""
    shown = {k: draft.data[k] for k in SHOWN if draft.data.get(k) not in NOTHING}
    if draft.kind == "order.moved":
        return f"→ {draft.data['order']}: {draft.data['from']} → {draft.data['to']}"
    return f"→ {draft.kind} " + " ".join(f"{k}={v}" for k, v in shown.items() if k != "order")


class Told:
    """A plugin that listens to the floors of the tests, and tells it all in the end."""

    def __init__(self) -> None:
        self.pages: dict[tuple[int, int], list[str]] = {}
        self._steps: list[str] = []
        self._told: set[Any] = set()
        """Tests of which one case was told; the others are named."""
        decide = Site.decide

        def heard(site: Site, data: Any, **who: Any) -> Decision:
            decision = decide(site, data, **who)
            told = step(data, who.get("actor", "box"), decision)
            if told and told not in self._steps[-REPEATS_MAX:]:
                self._steps.append(told)
            return decision

        Site.decide = heard  # type: ignore[method-assign,assignment]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Tell a test, after it passed."""
        self._steps = []
        found = NAME.match(item.name)
        result = yield
        if found and isinstance(item, pytest.Function):
            group, number, name = found.groups()
            case = item.name.partition("[")[2].removesuffix("]")
            doc = " ".join((item.function.__doc__ or "").split())
            title = name.replace("_", " ") + (f" · {case}" if case else "")
            before = len(self._steps) - STEPS_MAX
            rest = [f"      … {before} steps before"] if before > 0 else []
            page = [f"  {title}"]
            if item.function not in self._told:
                page += [f"    {doc}", *rest, *self._steps[-STEPS_MAX:], ""]
            self._told.add(item.function)
            self.pages.setdefault((GROUPS.index(group), int(number)), []).extend(page)
        return result

    def text(self) -> str:
        """Return the whole transcript."""
        lines = []
        for (group, number), page in sorted(self.pages.items()):
            lines += [f"{GROUPS[group].upper()}-{number}", *page]
        return "\n".join(lines)


def main() -> int:
    """Run the tests and print what they did."""
    told = Told()
    files = [str(path) for path in sorted(HERE.glob("test_req_*.py"))]
    code = pytest.main(["-qq", "--no-header", "-p", "no:cacheprovider", *files], plugins=[told])
    print(told.text())  # noqa: T201 - this is what it is for
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
