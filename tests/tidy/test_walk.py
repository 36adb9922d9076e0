"""The walk that looks at the page comes to all of it."""

import re

from edge.http.assets import page_root
from tests.e2e import walk


def test_every_screen_and_dialog_is_on_the_walk() -> None:
    """A screen or a dialog that no eye and no axe is led to is red (PDA-3)."""
    registry = (page_root() / "src" / "screens" / "registry.js").read_text("utf-8")
    screens = set(re.findall(r"^  (\w+): \{", registry, re.MULTILINE))
    stops = {*walk.PLACES, *walk.DESK_LEADS.values(), *walk.FLOOR_LEADS.values()}
    assert screens == stops
    types = (page_root() / "src" / "types.d.ts").read_text("utf-8")
    [dialogs] = re.findall(r"^type Dialog =$(.*?)^\w", types, re.MULTILINE | re.DOTALL)
    kinds = set(re.findall(r"\{ kind: '(\w+)'", dialogs))
    assert kinds == {*walk.DESK_ASKS.values(), *walk.FLOOR_ASKS.values()}
