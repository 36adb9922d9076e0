"""Reading a label's codes back before it leaves: the same library that readers of photos use."""

from collections.abc import Sequence

import numpy as np
import zxingcpp

from drivers.api import LabelError, Raster


def check_label(label: Raster, values: Sequence[str]) -> None:
    """Raise `LabelError` unless each of `values` can be read from `label`.

    A GS1 code's value is its text for people, `(01)06901234567892(10)LOT-A`.
    """
    missing = set(values)
    if not missing:
        return
    packed = np.frombuffer(label.rows, np.uint8).reshape(label.height, -1)
    grey = (1 - np.unpackbits(packed, axis=1, count=label.width)) * np.uint8(255)
    for is_thorough in (False, True):
        found = zxingcpp.read_barcodes(
            grey,
            try_rotate=is_thorough,
            try_downscale=is_thorough,
            try_invert=False,
        )
        missing -= {code.text for code in found}
        if not missing:
            return
    raise LabelError(
        "codes",
        f"the label's own code does not read: {min(missing)!r}",
        "give it more room, or move it away from the edge and from other ink",
    )
