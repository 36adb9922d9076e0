"""Who may link: enrolment by a single-use token, then by the pinned key alone.

A token binds to the first key that uses it, so a lost `welcome` can be asked for again with the
same key and by no other. It is spent once that key says hello without it: the box has then
pinned the hub. A new token for a known box lets one new key take the old one's place.
"""

import hashlib
from typing import NoReturn

from msgspec.structs import replace

from sync import keys
from sync.errors import RejectedError
from sync.hub.store import Box, HubStore, Sign
from sync.messages import PROTOCOL_VERSION_MIN, Challenge, Hello, hello_bytes


class BehindError(RejectedError):
    """The box's history is older than what the hub holds.

    `box` and `token` are what a signed welcome needs: the box has to know who says that.
    """

    code = "epoch_behind"

    def __init__(self, box: Box, token: str, cause: str, hint: str) -> None:
        super().__init__("admit", box.box, cause, hint)
        self.box = box
        self.token = token


def enrol(store: HubStore, box: str, token: str, warehouse: str = "", name: str = "") -> None:
    """Let `box` link with `token`; nothing changes if that token is spent or waiting."""
    known = store.box(box)
    digest = hashlib.sha256(token.encode()).digest()
    if known is None:
        store.put_box(Box(box, name=name or box, warehouse=warehouse, token=token))
    elif known.token != token and known.token_spent != digest:
        store.put_box(replace(known, token=token, token_key=None))


def admit(
    store: HubStore, challenge: Challenge, hello: Hello, now_us: int, sign: Sign
) -> tuple[Box, str]:
    """Return the box's record and the token to prove the hub by ("": none is asked for).

    `sign` signs what has to be numbered anew, behind what the box has journalled.

    Raises `RejectedError`; nothing has then changed.
    """
    box = store.box(hello.box)
    if hello.pv < PROTOCOL_VERSION_MIN:
        _reject("version", hello, f"at least {PROTOCOL_VERSION_MIN} is needed", "upgrade the box")
    if box is None:
        _reject("unknown_box", hello, "this hub has no such box", "enrol it at the hub")
    proof = hello_bytes(challenge, hello)
    if not keys.is_signed(hello.public_key, hello.signature, proof):
        _reject("bad_signature", hello, "the hello is not signed by its own key", "see the guide")
    box, token = _judged(box, hello, proof)
    if hello.is_rebuild:
        store.put_box(replace(box, seen_us=now_us))
        return box, token
    _check_history(box, token, hello)
    box = replace(
        box,
        name=hello.name or box.name,
        rules=hello.rules,
        head_seq=hello.head_seq,
        seen_us=now_us,
    )
    store.put_box(box)
    if hello.epoch > box.epoch:
        store.begin_epoch(box.box, hello.epoch)
    store.got(box.box, hello.down_cursor, sign)
    admitted = store.box(box.box)
    assert admitted is not None
    return admitted, token


def _judged(box: Box, hello: Hello, proof: bytes) -> tuple[Box, str]:
    is_pinned = box.public_key == hello.public_key
    if hello.token_mac is None:
        if not is_pinned:
            hint = "enrol the box again with a new token if its machine was replaced"
            _reject("wrong_key", hello, "the box's key is not the one that was enrolled", hint)
        if box.token is not None and box.token_key == hello.public_key:
            spent = hashlib.sha256(box.token.encode()).digest()
            box = replace(box, token=None, token_key=None, token_spent=spent)
        return box, ""
    token, bound_to = box.token, box.token_key
    if token is None or bound_to not in (None, hello.public_key):
        _reject("token_spent", hello, "the token was used before", "make a new token at the hub")
    if not keys.is_mac(token, hello.token_mac, proof):
        _reject("bad_token", hello, "it is not the token of this box", "copy the token again")
    return replace(box, public_key=hello.public_key, token_key=hello.public_key), token


def _check_history(box: Box, token: str, hello: Hello) -> None:
    behind = hello.epoch < box.epoch
    if behind or (hello.epoch == box.epoch and hello.head_seq < box.seq):
        raise BehindError(
            box,
            token,
            f"the hub has epoch {box.epoch} up to {box.seq}, "
            f"the box has epoch {hello.epoch} up to {hello.head_seq}",
            "the box was restored from an older copy: start a new epoch on it",
        )


def _reject(code: str, hello: Hello, cause: str, hint: str) -> NoReturn:
    raise RejectedError("admit", hello.box, cause, hint, code=code)
