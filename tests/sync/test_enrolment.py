"""Who may link, and how the two sides come to trust each other."""

from typing import Any

import pytest

from sync.keys import public_key
from sync.transports.memory import Faults

OTHER_KEY = bytes(range(64, 96))


def test_first_contact_pins_both_keys_and_spends_the_token(kit: Any) -> None:
    """After the first contact only the pinned keys count, on both sides (SEC-4)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        agent = world.agent(journal)
        running = world.spawn(agent.run())
        await kit.until(lambda: agent.state.up)
        hub_key = public_key(kit.HUB_KEY)
        assert journal.pins == [hub_key]
        assert world.store.box("box-1").public_key == public_key(kit.BOX_KEY)
        running.cancel()
        again = world.agent(journal, token=None, hub_key=hub_key)
        world.spawn(again.run())
        await kit.until(lambda: again.state.up)
        assert world.store.box("box-1").token is None
        await world.stop()

    kit.run(work())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "guess"}, "bad_token"),
        ({"token": None}, "no_token"),
        ({"hub_key": public_key(OTHER_KEY)}, "hub_key"),
        ({"hub_key": public_key(bytes(range(32, 64)))}, "wrong_key"),
    ],
)
def test_first_contact_without_proof_is_refused(
    kit: Any, changes: dict[str, Any], code: str
) -> None:
    """A wrong token, none, a wrong hub, and a box that was never enrolled (SEC-4)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        agent = world.agent(journal, **changes)
        world.spawn(agent.run())
        await kit.until(lambda: agent.state.last_error != "")
        assert (agent.state.last_error, agent.state.up) == (code, False)
        assert journal.pins == []
        assert world.store.box("box-1").public_key is None
        await world.stop()

    kit.run(work())


def test_second_machine_cannot_use_a_spent_token(kit: Any) -> None:
    """A token works for one key; a new token lets a replacement in (SEC-4, SYNC-5)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        first = world.agent(journal)
        running = world.spawn(first.run())
        await kit.until(lambda: first.state.up)
        running.cancel()
        thief = world.agent(kit.Journal(), private_key=OTHER_KEY)
        running = world.spawn(thief.run())
        await kit.until(lambda: thief.state.last_error == "token_spent")
        running.cancel()
        await world.hub.enrol("box-1", "token-2")
        replacement = {"private_key": OTHER_KEY, "token": "token-2"}
        new = world.agent(kit.Journal(epoch=2), **replacement)
        world.spawn(new.run())
        await kit.until(lambda: new.state.up)
        assert world.store.box("box-1").public_key == public_key(OTHER_KEY)
        await world.stop()

    kit.run(work())


def test_lost_welcome_can_be_asked_for_again(kit: Any) -> None:
    """A box that lost the first welcome enrols by the same token and key again (SEC-4)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        world.faults = Faults(drop=0.5)
        agent = world.agent(journal)
        world.spawn(agent.run())
        await kit.until(lambda: world.store.box("box-1").public_key is not None, 3000)
        await kit.until(lambda: agent.state.up, 3000)
        assert set(journal.pins) == {public_key(kit.HUB_KEY)}
        await world.stop()

    kit.run(work())


def test_box_unknown_to_the_hub_is_refused(kit: Any) -> None:
    """A box that the hub has not enrolled gets a clear reason (SEC-4)."""

    async def work() -> None:
        world = kit.World(":memory:")
        agent = world.agent(kit.Journal())
        world.spawn(agent.run())
        await kit.until(lambda: agent.state.last_error == "unknown_box")
        assert agent.state.last_hint == "enrol it at the hub"
        await world.stop()

    kit.run(work())
