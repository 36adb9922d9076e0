"""What people bring as evidence."""

from typing import ClassVar

from edge.domain.commands.base import Data


class EvidenceAttach(Data, frozen=True, tag="evidence.attach"):
    """Attach a photo or video that the box holds to an order."""

    NUMBER_MAX: ClassVar[int] = 2**31
    order_id: str
    kind: str
    """photo or video."""
    blob: str
    """`sha256:` and the hash of its content in hex."""
    size: int
    """Bytes; the door holds it and the media type to what the box stored."""
    media_type: str
