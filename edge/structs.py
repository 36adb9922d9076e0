"""What msgspec must know about each Struct, made known before there is a second thread."""

from collections.abc import Iterator

import msgspec


def settle_structs() -> None:
    """Have msgspec build its table of every Struct that is defined by now (0.1 ms each).

    It builds one when the Struct is first decoded, and puts it in place before it is full: another
    thread that decodes the same Struct in that moment ends the process (SIGSEGV, msgspec 0.22).
    """
    for struct in _below(msgspec.Struct):
        msgspec.json.Decoder(struct)


def _below(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for struct in base.__subclasses__():
        yield struct
        yield from _below(struct)
