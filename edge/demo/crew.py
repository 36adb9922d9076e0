"""The bots of a demo: their badges, their eyes at the printers, and starting and stopping them."""

import asyncio
import ssl
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, Protocol

import msgspec

from drivers.api import Raster
from edge.demo.bot import Bot, Manner, PackerBot, PickerBot, Tally
from edge.demo.client import HttpFloor
from edge.demo.sample import SALT_BYTES, Login, badge_hash, pin_verifier

BOTS_MAX: Final = 50
TOTES_PER_PICKER: Final = 200
LABELS_MAX: Final = 500
"""Fresh labels whose text is kept, and that wait to be read."""
COPIES_MAX: Final = 200_000
"""Copies remembered, to find one that came out twice."""
STOP_S: Final = 0.5
CLUSTER_MAX: Final = 3
EYE: Final = Login("BOT-EYE", "@B:7900", "790000", ("leader",))
"""Who looks at the floor for the demo page and the summary: a shift leader who touches nothing."""
FITTER: Final = Login("BOT-FIT", "@B:7901", "790100", ("supervisor",))
"""Who puts the printers to use."""


STICKER: Final = "@D:"
"""Begins the code of a printer's test label."""


class Label(Protocol):
    """A label that came out of a virtual printer."""

    @property
    def n(self) -> int:
        """Its number at this printer."""

    @property
    def at_s(self) -> float:
        """When it came out, s since 1970."""

    @property
    def raster(self) -> Raster:
        """What is on it."""

    @property
    def png(self) -> bytes:
        """The same as a picture."""


class Member(msgspec.Struct, frozen=True):
    """One bot: who it is to the hub, and how it signs in."""

    login: Login
    zh: str
    en: str

    def body(self, salt: bytes) -> dict[str, Any]:
        """Return the record that the hub sends to its boxes."""
        return {
            "id": self.login.person,
            "name": {"zh": self.zh, "en": self.en},
            "roles": list(self.login.roles),
            "badge_hash": badge_hash(self.login.badge),
            "pin": pin_verifier(self.login.pin, salt),
            "active": True,
        }


def members(role: str, count: int) -> list[Member]:
    """Return `count` bots that are pickers or packers."""
    assert 0 <= count <= BOTS_MAX
    zh, digit = {"picker": ("拣货机器人", 7), "packer": ("打包机器人", 8)}[role]
    found = []
    for n in range(1, count + 1):
        number = f"{digit}1{n:02d}"
        login = Login(f"BOT-{number}", f"@B:{number}", f"{number}00", (role,))
        found.append(Member(login, f"{zh} {n}", f"Bot {role} {n}"))
    return found


def people(pickers: int, packers: int, seed: int) -> list[dict[str, Any]]:
    """Return the records of all bots, of the demo's eye and of its fitter."""
    random = Random(seed)  # noqa: S311 - made-up people
    everyone = [*members("picker", pickers), *members("packer", packers)]
    everyone.append(Member(EYE, "演示观察员", "Demo observer"))
    everyone.append(Member(FITTER, "安装员", "Installer"))
    return [member.body(random.randbytes(SALT_BYTES)) for member in everyone]


def read_label(raster: Raster) -> str:
    """Return the text of the label's QR code, "" where it cannot be read."""
    import numpy as np  # noqa: PLC0415 - loads when the first label comes out
    import zxingcpp  # noqa: PLC0415

    rows = np.frombuffer(raster.rows, np.uint8).reshape(raster.height, -1)
    white = 1 - np.unpackbits(rows, axis=1)[:, : raster.width]
    codes = zxingcpp.read_barcodes(
        np.ascontiguousarray(white * 255), formats=zxingcpp.barcode_formats_from_str("QRCode")
    )
    return next((code.text for code in codes if code.text.startswith(("FG1:", STICKER))), "")


class Camera:
    """Reads each label that comes out of the printers; called with a waybill, gives its text."""

    def __init__(self) -> None:
        self.printed = 0
        """Labels of parcels that came out."""
        self.duplicates = 0
        """Copies that came out more than once: must stay 0."""
        self.unreadable = 0
        self.stickers: dict[str, str] = {}
        """The code of each printer's newest test label, by device."""
        self._fresh: deque[Label] = deque(maxlen=LABELS_MAX)
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._copies: set[str] = set()
        self._lock = asyncio.Lock()

    def on_label(self, label: Label) -> None:
        """Take note of a label; the printers call this."""
        self.printed += 1
        self._fresh.append(label)

    async def __call__(self, waybill: str) -> str | None:
        """Return the text of the freshest label of `waybill`, None before it came out."""
        await self.look()
        return self._texts.get(waybill)

    async def look(self) -> None:
        """Read what came out since the last look."""
        async with self._lock:
            while self._fresh:
                await self._read(self._fresh.popleft())

    async def _read(self, label: Label) -> None:
        text = await asyncio.to_thread(read_label, label.raster)
        if not text:
            self.unreadable += 1
            return
        if text.startswith(STICKER):
            self.printed -= 1
            self.stickers[text.split(":")[1]] = text
            return
        self.duplicates += text in self._copies
        if len(self._copies) < COPIES_MAX:
            self._copies.add(text)
        waybill = text.split(":")[1]
        self._texts.pop(waybill, None)
        self._texts[waybill] = text
        if len(self._texts) > LABELS_MAX:
            self._texts.popitem(last=False)


class Crew:
    """Bots at work, through the address where PDAs find the box."""

    def __init__(
        self,
        url: str,
        tls: ssl.SSLContext,
        camera: Camera,
        stations: Sequence[str],
        *,
        say: Callable[[str], None],
        pace_s: float = 0.0,
        seed: int = 1,
    ) -> None:
        self.pace_s = pace_s
        self._url = url
        self._tls = tls
        self._camera = camera
        self._stations = stations
        self._say = say
        self._seed = seed
        self._bots: dict[Bot, asyncio.Task[None]] = {}
        self._floors: list[HttpFloor] = []
        self.failures = 0
        self._past: list[Tally] = []

    @property
    def size(self) -> int:
        """Bots at work."""
        return len(self._bots)

    @property
    def trouble(self) -> str:
        """Why bots reach nobody at this moment, "" where they do."""
        return next((floor.trouble for floor in self._floors if floor.trouble), "")

    def start(self, pickers: int, packers: int) -> None:
        """Let bots work until `stop`."""
        for place, member in enumerate(members("picker", pickers), start=1):
            floor = self._floor(member)
            totes = [f"T-{place}{n:03d}" for n in range(1, TOTES_PER_PICKER + 1)]
            bot: Bot = PickerBot(
                floor, member.login, totes, cluster_max=CLUSTER_MAX, manner=self._manner(place)
            )
            self._run(bot, floor)
        for place, member in enumerate(members("packer", packers)):
            floor = self._floor(member)
            station = self._stations[place % len(self._stations)]
            manner = self._manner(BOTS_MAX + place)
            self._run(PackerBot(floor, member.login, station, self._camera, manner=manner), floor)

    async def stop(self) -> None:
        """Let every bot end what it does at this moment; may be called any time."""
        bots, self._bots = self._bots, {}
        for bot in bots:
            bot.stop()
        if bots:
            _, late = await asyncio.wait(bots.values(), timeout=STOP_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        while self._floors:  # also those whose closing was cut short
            await self._floors.pop().close()
        self._past += [bot.tally for bot in bots]

    def tally(self) -> Tally:
        """Return what all bots did and were told, summed."""
        total = Tally(refusals=Counter())
        for tally in (*self._past, *(bot.tally for bot in self._bots)):
            for name in Tally.__slots__:
                if name != "refusals":
                    setattr(total, name, getattr(total, name) + getattr(tally, name))
            total.refusals.update(tally.refusals)
        return total

    def _floor(self, member: Member) -> HttpFloor:
        return HttpFloor(self._url, f"bot-{member.login.person.lower()}", tls=self._tls)

    def _manner(self, place: int) -> Manner:
        return Manner(pace_s=self.pace_s, random=Random(self._seed * 1_000 + place))  # noqa: S311

    def _run(self, bot: Bot, floor: HttpFloor) -> None:
        self._floors.append(floor)
        self._bots[bot] = asyncio.create_task(self._work(bot, floor))

    async def _work(self, bot: Bot, floor: HttpFloor) -> None:
        try:
            async with floor:
                await bot.run()
        except Exception as error:  # noqa: BLE001 - one bot's trouble is told, the others go on
            self.failures += 1
            self._say(f"a bot gave up: {type(error).__name__}: {error}")
