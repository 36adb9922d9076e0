"""The box's side of the hub link: a journal to read from, a door for instructions."""

from collections.abc import Awaitable, Callable

import msgspec

from edge.app.floor import Floor
from edge.app.ports import Head, Reader
from edge.app.reads import Reads
from edge.domain.commands import InstructionAccept
from edge.domain.ids import derived_id
from sync.api import Instruction


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

    async def accept(self, instruction: Instruction) -> None:
        """Return once an instruction is journalled: carried out, refused or set aside."""
        data = InstructionAccept(
            dseq=instruction.dseq,
            instruction_kind=instruction.kind,
            issued_at=instruction.issued_at,
            body=instruction.body,
        )
        outcome = await self._floor.insist(data, via="hub", command_id=instruction.id, actor="hub")
        if not outcome.answer.ok:
            # An id that was used before, or a fault of ours: on record for a person, and the next
            # instruction must come. Its kind is one that no handler knows, so it is set aside.
            why = msgspec.structs.replace(data, instruction_kind=outcome.answer.code, body={})
            spare_id = derived_id("set aside", instruction.id, str(instruction.dseq))
            await self._floor.insist(why, via="hub", command_id=spare_id, actor="hub")

    def rules(self) -> str:
        """Return the label of the active ruleset."""
        return self._rules()

    async def pin_hub(self, hub_key: bytes) -> None:
        """Return once the hub's key is stored for good."""
        await self._pin(hub_key)
