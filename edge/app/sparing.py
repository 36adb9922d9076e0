"""How the feeding of a spare stands, for health, metrics and doctor."""

import msgspec


class SpareView(msgspec.Struct, frozen=True):
    """How far a spare is behind: what would be lost if the box died now, were there no hub."""

    share: str
    ok: bool
    gap_entries: int
    gap_s: float
    """Age of the oldest entry that the share has not got; 0 where it has all."""
    problem: str = ""
    """Why it is not fed just now, in English …"""
    problem_zh: str = ""
    """… and in Chinese."""
