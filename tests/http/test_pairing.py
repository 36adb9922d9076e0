"""PDAs are let in by a code, prove their key at each sign-in, and are sent off at once (SEC-2)."""

import asyncio
import base64
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from edge.app.devicekeys import CODE_US, CODES_MAX, NONCE_US, TRIES_MAX, DeviceKeys
from edge.domain.refusals import RefusedError
from tests.rig import PIN, Client, Rig, badge, config, heard, running


class Pda:
    """A PDA with a key of its own."""

    def __init__(self, rig: Rig, device: str) -> None:
        self.client = Client(rig, device)
        self.device = device
        self.private = ec.generate_private_key(ec.SECP256R1())

    @property
    def key(self) -> str:
        """The public key as it is sent."""
        spki = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(spki).decode()

    async def proof(self, device: str = "") -> dict[str, str]:
        """Return a fresh proof."""
        nonce = (await self.client.get("/api/v1/challenge"))["nonce"]
        message = f"{nonce}.{device or self.device}".encode()
        r, s = utils.decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return {"nonce": nonce, "signature": base64.b64encode(raw).decode()}

    async def pair(self, code: str, **over: Any) -> tuple[int, Any]:
        """Ask to be let in."""
        body: dict[str, Any] = {
            "code": code,
            "device": self.device,
            "name": "PDA 7",
            "key": self.key,
        }
        body["proof"] = over.pop("proof", None) or await self.proof()
        return await self.client.ask("POST", "/api/v1/pair", body | over)

    async def sign_in(self, name: str, proof: dict[str, str] | None) -> tuple[int, Any]:
        """Sign in; the client goes on with the session where it was opened."""
        body: dict[str, Any] = {"badge": badge(name), "pin": PIN, "device": self.device}
        status, answer = await self.client.ask("POST", "/api/v1/session", body | {"proof": proof})
        if status == 200:
            self.client.token, self.client.session = answer["token"], answer["session"]
        return status, answer


@pytest_asyncio.fixture(name="closed")
async def _closed(tmp_path: Path) -> AsyncIterator[Rig]:
    """Run a box that takes paired PDAs only."""
    async with running(config(tmp_path, open_devices=False)) as rig:
        await rig.furnish()
        yield rig


async def paired(rig: Rig, device: str, name: str = "") -> Pda:
    """Return a PDA that was let in, with a person signed in where a name is given."""
    pda = Pda(rig, device)
    assert (await pda.pair(rig.box.web.device_keys.new_code("uid:0").code))[0] == 200
    if name:
        status, answer = await pda.sign_in(name, await pda.proof())
        assert status == 200, answer
    return pda


async def test_a_pda_is_let_in_by_a_leader_and_works(closed: Rig) -> None:
    """A leader's code lets one PDA in, once; it signs in with its key (SEC-2)."""
    leader = await paired(closed, "console", "leader")
    status, asked = await leader.client.ask("POST", "/api/v1/pairings")
    assert (status, asked["qr"].startswith("data:image/svg")) == (200, True)
    code = asked["url"].partition("#")[2]
    pda, late = Pda(closed, "pda-7"), Pda(closed, "pda-8")
    assert (await pda.pair(code))[0] == 200
    assert (await late.pair(code))[1]["code"] == "pair_code"
    assert (await pda.sign_in("picker", await pda.proof()))[0] == 200
    listed = (await leader.client.get("/api/v1/pdas"))["pdas"]
    assert [(each["id"], each["name"], each["paired_by"]) for each in listed] == [
        ("console", "PDA 7", "uid:0"),
        ("pda-7", "PDA 7", "leader"),
    ]


async def test_only_who_may_lets_in(closed: Rig) -> None:
    """A picker gets no code and no list (SEC-3)."""
    pda = await paired(closed, "pda-7", "picker")
    for method, path in (("POST", "/api/v1/pairings"), ("GET", "/api/v1/pdas")):
        status, answer = await pda.client.ask(method, path)
        assert (status, answer["code"]) == (403, "role_missing")
    assert (await pda.client.do("device.revoke", pda="pda-7"))["code"] == "role_missing"


async def test_the_typed_code_has_three_tries(closed: Rig) -> None:
    """The short form works, in small letters too; the third wrong one voids all codes (SEC-4)."""
    keys = closed.box.web.device_keys
    for wrong, status in ((TRIES_MAX - 1, 200), (TRIES_MAX, 401)):
        code = keys.new_code("a").short.lower()
        for n in range(wrong):
            assert (await Pda(closed, f"pda-{n}").pair("AAAABBBB"))[1]["code"] == "pair_code"
        assert (await Pda(closed, f"pda-a{wrong}").pair(code))[0] == status


async def test_an_old_picture_that_is_scanned_again_voids_no_other_code(closed: Rig) -> None:
    """Whoever tries a spent or expired QR guesses nothing: the next code stays good (SEC-2)."""
    keys = closed.box.web.device_keys
    spent, fresh = keys.new_code("a").code, keys.new_code("a").code
    assert (await Pda(closed, "pda-1").pair(spent))[0] == 200
    for _ in range(TRIES_MAX):
        assert (await Pda(closed, "pda-2").pair(spent))[1]["code"] == "pair_code"
    assert (await Pda(closed, "pda-2").pair(fresh))[0] == 200


async def test_a_copied_id_does_not_sign_in(closed: Rig) -> None:
    """No proof, a foreign key's, a used one, one for another id: each is refused (SEC-2)."""
    pda, thief = await paired(closed, "pda-7"), Pda(closed, "pda-7")
    used = await pda.proof()
    assert (await pda.sign_in("picker", used))[0] == 200
    other = await pda.proof("pda-8")
    junk = {"nonce": (await pda.proof())["nonce"], "signature": "é"}
    for proof in (None, await thief.proof(), used, other, junk):
        assert (await thief.sign_in("picker", proof))[1]["code"] == "device_proof"
    assert (await Pda(closed, "x").sign_in("picker", None))[1]["code"] == "device_unknown"
    code = closed.box.web.device_keys.new_code("a").code
    assert (await thief.pair(code))[1]["code"] == "device_proof"
    assert (await pda.sign_in("picker", await pda.proof()))[0] == 200


async def test_a_revoked_pda_is_cut_at_once(closed: Rig) -> None:
    """Its websocket ends, its cookie opens nothing, its commands count for nothing (SEC-2)."""
    leader, pda = await paired(closed, "console", "leader"), await paired(closed, "p", "picker")
    async with pda.client.socket() as socket:
        await heard(socket, "hello")
        await leader.client.must("device.revoke", pda="p", reason="lost")
        assert (await heard(socket, "bye"))["code"] == "revoked"
    status, answer = await pda.client.ask("GET", "/api/v1/tasks")
    assert (status, answer["code"]) == (401, "device_revoked")
    assert (await pda.sign_in("picker", await pda.proof()))[1]["code"] == "device_revoked"
    assert (await pda.pair(closed.box.web.device_keys.new_code("a").code))[0] == 200
    assert (await pda.sign_in("picker", await pda.proof()))[0] == 200
    assert (await leader.client.do("device.revoke", pda="none"))["code"] == "unknown_pda"


async def test_a_pda_is_renamed(closed: Rig) -> None:
    """The list shows the new name."""
    leader = await paired(closed, "console", "leader")
    await leader.client.must("device.rename", pda="console", name="组长台")
    assert (await leader.client.get("/api/v1/pdas"))["pdas"][0]["name"] == "组长台"


@pytest.mark.parametrize("key", ["", "AAAA", "é", "x" * 401])
async def test_a_key_that_is_none_is_malformed(closed: Rig, key: str) -> None:
    """It is told apart from a wrong code, and spends none (SEC-4)."""
    code = closed.box.web.device_keys.new_code("a")
    assert (await Pda(closed, "pda-7").pair(code.code, key=key))[1]["code"] == "malformed"
    assert (await Pda(closed, "pda-7").pair(code.code))[0] == 200


class MovedClock:
    """The box's clock, some time later."""

    boot_id = "b"

    def __init__(self, rig: Rig) -> None:
        self._clock = rig.box.clock
        self.later_us = 0

    def now_us(self) -> int:
        """Return the wall time."""
        return self._clock.now_us()

    def boot_us(self) -> int:
        """Return the time since boot."""
        return self._clock.boot_us() + self.later_us


async def test_codes_and_nonces_grow_old(closed: Rig) -> None:
    """A code is good for 5 minutes, a nonce for one, whatever the wall clock does (SEC-2)."""
    clock = MovedClock(closed)
    keys = DeviceKeys(closed.box.floor, closed.box.reader, clock, open_devices=False)
    code, nonce = keys.new_code("a"), keys.new_nonce()
    clock.later_us = NONCE_US - 1_000_000
    assert nonce in keys._nonces
    clock.later_us = CODE_US
    keys.new_nonce()
    assert nonce not in keys._nonces
    with pytest.raises(RefusedError, match="pair_code"):
        keys._spend(code.code)


async def test_codes_are_bounded(closed: Rig) -> None:
    """Who asks for codes without end is told to wait (SEC-4)."""
    keys = closed.box.web.device_keys
    for _ in range(CODES_MAX):
        keys.new_code("a")
    with pytest.raises(RefusedError, match="pair_too_often"):
        keys.new_code("a")


async def test_the_command_line_lets_the_first_one_in(closed: Rig) -> None:
    """`floorgate devices pair` gives a code that works; without a box it says so (SEC-2)."""
    command = [sys.executable, "-m", "edge", "devices", "pair", "--json", "--data"]
    ran = await asyncio.to_thread(
        subprocess.run, [*command, str(closed.box.data)], capture_output=True, check=True
    )
    code = msgspec.json.decode(ran.stdout)["code"]
    assert (await Pda(closed, "pda-7").pair(code))[0] == 200


async def test_a_code_is_in_no_entry_and_no_log(
    closed: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the code nor its short form is written down (SEC-4)."""
    code = closed.box.web.device_keys.new_code("a")
    await Pda(closed, "pda-7").pair(code.code)
    _, raws = await closed.box.reader.entries(0, 10_000)
    said = capsys.readouterr()
    texts = [*raws, said.out.encode(), said.err.encode()]
    for word in (code.code.encode(), code.short.encode()):
        assert [word in text for text in texts] == [False] * len(texts)
