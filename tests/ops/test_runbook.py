"""docs/OPERATIONS.md says only what there is, and the same in both languages."""

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from edge.__main__ import command_line
from edge.bootstrap import default_ruleset
from edge.domain.alarms import AlarmCode
from edge.domain.approving import STUCK
from edge.domain.model.orders import LABEL_DUE
from edge.http.assets import page_root
from tests.install.runbook import CHINESE, ENGLISH, PAGE, typed

ROOT = Path(__file__).resolve().parents[2]


def commands(text: str) -> list[list[str]]:
    """Return the words of each command in the code blocks, without sudo and redirection."""
    return [shlex.split(_plain(line)) for line in typed(text) if line]


def _plain(line: str) -> str:
    return re.sub(r"^sudo (-u floorgate )?| > \S+$", "", line)


def ours(text: str) -> set[tuple[str, ...]]:
    """Return the words of each command of Floorgate's own, in blocks and in the text."""
    inline = [shlex.split(_plain(each)) for each in re.findall(r"`([^`\n]+)`", text)]
    return {tuple(w) for w in commands(text) + inline if w[:1] == ["floorgate"] and w[1:]}


@pytest.mark.parametrize("words", sorted(ours(PAGE)), ids=" ".join)
def test_each_command_of_the_run_book_is_one(words: tuple[str, ...]) -> None:
    """The command line takes it as it stands: verb, arguments and options (OPS-3)."""
    assert callable(command_line().parse_args(words[1:]).run)


def test_other_pages_name_verbs_that_there_are() -> None:
    """Every `floorgate VERB` of README, docs and checks of the doctor is one (OPS-3)."""
    files = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("edge/doctor/checks/*.py")]
    usage = command_line().format_help()
    verbs = set(re.findall(r"^    ([a-z][a-z-]*)", usage, re.MULTILINE))
    assert "doctor" in verbs
    named = {
        (file.name, verb)
        for file in files
        for verb in re.findall(
            r"(?:[`\"; ]|^)floorgate (?!floorgate)([a-z][a-z-]+)",
            file.read_text("utf-8"),
            re.MULTILINE,
        )
    }
    assert sorted(each for each in named if each[1] not in verbs) == []


def test_each_installer_verb_and_unit_of_the_run_book_exists() -> None:
    """What it does with install.sh and systemctl can be done (OPS-1, OPS-2)."""
    script = (ROOT / "install.sh").read_text("utf-8")
    units = {path.name for path in (ROOT / "systemd").iterdir()} | {"floorgate"}
    for words in commands(PAGE):
        if words[0].endswith("install.sh") and words[1:2] not in ([], ["--"]):
            assert f"install.sh {words[1]}" in script, words
        if words[0] == "systemctl":
            named = {word for word in words if word.startswith("floorgate")}
            assert named, words
            assert named <= units, words


def test_both_languages_give_the_same_commands_in_the_same_order() -> None:
    """Names aside, a reader of either language does the same."""
    plain = [[w for w in words if w.isascii() and " " not in w] for words in commands(ENGLISH)]
    other = [[w for w in words if w.isascii() and " " not in w] for words in commands(CHINESE)]
    assert other == plain
    assert CHINESE.count("\n## ") == ENGLISH.count("\n## ")


def test_each_alarm_leads_to_its_section() -> None:
    """Every runbook link of docs/alerts.yml ends at a section, in both languages (REP-2)."""
    alerts = (ROOT / "docs" / "alerts.yml").read_text("utf-8")
    linked = set(re.findall(r"OPERATIONS\.md#([\w-]+)", alerts))
    assert linked == set(re.findall(r'<a id="([\w-]+)">', ENGLISH))
    assert linked == set(re.findall(r'<a id="zh-([\w-]+)">', CHINESE))


@pytest.mark.parametrize(("language", "page"), [("zh", CHINESE), ("en", ENGLISH)])
def test_each_alarm_of_the_floor_has_its_row(language: str, page: str) -> None:
    """Whatever can call a person, or mark an order, is explained under the screen's words (OPS-3).

    A code is in the list of `raise_alarm`, which mypy holds to it; categories of a freeze have
    texts of their own; marks are those of the default ruleset and of the box itself.
    """
    texts: dict[str, str] = {}
    for name in (f"{language}.start.json", f"{language}.json"):
        texts |= json.loads((page_root() / "locales" / name).read_bytes())
    timers = tomllib.loads(default_ruleset().decode())["timers"]
    marks = {STUCK, LABEL_DUE} | {timer["mark"] for timer in timers if "mark" in timer}
    keys = {key for key in texts if key.startswith("alarm_text.")}
    assert keys >= {f"alarm_text.{code}" for code in get_args(AlarmCode)}
    keys |= {f"mark.{mark}" for mark in marks}
    rows = re.findall(r"^\| (.+?) \| (`[a-z_` ]+`) \| .+ \|$", page, re.MULTILINE)
    explained = {(code, text) for text, codes in rows for code in codes.replace("`", "").split()}
    assert explained == {(key.partition(".")[2], _shown(texts[key])) for key in keys}


def _shown(text: str) -> str:
    """Return a text of the page with … for what it fills in, and of two words the plural."""
    text = re.sub(r"\{\w+:[^|}]*\|([^}]*)\}", r"\1", text)
    return re.sub(r"\{\w+\}", "…", text)


def test_each_alarm_of_the_box_has_its_row() -> None:
    """Each alert of docs/alerts.yml stands in the table, in both languages (REP-2)."""
    alerts = (ROOT / "docs" / "alerts.yml").read_text("utf-8")
    raised = re.findall(r"- alert: (\w+)", alerts)
    for page in (CHINESE, ENGLISH):
        assert re.findall(r"^\| `(\w+)` \| .+ \| .+ \|$", page, re.MULTILINE) == raised


def test_what_the_installer_says_about_pdas_is_served() -> None:
    """The enrolment page that section 3 leads to is part of the box (SEC-1)."""
    assert (page_root() / "enrol" / "page.template").is_file()


def test_the_packages_that_the_page_counts_are_those_that_are_pinned() -> None:
    """The table of wheels is of today's lock file, in both languages (OPS-1)."""
    lock = (ROOT / "requirements" / "run.txt").read_text("utf-8")
    pins = re.findall(r"^([\w.-]+)==(?!.*win32)", lock, re.MULTILINE)
    assert f"all {len(pins)} have wheels" in ENGLISH
    assert f"{len(pins)} 个都有 wheel" in CHINESE
    for text, mark in ((ENGLISH, "have none: "), (CHINESE, "个没有：")):
        named = re.split(r", |、", text.partition(mark)[2].partition(" |")[0])
        assert [each for each in named if each.lower() not in pins] == []
        assert len(named) == 10
