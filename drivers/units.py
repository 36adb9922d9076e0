"""Lengths on a label and dots on a print head."""


def dots_per_mm(dpi: int) -> float:
    """Return the resolution; printers sold as "203 dpi" have 8 dots per mm (203.2 dpi)."""
    return 8.0 if dpi == 203 else dpi / 25.4  # noqa: PLR2004 - the sentence above
