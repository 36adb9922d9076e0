"""Can Chinese text be printed?"""

from pathlib import Path
from typing import Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding

FONTS: Final = Path("/usr/share/fonts")


def check(_: Patient) -> list[Finding]:
    """Look for the font of the labels."""
    if any(FONTS.rglob("NotoSansCJK*")):
        return [finding("fonts", "good", "中文字体已安装", "The Chinese font is there")]
    return [
        finding(
            "fonts",
            "bad",
            "没有中文字体",
            "There is no Chinese font",
            why=("面单上的中文打不出来", "Labels cannot show Chinese text"),
            do="sudo apt-get install fonts-noto-cjk",
        )
    ]
