"""docs/PDA_PROTOCOL.md says what the box does: commands, routes, fields, codes."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from edge.domain import device_views, views
from edge.domain.commands import FROM_PDA, KINDS
from edge.domain.refusals import FAULTS
from edge.domain.views_approvals import ApprovalView
from tests.rig import Rig

PAGE = (Path(__file__).parents[2] / "docs" / "PDA_PROTOCOL.md").read_text("utf-8")


def block(name: str) -> str:
    """Return the definition of a view on the page."""
    found = re.search(rf"^{name} = (.*?)(?=^\w+ = |^```)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None, name
    return found[1]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("TaskView", views.TaskView),
        ("Step", views.StepView),
        ("PackView", views.PackView),
        ("Parcel", views.ParcelView),
        ("Job", views.JobView),
        ("OrderView", views.OrderView),
        ("Frozen", views.FrozenView),
        ("ApprovalView", ApprovalView),
        ("DeviceView", device_views.DeviceView),
        ("TestView", device_views.TestView),
        ("StationView", device_views.StationView),
        ("StationDevice", device_views.StationDevice),
    ],
)
def test_each_view_has_the_fields_of_the_page(name: str, shape: type[msgspec.Struct]) -> None:
    """Every field of a view is named in its definition, in the parts that it lists as well."""
    text = block(name)
    fields = list(shape.__struct_fields__)
    for field in msgspec.structs.fields(shape):
        for part in get_args(field.type):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                listed = part.__struct_fields__ if f"{field.name}: [{{" in text else ()
                fields += listed
    assert [each for each in fields if not re.search(rf"\b{each}\b", text)] == []


def test_each_command_is_on_the_page() -> None:
    """The table of commands names every kind that a client may send, with its data."""
    for kind in sorted(FROM_PDA):
        assert f"`{kind}" in PAGE, kind
        row = next((row for row in PAGE.splitlines() if row.startswith(f"| `{kind}`")), "")
        fields: tuple[Any, ...] = KINDS[kind].__struct_fields__ if row else ()
        assert [each for each in fields if each not in row] == [], kind


def test_each_other_command_is_on_the_page() -> None:
    """Every kind that the box makes for itself is named, with what it is made for."""
    apart = PAGE.partition("### Commands that no client sends")[2].partition("\n## ")[0]
    told = set(re.findall(r"`([a-z]+\.[a-z_]+)`", apart.partition("Who changed")[0]))
    assert told == KINDS.keys() - FROM_PDA


async def test_each_route_is_on_the_page(rig: Rig) -> None:
    """Every route that a client may use is described."""
    paths = {
        route.resource.canonical for route in rig.box.web.app.router.routes() if route.resource
    }
    shown = {re.split(r"[{]", path)[0].removeprefix("/api/v1") for path in paths}
    apart = {"/", "/assets.json"}  # the page's own files
    shown = {path for path in shown if path not in apart}
    assert [path for path in sorted(shown) if path not in PAGE] == []


def test_no_code_of_the_page_is_unknown() -> None:
    """What the table of commands says may be refused are codes that there are."""
    rows = [row for row in PAGE.splitlines() if re.match(r"\| `\w+\.\w+` \|", row)]
    codes = {each for row in rows for each in re.findall(r"`([a-z]+_[a-z_]+)(?: \{[^}]*\})?`", row)}
    assert codes - set(FAULTS) - {"packed_checked", "handed_over"} == set()
    assert len(codes) > 20
