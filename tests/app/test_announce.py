"""A running box is found by a stranger's DNS-SD browser (DEV-6)."""

import asyncio
import gc
import hashlib
import ssl
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from drivers.api import DriverError, announce_box
from edge import finding
from edge.bootstrap import BoxProcess
from edge.sim.virtual_loop import VirtualLoop, run_virtually
from tests.demo.process import free_base
from tests.drivers.discovery.peers import avahi, process, tool
from tests.rig import config

BOX = "announced-7"
WAIT_S = 60.0
WITHDRAW_S_MAX = 10.0
MOMENTS = 16
MOMENT_S = 0.1
"""Sixteen of them are longer than it takes to look whether a name is free, and to announce it."""


def test_a_box_that_is_up_before_its_network_is_announced_later() -> None:
    """Without a network it is tried again; where the name is taken nothing more can be done."""

    class Service:
        def __init__(self, *answers: DriverError | None) -> None:
            self.answers = list(answers)

        async def start(self) -> None:
            if error := self.answers.pop(0):
                raise error

        async def stop(self) -> None:
            """Do nothing."""

    away = DriverError("announce", "box", "it has no address", "", is_retryable=True)
    late, taken = Service(away, away, None), Service(DriverError("announce", "box", "taken", ""))

    async def main(loop: VirtualLoop) -> float:
        await finding.announce(taken)
        await finding.announce(late)
        return loop.time()

    assert run_virtually(main) == 2 * finding.ANNOUNCE_AGAIN_S
    assert late.answers == []


async def test_a_served_box_is_in_the_neighbourhood(tmp_path: Path) -> None:
    """avahi-browse reads its port, its id and the fingerprint of its authority (DEV-6)."""
    port, file = free_base(), tmp_path / "floorgate.toml"
    file.write_text(
        f'data = "{tmp_path / "box"}"\n[box]\nid = "{BOX}"\nname = "一号仓"\n'
        f'[http]\nhost = "127.0.0.1"\nport = {port}\n[discovery]\nsources = []\n'
    )
    async with avahi(tmp_path) as responder:
        with process(sys.executable, "-m", "edge", "serve", "--config", str(file)):
            browser = responder.run(tool("avahi-browse"), "-rp", "_floorgate._tcp")
            assert browser.stdout is not None
            async with asyncio.timeout(WAIT_S):
                while f'"id={BOX}"'.encode() not in (
                    line := await asyncio.to_thread(browser.stdout.readline)
                ):
                    assert line, "avahi-browse ended"
    pem = (tmp_path / "box" / "tls" / "ca.pem").read_text()
    mark = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    assert f"127.0.0.1;{port}".encode() in line
    assert f'"fp={mark}"'.encode() in line


async def test_an_announcement_is_withdrawn_at_any_moment() -> None:
    """Whatever it was doing, a box that stops does not wait for it, and nothing of it goes on."""

    async def at(moment: int) -> None:
        service = announce_box(f"{BOX}-{moment}", "b", 4433, "", ("127.0.0.1",))
        announcing = asyncio.create_task(finding.announce(service))
        await asyncio.sleep(moment * MOMENT_S)  # the moments are of a protocol with real delays
        async with asyncio.timeout(WITHDRAW_S_MAX):
            await finding.withdraw(service, announcing)
        assert announcing.done()

    await asyncio.gather(*map(at, range(MOMENTS)))


async def test_an_announcement_that_is_withdrawn_at_once_complains_of_nothing() -> None:
    """What it waited for is over, and nobody is told of an error that is none (OPS-3)."""
    complaints: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
    for turns in range(8):
        service = announce_box(BOX, "b", 4433, "", ("127.0.0.1",))
        announcing = asyncio.create_task(finding.announce(service))
        for _ in range(turns):
            await asyncio.sleep(0)
        await finding.withdraw(service, announcing)
        del service, announcing
    gc.collect()
    loop.set_exception_handler(None)
    assert complaints == []


async def test_a_second_word_to_stop_is_no_error(tmp_path: Path) -> None:
    """Ctrl-C and a SIGTERM behind it: the part that was closing is given up, and it is said so."""
    box, closed = BoxProcess(config(tmp_path)), asyncio.Event()
    await box.open()
    box._closing += [closed.set, asyncio.Event().wait]
    with capture_logs() as said:
        closing = asyncio.create_task(box.close())
        await asyncio.sleep(0)
        closing.cancel()
        await closing
    told = [(each["log_level"], "exc_info" in each) for each in said if "not closed" in str(each)]
    assert (told, closed.is_set()) == ([("warning", False)], True)


@pytest.mark.parametrize("turns", range(1, 6))
async def test_an_announcement_that_hardly_began_is_withdrawn_by_who_is_cancelled(
    turns: int,
) -> None:
    """A service that is told to stop right after its start closes all that it has."""

    async def serve() -> None:
        service = announce_box(BOX, "b", 4433, "", ("127.0.0.1",))
        announcing = asyncio.create_task(finding.announce(service))
        try:
            await asyncio.Event().wait()
        finally:
            await finding.withdraw(service, announcing)
            ends.append(announcing.done())

    ends: list[bool] = []
    serving = asyncio.create_task(serve())
    for _ in range(turns):
        await asyncio.sleep(0)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert ends == [True]
