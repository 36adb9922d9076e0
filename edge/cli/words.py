"""What verbs say to people, in the language of the terminal."""

import argparse
import contextlib
import os
import re
import sqlite3
from pathlib import Path
from typing import Any, Final

from edge.app.telling import ToldError, cause, cause_zh, told
from edge.cli.output import FOUND_WRONG, fail
from edge.config import ConfigError, load_config
from edge.domain.foreign import in_chinese

CONFIG: Final = Path("/etc/floorgate/floorgate.toml")
LANGUAGES: Final = ("zh", "en")
NO_LANGUAGE: Final = ("", "C", "POSIX")
"""What a terminal's locale begins with that speaks none."""
SHORT_CHARS: Final = 4
_DOCTOR: Final = "sudo -u floorgate floorgate doctor disk storage journal"
_AS_BOX: Final = "; as a rule it takes the service's user: sudo -u floorgate floorgate …"
_AS_BOX_ZH: Final = "；一般要以服务用户运行：sudo -u floorgate floorgate …"
_LANGUAGE: Final = re.compile(r"""^\s*language\s*=\s*["'](zh|en)["']""", re.MULTILINE)
"""Where a configuration that cannot be used as a whole still says its language."""
_COUNTED: Final = re.compile(r"\{(\w+):([^|}]*)\|([^}]*)\}")
"""`{n:order|orders}`: the first word for one, the second for any other number."""
_FACT: Final = re.compile(r"\{(\w+)\}")


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names the configuration."""
    parser.add_argument(
        "--config", type=Path, default=CONFIG, metavar="FILE", help="the box's configuration"
    )


def count(text: str) -> int:
    """Return the number that an argument gives, 1 or more."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1 至少为 1")
    return int(text)


def add_language(parser: argparse.ArgumentParser) -> None:
    """Add the argument that chooses the language."""
    text = "default: that of the box; where none is known, that of the terminal"
    parser.add_argument("--language", choices=LANGUAGES, help=text)


def known_language(args: argparse.Namespace) -> str:
    """Return the language that is to be spoken; empty where none is known.

    It is the box's, also where something else in its configuration is wrong; before there is a
    configuration it is the terminal's.
    """
    if (said := getattr(args, "language", "")) in LANGUAGES:  # `adopt` says a printer's by it
        return str(said)
    path: Path = getattr(args, "config", CONFIG)
    with contextlib.suppress(ConfigError):
        return load_config(path).box.language
    try:
        found = _LANGUAGE.search(path.read_text("utf-8"))
    except FileNotFoundError:
        return _of_terminal()
    except (OSError, UnicodeDecodeError):
        return ""
    return found[1] if found else ""


def _of_terminal() -> str:
    spoken = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    if spoken.partition(".")[0] in NO_LANGUAGE:
        return ""
    return "zh" if spoken.startswith("zh") else "en"


def language_of(args: argparse.Namespace) -> str:
    """Return the language of what is said in one only, such as a table: `zh` or `en`."""
    return known_language(args) or "en"


def worded(args: argparse.Namespace, en: str, zh: str) -> str:
    """Return a text as the one who typed the command reads it."""
    return told(en, zh, known_language(args))


def refused(args: argparse.Namespace, error: ToldError, code: int = FOUND_WRONG) -> int:
    """Say what cannot be done and what to do, and return the exit code for it."""
    return fail(error.told(known_language(args)), code)


def of_database(args: argparse.Namespace, error: sqlite3.DatabaseError) -> ToldError:
    """Return what is said where the database that a command works on is damaged, or out of reach.

    SQLite calls by the narrower `OperationalError` what is no fault of the file's content.
    """
    folder = getattr(args, "data", None)
    if not folder:
        with contextlib.suppress(ConfigError):
            folder = load_config(getattr(args, "config", CONFIG)).data
    where = folder or "floor.db"
    if isinstance(error, sqlite3.OperationalError):
        return ToldError(
            f"{where}: the database cannot be used: {error}; see: {_DOCTOR}",
            f"{where}：数据库无法使用：{cause_zh(error)}；请看：{_DOCTOR}",
        )
    return ToldError(
        f"{where}: the database is damaged: {error}; restore a backup (section 8 of the run-book)",
        f"{where}：数据库坏了：{cause_zh(error)}；请恢复备份（运维手册第 8 节）",
    )


def of_system(error: OSError) -> ToldError:
    """Return what is said where the system refuses a file or an address."""
    at, at_zh = (f"{error.filename}: ", f"{error.filename}：") if error.filename else ("", "")
    who, who_zh = (_AS_BOX, _AS_BOX_ZH) if isinstance(error, PermissionError) else ("", "")
    return ToldError(f"{at}{cause(error)}{who}", f"{at_zh}{cause_zh(error)}{who_zh}")


def refusal_lines(code: str, facts: dict[str, Any], language: str) -> list[str]:
    """Return a refusal as the page words it, what to do, and the facts that neither names.

    A code without words stands for itself.
    """
    said, named = _filled(code, facts, language)
    rest = [
        f"{name}: {_shown(fact, language)}" for name, fact in facts.items() if name not in named
    ]
    return [*(said or [code]), *rest]


def driver_lines(args: argparse.Namespace, where: str, cause: str, hint: str) -> str:
    """Return what a driver or a template says cannot be done, and below it what to do."""
    return worded(
        args,
        f"{where}: {cause}\n           {hint}",
        f"{where}：{in_chinese(cause)}\n           {in_chinese(hint)}",
    )


def page_text(key: str, language: str) -> str:
    """Return what the page says under this key; the key where it says nothing."""
    return _texts(language).get(key, key)


def page_word(kind: str, value: str, language: str) -> str:
    """Return how the page calls a value, such as a device's state; itself where it has no word."""
    return _texts(language).get(f"{kind}.{value}", value)


def _filled(code: str, facts: dict[str, Any], language: str) -> tuple[list[str], set[str]]:
    """Return what the page says of a refusal, and which facts stand in it."""
    texts = _texts(language)
    lines = [texts[key] for key in (f"refusal.{code}", f"hint.{code}") if texts.get(key)]
    lines = [_COUNTED.sub(lambda n: n[2] if facts.get(n[1]) == 1 else n[3], each) for each in lines]
    named = set(_FACT.findall(" ".join(lines)))
    known = facts | {"order4": _short(str(facts.get("order", "")))}

    def fact(found: re.Match[str]) -> str:
        name, value = found[1], known.get(found[1])
        return texts.get(f"{name}.{value}") or _shown(value, language)

    return [_FACT.sub(fact, each) for each in lines], named


def _short(order: str) -> str:
    """Return an order's id as people call it: `…1001`."""
    return f"…{order[-SHORT_CHARS:]}" if len(order) > SHORT_CHARS + 1 else order


def _shown(value: Any, language: str) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return ", ".join(_shown(each, language) for each in value)
    if isinstance(value, dict) and language in value:  # a text in both
        return str(value[language])
    return "—" if value in (None, "") else str(value)


def _texts(language: str) -> dict[str, str]:
    from edge.http.assets import page_texts  # noqa: PLC0415 - only a refusal needs the page's texts

    return page_texts(language)
