"""Which rulesets were in force here, what each changed, how soon it decided (RULE-2, RULE-4)."""

from typing import Any, Final

import msgspec

from edge.app.ports import Reader
from edge.app.sandbox import Sandbox, SandboxReport
from edge.domain.model import Box, RulesetHistory, RulesetRecord
from edge.domain.model.site import Push
from edge.domain.refusals import RefusedError
from edge.domain.rules import diff_documents

CHANGES_MAX: Final = 300


class PushRow(msgspec.Struct, frozen=True):
    """A ruleset that came into force; times are µs UTC, null where there is none."""

    label: str
    signed_by: str
    issued_at: int | None
    received_at: int
    first_at: int | None
    took_us: int | None
    """From its publication (or, without one, its receipt) to the first order decided by it."""
    back: bool
    """It was brought back by a roll-back."""


class ChangeRow(msgspec.Struct, frozen=True):
    """A part of a ruleset that differs; of parts with many values only the name is told."""

    part: str
    path: str
    before: Any
    after: Any


class RulesView(msgspec.Struct, frozen=True):
    """The ruleset in force, the one that a roll-back leads to, and how it came to this."""

    rules: str
    back_to: str | None
    pushes: list[PushRow]
    changes: list[ChangeRow]
    """What the ruleset in force changed about the one of `back_to`."""
    changes_more: int


class RuleBook:
    """Reads the rulesets of this box."""

    def __init__(self, reader: Reader, sandbox: Sandbox) -> None:
        self._reader = reader
        self._sandbox = sandbox

    async def read(self) -> RulesView:
        """Return what is in force, and what was."""
        async with self._reader.snapshot() as held:
            box = await held.doc(Box, "box")
            history = await held.doc(RulesetHistory, "box")
            assert isinstance(box, Box)
            known = history if isinstance(history, RulesetHistory) else RulesetHistory(id="box")
            back_to = known.before[-1] if known.before else ""
            before = await held.doc(RulesetRecord, back_to) if back_to else None
            active = await held.doc(RulesetRecord, box.rules)
        changes = []
        if isinstance(before, RulesetRecord) and isinstance(active, RulesetRecord):
            changes = diff_documents(before.document, active.document)
        return RulesView(
            rules=box.rules,
            back_to=back_to or None,
            pushes=[_push_row(each) for each in reversed(known.pushes)],
            changes=[
                ChangeRow(each.path.partition(".")[0].partition("[")[0], each.path,
                          _brief(each.before), _brief(each.after))
                for each in changes[:CHANGES_MAX]
            ],
            changes_more=max(0, len(changes) - CHANGES_MAX),
        )  # fmt: skip

    async def try_back(self) -> SandboxReport:
        """Return what a roll-back would change about this floor's newest orders.

        Raises:
            RefusedError: `no_ruleset_before`.
        """
        view = await self.read()
        record = await self._reader.doc(RulesetRecord, view.back_to) if view.back_to else None
        if not isinstance(record, RulesetRecord):
            raise RefusedError("no_ruleset_before", rules=view.rules)
        return await self._sandbox.run(record.document, [])


def _push_row(push: Push) -> PushRow:
    since_us = push.issued_us or push.received_us
    return PushRow(
        label=push.label,
        signed_by=push.signed_by,
        issued_at=push.issued_us or None,
        received_at=push.received_us,
        first_at=push.first_us or None,
        took_us=push.first_us - since_us if push.first_us else None,
        back=push.back,
    )


def _brief(value: Any) -> Any:  # noqa: ANN401 - a value of a document
    """Return a value that fits into a line: itself, or the name of what it is."""
    if not isinstance(value, dict):
        return value if not isinstance(value, list | tuple) else [_brief(each) for each in value]
    name = value.get("name", value)
    if isinstance(name, dict) and {"zh", "en"} <= name.keys():
        return {"zh": name["zh"], "en": name["en"]}
    return str(value.get("id") or value.get("code") or (name if isinstance(name, str) else "…"))
