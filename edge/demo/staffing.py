"""The demo's people come in as at any new site: nobody has a password to begin with.

The first admin comes in by the code of the box's console, takes the others in, and has the box make
their badges. Each badge is read off the card that the box prints, and each first PIN is replaced at
the first sign-in. Who they are then, for the demo's user, stands beside the demo's data.
"""

import asyncio
import ssl
import sys
import uuid
from asyncio.subprocess import PIPE
from typing import Any, Final

import msgspec

from edge.demo.caller import Caller
from edge.demo.client import envelope
from edge.demo.floor import Json
from edge.demo.sample import DemoFloor, Login
from edge.demo.site import DemoError, Site

REQUEST_S: Final = 20.0
ADMIN: Final = "admin"
BADGE: Final = "@B:"
OFFICE: Final = "demo-office"
FIRST: Final = "demo-first-day"
"""Where people sign in for the first time."""


async def take_in(floor: DemoFloor, site: Site, tls: ssl.SSLContext) -> DemoFloor:
    """Return the floor with its people as they really are at the box; taken in where they are not.

    Raises:
        DemoError: the box refused one of the steps.
    """
    kept = site.mark("people.json")
    if not kept.exists():
        async with _Office(site, tls) as office:
            logins = await office.staff(floor)
        kept.touch(mode=0o600)
        kept.write_bytes(msgspec.json.encode(logins))
    logins = msgspec.json.decode(kept.read_bytes(), type=tuple[Login, ...])
    people = tuple(
        {"id": login.person, "name": person["name"]}
        for login, person in zip(logins, floor.people, strict=True)
    )
    return msgspec.structs.replace(floor, people=people, logins=logins)


class _Office(Caller):
    """The admin's desk: a client of the box that takes people in."""

    def __init__(self, site: Site, tls: ssl.SSLContext) -> None:
        super().__init__(REQUEST_S, tls)
        self._site = site
        self._session: Json = {}

    async def staff(self, floor: DemoFloor) -> list[Login]:
        """Let the admin in, then everybody else; return how each signs in."""
        named = list(zip(floor.logins, floor.people, strict=True))
        first = next(pair for pair in named if ADMIN in pair[0].roles)
        self._site.badges.mkdir(exist_ok=True)
        admin = await self._first_admin(*first)
        self._session = await self._sign_in(admin.badge, admin.pin)
        found = [
            admin if login == first[0] else await self._newcomer(login, person["name"])
            for login, person in named
        ]
        await self._sign_out(self._session)
        return found

    async def _first_admin(self, login: Login, person: Json) -> Login:
        code = await self._console_code()
        names = {"name_zh": person["name"]["zh"], "name_en": person["name"]["en"]}
        claim = {"code": code, "pin": login.pin, **names}
        issued = await self._post("first-admin", claim)
        return await self._badged(issued, login)

    async def _console_code(self) -> str:
        """Ask for the admin's code on the box's console."""
        command = (sys.executable, "-m", "edge", "admin", "code", "--json")
        console = await asyncio.create_subprocess_exec(
            *command, "--data", str(self._site.box_data), stdout=PIPE, stderr=PIPE
        )
        said, wrong = await console.communicate()
        if console.returncode:
            raise DemoError(wrong.decode())
        return str(msgspec.json.decode(said)["code"])

    async def _newcomer(self, login: Login, name: Json) -> Login:
        """Take somebody in, make their badge, and sign them in once with a PIN of their own."""
        data = {"person": login.person, "roles": login.roles}
        await self._do("person.add", data | {"name_zh": name["zh"], "name_en": name["en"]})
        issued = await self._post(f"people/{login.person}/badge", {"id": str(uuid.uuid4())})
        badged = await self._badged(issued, login)
        await self._sign_out(await self._sign_in(badged.badge, issued["pin"], login.pin))
        return badged

    async def _badged(self, issued: Json, login: Login) -> Login:
        """Keep the card that the box printed, and read the badge off it."""
        at = f"{self._site.box_url}/api/v1/badges/{issued['ticket']}"
        for kind in ("png", "pdf"):
            async with self._http.get(f"{at}.{kind}") as card:
                path = self._site.badges / f"{login.person}.{kind}"
                path.touch(mode=0o600)
                path.write_bytes(await card.read())
        picture = self._site.badges / f"{login.person}.png"
        badge = await asyncio.to_thread(_read, picture.read_bytes())
        return login._replace(person=issued["person"], badge=badge)

    async def _sign_in(self, badge: str, pin: str, new_pin: str = "") -> Json:
        device = FIRST if new_pin else OFFICE
        body = {"badge": badge, "pin": pin, "device": device}
        more = {"new_pin": new_pin} if new_pin else {}
        answer = await self._post("session", body | more)
        return dict(answer["session"]) | {"token": answer["token"]}

    async def _sign_out(self, session: Json) -> None:
        headers = {"Authorization": f"Bearer {session['token']}"}
        async with self._http.delete(f"{self._site.box_url}/api/v1/session", headers=headers):
            pass

    async def _do(self, kind: str, data: Json) -> None:
        command = envelope(kind, data, OFFICE, self._session)
        [answer] = await self._post("commands", [command])
        if not answer["ok"]:
            raise DemoError(f"{kind}: {answer['code']} {answer.get('facts', '')}")

    async def _post(self, path: str, body: Any) -> Any:  # noqa: ANN401 - any JSON
        token = self._session.get("token")
        headers = {"Authorization": f"Bearer {token}"} if token and path != "session" else {}
        url = f"{self._site.box_url}/api/v1/{path}"
        async with self._http.post(url, json=body, headers=headers) as response:
            answer = msgspec.json.decode(await response.read())
        if isinstance(answer, dict) and not answer["ok"]:
            raise DemoError(f"{path}: {answer['code']} {answer.get('facts', '')}")
        return answer


def _read(png: bytes) -> str:
    """Return the code of the badge on a card, as a scanner does."""
    import cv2  # noqa: PLC0415 - a second to load
    import numpy as np  # noqa: PLC0415
    import zxingcpp  # noqa: PLC0415

    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    found = [code.text for code in zxingcpp.read_barcodes(picture) if code.text.startswith(BADGE)]
    if not found:
        raise DemoError("the card of a badge cannot be read")
    return str(found[0])
