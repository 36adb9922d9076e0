"""The process that reads pictures: `python -m drivers.vision.worker`.

It answers requests on its standard input, one at a time, and ends with it. What a hostile picture
breaks is this process, with a bound on its memory, and never the service.
"""

import resource
import struct
import sys
from typing import BinaryIO, Final

import msgspec

from drivers.api import PICTURE_BYTES_MAX, Code, ImageError

MEMORY_BYTES_MAX: Final = 2 * 1024**3
"""Address space; libraries alone reserve a third of it."""
LENGTH: Final = struct.Struct(">I")


class Reply(msgspec.Struct, frozen=True):
    """What came of one picture."""

    codes: list[Code] = []
    cause: str = ""
    hint: str = ""


def main() -> None:
    """Answer until there is nothing more to read."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer each request: its length as four bytes, then the picture."""
    from drivers.vision.pipeline import decode  # noqa: PLC0415 - after the bound on memory is set

    while head := requests.read(LENGTH.size):
        (length,) = LENGTH.unpack(head)
        assert length <= PICTURE_BYTES_MAX, length
        data = requests.read(length)
        try:
            reply = Reply(decode(data))
        except ImageError as error:
            reply = Reply(cause=error.cause, hint=error.hint)
        except MemoryError:
            reply = Reply(cause="the picture needs too much memory", hint="send a smaller photo")
        body = msgspec.msgpack.encode(reply)
        answers.write(LENGTH.pack(len(body)) + body)
        answers.flush()


if __name__ == "__main__":
    main()
