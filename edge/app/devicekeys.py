"""PDAs at the door: one-time codes that let them in, and the proof that each holds its own key.

A code is 128 bits in a QR, or its 8-character short form typed by hand. A proof is an ECDSA
signature over a nonce of the box: a copied cookie or device id is not enough to sign in.
"""

import base64
import hmac
import secrets
from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from edge.app.floor import Floor, Reply
from edge.app.ports import Clock, Reader
from edge.domain.commands import DevicePair
from edge.domain.model import Pda
from edge.domain.refusals import RefusedError

CODE_US: Final = 300_000_000
CODES_MAX: Final = 50
CODE_BYTES: Final = 16
SHORT_CHARS: Final = 8
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without what is mistaken for something else by eye."""
TRIES_MAX: Final = 3
"""Wrong typed codes before all codes are void: 31^8 to 3."""
NONCE_US: Final = 60_000_000
NONCES_MAX: Final = 2_000
SIGNATURE_BYTES: Final = 64
PDAS_MAX: Final = 1_000

_Short = Annotated[str, msgspec.Meta(max_length=100)]


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A nonce of the box, and the device's signature over `NONCE.DEVICE` (raw r‖s, base64)."""

    nonce: _Short
    signature: _Short


class PairingCode(msgspec.Struct, frozen=True):
    """A code that lets one PDA in until `expires_at` (µs)."""

    code: str
    short: str
    expires_at: int


class PairRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PDA that wants in. `key`: its public one, SPKI in base64; `proof` made with it."""

    code: _Short
    device: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    key: Annotated[str, msgspec.Meta(max_length=400)]
    proof: Proof
    engine: _Short = ""
    persisted: bool = False


class PdaView(msgspec.Struct, frozen=True):
    """A PDA as supervisors see it. `seen_at`: None where it has not come since the box started."""

    id: str
    name: str
    engine: str
    persisted: bool
    paired_at: int
    paired_by: str
    revoked_at: int | None
    online: bool
    seen_at: int | None


class _Code(msgspec.Struct, frozen=True):
    short: str
    by: str
    expires_us: int


class DeviceKeys:
    """Hands out codes and nonces, and checks what comes back."""

    def __init__(
        self,
        floor: Floor,
        reader: Reader,
        clock: Clock,
        *,
        open_devices: bool,
        is_online: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`is_online` tells whether a device is connected."""
        self._floor = floor
        self._reader = reader
        self._clock = clock
        self._open_devices = open_devices
        self._is_online = is_online
        self._seen_us: dict[str, int] = {}
        self._codes: dict[str, _Code] = {}
        self._wrong = 0
        self._nonces: dict[str, int] = {}

    def new_code(self, by: str) -> PairingCode:
        """Return a code for one PDA, asked for by the person `by`."""
        now_us = self._clock.boot_us()
        self._codes = {c: v for c, v in self._codes.items() if v.expires_us > now_us}
        if len(self._codes) >= CODES_MAX:
            raise RefusedError("pair_too_often", seconds=CODE_US // 1_000_000)
        code = secrets.token_urlsafe(CODE_BYTES)
        short = "".join(secrets.choice(ALPHABET) for _ in range(SHORT_CHARS))
        self._codes[code] = _Code(short, by, now_us + CODE_US)
        self._wrong = 0
        return PairingCode(code, short, self._clock.now_us() + CODE_US)

    def new_nonce(self) -> str:
        """Return a nonce that one proof may be made over, within a minute."""
        now_us = self._clock.boot_us()
        self._nonces = {n: due for n, due in self._nonces.items() if due > now_us}
        while len(self._nonces) >= NONCES_MAX:
            del self._nonces[next(iter(self._nonces))]
        nonce = secrets.token_urlsafe(CODE_BYTES)
        self._nonces[nonce] = now_us + NONCE_US
        return nonce

    async def pair(self, asked: PairRequest) -> Reply:
        """Let a PDA in by its code, which is spent by it."""
        key = _read_key(asked.key)
        self._check_proof(key, asked.device, asked.proof)
        known = await self._pda(asked.device)
        if known is not None and known.revoked_us is None and known.key != key.hex():
            raise RefusedError("device_proof")  # somebody else's id; the old one is revoked first
        by = self._spend(asked.code)
        self.saw(asked.device)
        data = DevicePair(asked.device, asked.name, key.hex(), asked.engine, asked.persisted)
        return await self._floor.reply(data, via="api", actor=by, device=asked.device)

    async def check(self, device: str, proof: Proof | None) -> None:
        """Refuse a sign-in at a device that is unknown, sent off, or not the one it says."""
        pda = await self._pda(device)
        if pda is None:
            if not self._open_devices:
                raise RefusedError("device_unknown")
            return
        if pda.revoked_us is not None:
            raise RefusedError("device_revoked")
        if proof is None:
            raise RefusedError("device_proof")
        self._check_proof(bytes.fromhex(pda.key), device, proof)

    def saw(self, device: str) -> None:
        """Note that a device was here just now."""
        self._seen_us.pop(device, None)
        if len(self._seen_us) >= PDAS_MAX:
            del self._seen_us[next(iter(self._seen_us))]
        self._seen_us[device] = self._clock.now_us()

    async def is_revoked(self, device: str) -> bool:
        """Tell whether a device was sent off."""
        pda = await self._pda(device)
        return pda is not None and pda.revoked_us is not None

    async def pdas(self) -> list[PdaView]:
        """Return the PDAs that were ever let in."""
        ids = await self._reader.list_ids(Pda, PDAS_MAX)
        found = [await self._pda(each) for each in ids]
        return [self._view(pda) for pda in found if pda is not None]

    def _view(self, pda: Pda) -> PdaView:
        return PdaView(
            id=pda.id,
            name=pda.name,
            engine=pda.engine,
            persisted=pda.persisted,
            paired_at=pda.paired_us,
            paired_by=pda.paired_by,
            revoked_at=pda.revoked_us,
            online=self._is_online(pda.id),
            seen_at=self._seen_us.get(pda.id),
        )

    async def _pda(self, device: str) -> Pda | None:
        found = await self._reader.doc(Pda, device)
        return found if isinstance(found, Pda) else None

    def _spend(self, given: str) -> str:
        """Return who asked for the code `given`; refuse one that is wrong, spent or too old."""
        now_us, upper = self._clock.boot_us(), given.upper().replace("-", "")
        for code, known in self._codes.items():
            is_it = hmac.compare_digest(code.encode(), given.encode())
            is_it |= hmac.compare_digest(known.short.encode(), upper.encode())
            if is_it and known.expires_us > now_us:
                del self._codes[code]
                return known.by
        self._wrong += len(upper) == SHORT_CHARS  # an old picture, scanned again, is no guess
        if self._wrong >= TRIES_MAX:  # somebody guesses: whoever waits asks for a new one
            self._codes.clear()
        raise RefusedError("pair_code")

    def _check_proof(self, key: bytes, device: str, proof: Proof) -> None:
        due_us = self._nonces.pop(proof.nonce, 0)
        if due_us <= self._clock.boot_us():
            raise RefusedError("device_proof")
        try:
            raw = base64.b64decode(proof.signature, validate=True)
            if len(raw) != SIGNATURE_BYTES:
                raise RefusedError("device_proof")
            half = SIGNATURE_BYTES // 2
            r, s = int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
            public = serialization.load_der_public_key(key)
            assert isinstance(public, ec.EllipticCurvePublicKey)
            message = f"{proof.nonce}.{device}".encode()
            signature = utils.encode_dss_signature(r, s)
            public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except (ValueError, InvalidSignature) as error:
            raise RefusedError("device_proof") from error


def _read_key(text: str) -> bytes:
    """Return a public key's SPKI; refuse what is no ECDSA P-256 key."""
    try:
        raw = base64.b64decode(text, validate=True)
        key = serialization.load_der_public_key(raw)
    except (ValueError, TypeError) as error:
        raise RefusedError("malformed", problem="key: SPKI in base64", kind="pair") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RefusedError("malformed", problem="key: ECDSA on P-256", kind="pair")
    return raw
