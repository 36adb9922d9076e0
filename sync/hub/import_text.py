"""From the bytes of a file to its lines: encoding, line ends, and what is wrong with a line.

Lines are physical lines, so that one broken line never takes its neighbours along and every
report names the line that an editor shows.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sync.hub.import_model import ImportFault, LineFault

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
LINE_BYTES_MAX: Final = 64 * 1024
_UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS: Final = frozenset(chr(n) for n in (*range(9), *range(10, 32), *range(127, 160)))


class SourceLine(NamedTuple):
    """One line of the file without its line end."""

    no: int
    """Counted from 1."""
    raw: bytes
    is_ended: bool
    """False only for a last line without a line end."""

    @property
    def is_blank(self) -> bool:
        """Whether the line says nothing."""
        return not self.raw.strip()


def source_lines(raw: bytes) -> tuple[str, list[SourceLine]]:
    """Return the encoding (utf-8 or gb18030) and the lines of a file.

    Raises:
        ImportFault: the file is empty, too big, or in an encoding with two bytes a letter.
    """
    if len(raw) > FILE_BYTES_MAX:
        raise ImportFault("file_too_big", bytes=str(len(raw)), max=str(FILE_BYTES_MAX))
    if raw.startswith(_UTF16_BOMS):
        raise ImportFault("unreadable_header", encoding="utf-16")
    body = raw.removeprefix(_UTF8_BOM)
    if not body.strip():
        raise ImportFault("empty_file")
    lines = [
        SourceLine(no, line.rstrip(b"\r\n"), line.endswith((b"\r", b"\n")))
        for no, line in enumerate(body.splitlines(keepends=True), start=1)
    ]
    return _encoding(lines), lines


def text_of(line: SourceLine, encoding: str) -> str:
    """Return the text of a line, or raise `LineFault` for what no text may hold."""
    if len(line.raw) > LINE_BYTES_MAX:
        raise LineFault("line_too_long", bytes=str(len(line.raw)), max=str(LINE_BYTES_MAX))
    try:
        text = line.raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise LineFault("bad_encoding", encoding=encoding, byte=str(error.start + 1)) from None
    if not _CONTROLS.isdisjoint(text):
        raise LineFault("control_character")
    return text


def _encoding(lines: list[SourceLine]) -> str:
    """GB18030 text is hardly ever valid UTF-8: the majority of the non-ASCII lines decides.

    Counting lines keeps one broken line of a UTF-8 file from turning the others into nonsense.
    """
    is_utf8 = list(_are_utf8(lines))
    return "utf-8" if 2 * sum(is_utf8) >= len(is_utf8) else "gb18030"


def _are_utf8(lines: list[SourceLine]) -> Iterator[bool]:
    for line in lines:
        if line.raw.isascii():
            continue
        try:
            line.raw.decode()
        except UnicodeDecodeError:
            yield False
        else:
            yield True
