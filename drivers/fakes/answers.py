"""What a virtual printer says when it is asked, in the words of each language's manual."""

import msgspec


class Panel(msgspec.Struct, frozen=True):
    """What a printer knows of itself."""

    model: str
    odometer: int
    held: int
    """Labels received and not yet out."""
    paper_out: bool
    ribbon_out: bool
    head_open: bool
    paused: bool

    @property
    def is_stopped(self) -> bool:
        """Whether something keeps it from printing."""
        return self.paper_out or self.ribbon_out or self.head_open or self.paused


def tspl(panel: Panel, what: str) -> bytes:
    """Return the answer of a TSPL printer."""
    fault = 0x40 | panel.paper_out | panel.ribbon_out << 2 | panel.head_open << 5
    is_faulty = fault != 0x40  # noqa: PLR2004 - no bit beside the fixed one
    state = b"E" if is_faulty else b"`" if panel.paused else b"P" if panel.held else b"@"
    match what:
        case "status":
            bits = (
                panel.head_open
                | panel.paper_out << 2
                | panel.ribbon_out << 3
                | panel.paused << 4
                | (panel.held > 0 and not panel.is_stopped) << 5
            )
            return bytes([bits])
        case "extended":
            return b"\x02" + state + b"@@" + bytes([fault]) + b"\x03\r\n"
        case "model" if not (panel.is_stopped or panel.held):  # only when ready for more
            return panel.model.encode() + b"\r\n"
        case "odometer" if not (panel.is_stopped or panel.held):
            return b"%d\r\n" % panel.odometer
        case _:
            return b""


def zpl(panel: Panel, what: str) -> bytes:
    """Return the answer of a ZPL printer."""
    match what:
        case "status":
            one = b"030,%d,%d,1199,%03d,0,0,0,000,0,0,0" % (
                panel.paper_out,
                panel.paused,
                panel.held,
            )
            two = b"001,0,%d,%d,1,2,6,0,00000000,1,000" % (panel.head_open, panel.ribbon_out)
            return b"".join(b"\x02%b\x03\r\n" % each for each in (one, two, b"1234,0"))
        case "extended":
            low = (
                panel.paper_out | panel.ribbon_out << 1 | panel.head_open << 2 | panel.paused << 16
            )
            errors = b"\r\n   ERRORS:         %d 00000000 %08X \r\n" % (low != 0, low)
            warnings = b"   WARNINGS:       0 00000000 00000000 \r\n"
            return b"\x02\r\n  PRINTER STATUS" + errors + warnings + b"\x03"
        case "model":
            return b"\x02%b,V1.0.0,8,8192KB\x03\r\n" % panel.model.encode()
        case "odometer":
            return b'"%d"' % panel.odometer
        case "unknown variable":
            return b'"?"'
        case _:
            return b""


def escpos(panel: Panel, what: str) -> bytes:
    """Return the answer of an ESC/POS printer; paused, it only says that it is offline."""
    answers = {
        "real-time status 1": bytes([0x12 | panel.is_stopped << 3]),
        "real-time status 2": bytes([0x12 | panel.head_open << 2 | panel.paper_out << 5]),
        "real-time status 3": b"\x12",
        "real-time status 4": b"\x7e" if panel.paper_out else b"\x12",
        "auto status": bytes(
            [0x10 | panel.is_stopped << 3 | panel.head_open << 5, 0, panel.paper_out * 0x0C, 0]
        ),
        "model": b"" if panel.is_stopped else b"_%b\x00" % panel.model.encode(),
        "odometer": b"" if panel.is_stopped or panel.held else b"_%d\x00" % panel.odometer,
    }
    return answers.get(what, b"")
