"""A supervisor who looks in now and then, and signs what waits for a decision."""

import asyncio
from random import Random
from typing import Final

from edge.app.approvals import Approvals, Signing
from edge.app.sessions import SignIn
from edge.demo.sample import Login
from edge.domain.approving import REFER
from edge.domain.model import Approval
from edge.sim.box import Life
from edge.sim.chance import SimClock, SimIds
from edge.sim.floor import Wire

LOOK_S: Final = 6.0
DEVICE: Final = "PDA-9"


class Superior:
    """Decides every approval by chance, over a `Wire` that may lose or double what is said."""

    def __init__(
        self, wire: Wire, login: Login, clock: SimClock, ids: SimIds, random: Random
    ) -> None:
        self._wire = wire
        self._login = login
        self._clock = clock
        self._ids = ids
        self._random = random
        self._is_stopping = False

    def stop(self) -> None:
        """Go home."""
        self._is_stopping = True

    async def run(self) -> None:
        """Look in until stopped."""
        while not self._is_stopping:
            await asyncio.sleep(LOOK_S)
            await self._wire.ask(self._look, lambda _: None)

    async def _look(self, life: Life) -> None:
        if not await life.reader.find(Approval, "role:supervisor", "due", 1):
            return
        login = self._login
        _, token = await life.sessions.sign_in(SignIn(login.badge, login.pin, DEVICE))
        session = await life.sessions.recognise(token) if token else None
        if session is None:
            return
        desk = Approvals(life.floor, life.sessions, self._clock)
        for view in await life.reads.approvals(session):
            answers = [each.answer for each in view.answers if each.answer != REFER]
            signing = Signing(
                id=self._ids.new_id(),
                badge=login.badge,
                pin=login.pin,
                facts_hash=view.facts_hash,
                answer=self._random.choice(answers),
            )
            await desk.decide(session, view.id, signing)
