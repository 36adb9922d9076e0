"""The box's side of the hub link: a journal to read from, a door for instructions."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from edge.app.floor import Floor
from edge.app.ports import Head, Reader
from edge.app.reads import Reads
from edge.domain.commands import InstructionAccept
from edge.domain.decide import Answer
from edge.domain.ids import derived_id
from sync.api import Instruction

EARLY: Final = "instruction_early"
"""Refusal of an instruction whose turn has not come."""


class HubJournal:
    """What the hub agent needs of the box (`sync.api.BoxJournal`)."""

    def __init__(
        self,
        floor: Floor,
        reader: Reader,
        *,
        head: Callable[[], Head],
        rules: Callable[[], str],
        pin: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self._floor = floor
        self._reader = reader
        self._reads = Reads(reader)
        self._head = head
        self._rules = rules
        self._pin = pin

    def head(self) -> tuple[int, int]:
        """Return epoch and number of the newest durable entry."""
        head = self._head()
        return head.epoch, head.seq

    async def read(self, after_seq: int, n: int) -> tuple[bytes, list[bytes]]:
        """Return the hash of entry `after_seq`, and up to `n` raw entries behind it."""
        return await self._reader.entries(after_seq, n)

    async def down_cursor(self) -> int:
        """Return the newest instruction that is journalled."""
        return (await self._reads.box()).dseq

    async def accept(self, instructions: Sequence[Instruction]) -> None:
        """Return once instructions are journalled, in their order: carried out, refused, set aside.

        They are handed over together, so that they share a commit. The law takes none before its
        turn: what comes behind one that failed is sent again when that one is on record.
        """
        sent = (self._send(each, each.id) for each in instructions)
        for instruction, answer in zip(instructions, await asyncio.gather(*sent), strict=True):
            if not answer.ok:
                await self._mend(instruction, answer.code)

    async def _send(self, instruction: Instruction, command_id: str) -> Answer:
        data = InstructionAccept(
            dseq=instruction.dseq,
            instruction_kind=instruction.kind,
            issued_at=instruction.issued_at,
            body=instruction.body,
        )
        outcome = await self._floor.insist(data, via="hub", command_id=command_id, actor="hub")
        return outcome.answer

    async def _mend(self, instruction: Instruction, code: str) -> None:
        """Have an instruction taken whose turn has come, or put on record that it cannot be.

        An id that was used before, or a fault of ours, is set aside for a person, and the next
        instruction must come: its kind becomes one that no handler knows.
        """
        if code == EARLY:
            answer = await self._send(instruction, instruction.id)
            if answer.ok:
                return
            code = answer.code
        aside = msgspec.structs.replace(instruction, kind=code, body={})
        spare_id = derived_id("set aside", instruction.id, str(instruction.dseq))
        await self._send(aside, spare_id if code == "id_reused" else instruction.id)

    def rules(self) -> str:
        """Return the label of the active ruleset."""
        return self._rules()

    async def pin_hub(self, hub_key: bytes) -> None:
        """Return once the hub's key is stored for good."""
        await self._pin(hub_key)
