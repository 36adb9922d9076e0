"""docs/CONFIG.md names every key that the box and the hub take, and no other."""

import re
from enum import EnumType
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
import pytest

from edge.__main__ import command_line
from edge.config import Config
from edge.domain.model import Name

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "CONFIG.md").read_text("utf-8")
BOX, HUB = PAGE.split("## 中枢 · The hub")
UNITS = {"mb": "MB", "days": "天 days"}
WORDS: dict[Any, str] = {str: "text", int: "int", bool: "bool", Name: "`{ zh, en }`"}


def rows(text: str) -> list[list[str]]:
    """Return the cells of the rows of a table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def members(kind: Any) -> list[Any]:
    """Return the members of an enum."""
    return list(kind)


def word(kind: Any) -> str:
    """Return how the page writes a type."""
    if get_origin(kind) is Annotated:
        inner, meta = get_args(kind)
        bound = f"≥ {meta.ge}" if meta.le is None else f"{meta.ge}-{meta.le}"
        return f"{word(inner)} {bound}"
    if get_origin(kind) is Literal:
        return ", ".join(f'`"{each}"`' for each in get_args(kind))
    if isinstance(kind, EnumType):
        return ", ".join(f'`"{each}"`' for each in members(kind))
    if get_origin(kind) is tuple:
        return f"list of {word(get_args(kind)[0])}"
    kinds = [each for each in get_args(kind) if each is not type(None)]
    return word(kinds[0]) if kinds else WORDS[kind]


def default(field: msgspec.structs.FieldInfo) -> str:
    """Return how the page writes a default, in the words of TOML; nothing where none is set."""
    value = field.default
    if value is msgspec.NODEFAULT or value is None:
        return ""
    if isinstance(value, tuple):
        return "all" if value else "`[]`"
    return f"`{msgspec.json.encode(value).decode()}`"


def keys(struct: Any, prefix: str = "") -> list[list[str]]:
    """Return name, type, default and unit of each key of a table and those below."""
    found: list[list[str]] = []
    for field in msgspec.structs.fields(struct):
        name = f"{prefix}{field.encode_name}"
        below = next(iter(get_args(field.type)), field.type)
        if below is not Name and isinstance(below, type) and issubclass(below, msgspec.Struct):
            found += keys(below, f"{name}{'[]' if below is not field.type else ''}.")
        else:
            unit = UNITS.get(name.rpartition("_")[2], "")
            found.append([f"`{name}`", word(field.type), default(field), unit])
    return found


def test_every_key_of_the_box_is_on_the_page() -> None:
    """Name, type, default and unit are those of the code, in its order (OPS-3)."""
    assert [row[:4] for row in rows(BOX)] == keys(Config)


def test_every_option_of_the_hub_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """What `floorgate hub --help` lists, with the defaults that it takes (OPS-3)."""
    with pytest.raises(SystemExit):
        command_line().parse_args(["hub", "--help"])
    listed = re.findall(r"^  (--[a-z]+)", capsys.readouterr().out, re.MULTILINE)
    table = rows(HUB)
    assert [row[0] for row in table] == [f"`{option}`" for option in listed]
    args = vars(command_line().parse_args(["hub", "--data", "x"]))
    defaults = {f"`--{name}`": f"`{args[name]}`" for name in ("host", "port")}
    assert {row[0]: row[1] for row in table if row[1]} == defaults


def test_each_row_says_what_for_in_both_languages() -> None:
    """No row is empty, and the Chinese cell is Chinese."""
    for row in rows(PAGE):
        *_, chinese, english = row
        assert re.search("[\u4e00-\u9fff]", chinese), row
        assert re.search("[a-z]{4}", english), row
