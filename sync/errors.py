"""What can go wrong between a box and its hub."""

from typing import Final

import msgspec

BROKEN_BYTES: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding MessagePack from outside may raise: shape, text, depth."""


class SyncError(Exception):
    """The peer, the link or a message did not do what the protocol asks.

    `op` and `subject` say what was tried on what, `cause` why it failed, `hint` what to do.
    `is_retryable` is true when trying again later, with nothing changed, may work.
    `code` is the stable name that the other side and the screens know the fault by.
    """

    code = "sync_error"

    def __init__(
        self,
        op: str,
        subject: str,
        cause: str,
        hint: str,
        *,
        code: str | None = None,
        is_retryable: bool = False,
    ) -> None:
        super().__init__(f"{op} {subject}: {cause}")
        self.op = op
        self.subject = subject
        self.cause = cause
        self.hint = hint
        self.code = code or type(self).code
        self.is_retryable = is_retryable


class MalformedError(SyncError):
    """Bytes that are not what the protocol says: wrong shape, out of bounds, too big."""

    code = "malformed"


class ForgedError(SyncError):
    """A signature or code that its supposed maker did not make."""

    code = "forged"


class WrongBoxError(SyncError):
    """A genuine message that is meant for another box."""

    code = "wrong_box"


class LinkLostError(SyncError):
    """The connection ended or fell silent; nothing is lost, the next one resumes."""

    code = "link_lost"


class RejectedError(SyncError):
    """The other side ended the link with a reason (its `code`)."""

    code = "rejected"
