"""What verbs say to people, in the language of the terminal."""

import argparse
import json
import os
from functools import cache
from pathlib import Path
from typing import Any, Final

from edge.config import ConfigError, load_config

LANGUAGES: Final = ("zh", "en")


def add_language(parser: argparse.ArgumentParser) -> None:
    """Add the argument that chooses the language."""
    text = "default: that of the box; where none is known, that of the terminal"
    parser.add_argument("--language", choices=LANGUAGES, help=text)


def language_of(args: argparse.Namespace, config: Path) -> str:
    """Return the language that is to be spoken: `zh` or `en`."""
    if args.language:
        return str(args.language)
    try:
        return load_config(getattr(args, "config", config)).box.language
    except ConfigError:
        spoken = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
        return "zh" if spoken.startswith("zh") else "en"


def refusal_text(code: str, facts: dict[str, Any], language: str) -> str:
    """Return a refusal as the page words it, with what to do; its code where it has no words."""
    texts = _page_texts(language)
    said = [texts[key] for key in (f"refusal.{code}", f"hint.{code}") if texts.get(key)]
    for name, value in facts.items():
        said = [text.replace(f"{{{name}}}", str(value)) for text in said]
    stop = "。" if language == "zh" else ". "
    return stop.join(said) or code


@cache
def _page_texts(language: str) -> dict[str, str]:
    from edge.http.assets import page_root  # noqa: PLC0415 - only a refusal needs the page's texts

    folder = page_root() / "locales"
    names = (f"{language}.json", f"{language}.start.json")
    return {k: v for name in names for k, v in json.loads((folder / name).read_bytes()).items()}
