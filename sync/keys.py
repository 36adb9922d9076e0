"""Ed25519 on raw 32-byte keys (RFC 8032). Pure: making a key is the caller's affair."""

import hashlib
import hmac
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
KEY_ID_CHARS: Final = 16


def public_key(private_key: bytes) -> bytes:
    """Return the public key of the 32 random bytes `private_key`."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def sign(private_key: bytes, message: bytes) -> bytes:
    """Return the 64-byte signature of `message`."""
    return Ed25519PrivateKey.from_private_bytes(private_key).sign(message)


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether `signature` of `message` was made with the private part of `public_key`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public_key: bytes) -> str:
    """Return the short name of a public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:KEY_ID_CHARS]


def mac(token: str, message: bytes) -> bytes:
    """Return HMAC-SHA256 of `message` under the enrolment `token`."""
    return hmac.digest(token.encode(), message, "sha256")


def is_mac(token: str, code: bytes | None, message: bytes) -> bool:
    """Return whether `code` is the mac of `message`, in constant time; None never is."""
    return code is not None and hmac.compare_digest(mac(token, message), code)
