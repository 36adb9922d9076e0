"""The house rules that no linter knows, each one a small function with a planted case.

A rule takes a file and yields `(line, what to do)`. A vendored file is somebody else's and is not
looked at; neither is this file, which must spell out what it forbids.
"""

import ast
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
SELF = "tests/tidy/test_tidy.py"

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
LINE_CHARS_MAX = 100
PRAGMA = re.compile(r"  # (noqa|type: ignore|fmt: skip).*$")
"""Words to the checkers behind a line of code do not count."""

CODE = {".py", ".js", ".mjs", ".css", ".sh"}
SCRIPT = {".js", ".mjs"}
TEXT = CODE | {".md", ".toml", ".sql", ".html", ".json", ".txt", ".service", ".rules", ""}

PURE = (
    "edge/domain/",
    "sync/messages",
    "sync/codec",
    "sync/chain",
    "sync/replicator",
    "sync/backoff",
    "drivers/printers/",
    "drivers/labels/",
    "drivers/scanners/framing",
    "drivers/discovery/identity",
    "drivers/discovery/model",
    "drivers/discovery/passive",
    "drivers/discovery/snmp_message",
)
"""Where time, ids, randomness, files and links are arguments, never imports."""

IMPURE = {
    *("asyncio", "socket", "ssl", "select", "selectors", "subprocess", "threading", "queue"),
    *("os", "pathlib", "shutil", "tempfile", "signal", "sqlite3", "aiosqlite", "aiohttp"),
    *("time", "random", "secrets", "uuid", "logging", "structlog"),
}
ARGUMENT_TYPES = {"random.Random", "uuid.UUID"}
"""What may be named all the same: the types of arguments, which do nothing by themselves."""

COMMAND_LINE = ("edge/__main__.py", "edge/cli/", "edge/demo/", "edge/bench/", "scripts/", "tests/")
"""Where printing is the job."""

CLOCKS = (
    "edge/bootstrap.py",
    "edge/clock.py",
    "sync/hub/clock.py",
    "edge/demo/",
    "edge/bench/",
    "edge/selftest/",
    "tests/",
)
"""Where the real clock is built, or is what is measured."""

BOOTS = ("tests/install/machine.py",)
"""A machine that boots tells nobody outside of it."""

BANNED_CALLS = {
    "time.sleep": ("wait for the event itself: asyncio.Event, a condition, a reply", BOOTS),
    "print": ("log with structlog, or return the text to the command line", COMMAND_LINE),
    "time.time": ("take a Clock, or the time as an argument", CLOCKS),
    "time.time_ns": ("take a Clock, or the time as an argument", CLOCKS),
    "datetime.now": ("take a Clock, or the time as an argument", CLOCKS),
    "datetime.utcnow": ("take a Clock, or the time as an argument", CLOCKS),
    "datetime.today": ("take a Clock, or the time as an argument", CLOCKS),
    "date.today": ("take a Clock, or the time as an argument", CLOCKS),
    "asyncio.get_event_loop": ("asyncio.get_running_loop()", ()),
    "os.system": ("subprocess.run([...]) with a list", ()),
    "sys.path.insert": ("`make setup` installs the checkout; import by package name", ()),
    "sys.path.append": ("`make setup` installs the checkout; import by package name", ()),
}

BANNED_TEXT = {
    r"\b(TODO|FIXME|XXX)\b": ("do it now, or leave it out", CODE),
    r"# type: ignore(?!\[)": ("name the code: type: ignore[code]", {".py"}),
    r"# noqa(?!: [A-Z])": ("name the rule: noqa: RULE", {".py"}),
    r"\bconsole\.(log|debug)\(": ("remove it, or show it to the person", SCRIPT),
    r"\.innerHTML\s*\+?=": ("build nodes, or set textContent", SCRIPT),
    r"(?<![\w.])(eval\(|new Function\()": ("write the code itself", SCRIPT),
    r"(?<![\w.~])/(work|root|home|Users)/\w": ("no path of one machine; take it as input", TEXT),
    r"[\U0001F000-\U0001FAFF]": ("say it in words, or draw an icon", TEXT),
    r"\b(pypi|pythonhosted|npmjs|debian|crates|docker)\.(org|com|io)\b": (
        "name the package, not the registry's host",
        TEXT,
    ),
}

UNBOUNDED = {"asyncio.Queue", "asyncio.PriorityQueue", "queue.Queue", "queue.SimpleQueue"}
SKIPS = {
    *("pytest.skip", "pytest.importorskip", "unittest.skip"),
    *("pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"),
}

REQUIREMENTS = {
    "APPR": 4,
    "AUD": 4,
    "DEV": 6,
    "FLOW": 13,
    "FRZ": 7,
    "GIFT": 4,
    "OPS": 4,
    "PDA": 6,
    "PICK": 11,
    "PRN": 8,
    "REP": 4,
    "RET": 3,
    "RULE": 5,
    "SEC": 5,
    "SYNC": 8,
}
"""The highest number in each family of requirements; families count from 1 without gaps."""

Found = Iterator[tuple[int, str]]
Rule = Callable[["Source"], Found]


class Source:
    """One tracked file: its path from the root, its text, its syntax tree when it is Python."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.suffix = PurePosixPath(path).suffix
        self.lines = text.splitlines()
        self.is_test = path.startswith("tests/") and PurePosixPath(path).name.startswith("test_")

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the syntax tree; none for other languages."""
        return list(ast.walk(ast.parse(self.text))) if self.suffix == ".py" else []

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call with the dotted name that is called."""
        for node in self.nodes:
            if isinstance(node, ast.Call):
                yield node, ast.unparse(node.func)


def named(name: str, target: str) -> bool:
    """Whether a dotted name is the target, however much of its module was written."""
    return name == target or (target.count(".") == 1 and name.endswith("." + target))


def file_length(source: Source) -> Found:
    """A file fits in one head."""
    if source.suffix in CODE and len(source.lines) > FILE_LINES_MAX:
        yield FILE_LINES_MAX + 1, f"split it by role: {len(source.lines)} > {FILE_LINES_MAX} lines"


def function_length(source: Source) -> Found:
    """A function fits on one screen."""
    for line, count in [*python_functions(source), *script_functions(source)]:
        if count > FUNCTION_LINES_MAX:
            yield line, f"split the function: {count} > {FUNCTION_LINES_MAX} lines"


def python_functions(source: Source) -> Iterator[tuple[int, int]]:
    """First line and number of lines of each Python function."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


SCRIPT_FUNCTION = re.compile(
    r"^(\s*)(?:export )?(?:default )?(?:(?:async )?function\b|(?:const|let) \w+ = .*=> \{$)"
)


def script_functions(source: Source) -> Iterator[tuple[int, int]]:
    """The same for JavaScript, where a function ends at the brace in its own column."""
    if source.suffix not in SCRIPT:
        return
    for start, line in enumerate(source.lines):
        if opening := SCRIPT_FUNCTION.match(line):
            closing = re.compile(rf"{opening[1]}\}}")
            for end in range(start, len(source.lines)):
                if closing.match(source.lines[end]):
                    yield start + 1, end - start + 1
                    break


def line_length(source: Source) -> Found:
    """Two files fit side by side."""
    for number, line in enumerate(source.lines, 1):
        chars = len(PRAGMA.sub("", line))
        if source.suffix in CODE and chars > LINE_CHARS_MAX:
            yield number, f"break the line: {chars} > {LINE_CHARS_MAX} characters"


def banned_calls(source: Source) -> Found:
    """A call that hides time, output or a shell has a better one."""
    for call, name in source.calls():
        for target, (instead, allowed) in BANNED_CALLS.items():
            if named(name, target) and not source.path.startswith(allowed):
                yield call.lineno, f"{target}: {instead}"
        if any(k.arg == "shell" and ast.unparse(k.value) == "True" for k in call.keywords):
            yield call.lineno, "shell=True: pass the arguments as a list"


def banned_text(source: Source) -> Found:
    """Words, paths and hosts that do not belong in the repository."""
    for pattern, (instead, suffixes) in BANNED_TEXT.items():
        for match in re.finditer(pattern, source.text) if source.suffix in suffixes else ():
            yield source.text.count("\n", 0, match.start()) + 1, f"{match[0].strip()}: {instead}"


def silent_handlers(source: Source) -> Found:
    """No error vanishes: a broad handler says or does something."""
    broad = {"", "Exception", "BaseException"}
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler):
            kind = ast.unparse(node.type) if node.type else ""
            if kind in broad and all(isinstance(step, ast.Pass) for step in node.body):
                yield node.lineno, "name the error that is expected, and say why it may pass"
    for call, name in source.calls():
        if name.endswith("suppress") and broad & {ast.unparse(given) for given in call.args}:
            yield call.lineno, "suppress the one error that is expected"


def unbounded_queues(source: Source) -> Found:
    """Every queue has a limit with a name."""
    for call, name in source.calls():
        if name in UNBOUNDED and not call.args and not call.keywords:
            yield call.lineno, f"{name}: give it a named *_MAX"


def pure_imports(source: Source) -> Found:
    """What decides has no clock, no randomness, no files and no links to reach for."""
    if not source.path.startswith(PURE):
        return
    for line, name in imports(source):
        if name.split(".")[0] in IMPURE and name not in ARGUMENT_TYPES:
            yield line, f"{name} in a pure module: take it as an argument"
    for call, name in source.calls():
        if name == "open":
            yield call.lineno, "open() in a pure module: take the bytes as an argument"


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each thing imported."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def cases(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The test functions and methods of a file."""
    for node in source.nodes if source.is_test else ():
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("test_"):
            yield node


def documented_tests(source: Source) -> Found:
    """A test says in one sentence what is true when it passes."""
    for case in cases(source):
        if not ast.get_docstring(case):
            yield case.lineno, f"{case.name}: say in a docstring what it shows"


def no_skipped_tests(source: Source) -> Found:
    """A test runs everywhere or does not exist."""
    for node in source.nodes if source.path.startswith("tests/") else ():
        if isinstance(node, ast.Attribute) and (name := ast.unparse(node)) in SKIPS:
            yield node.lineno, f"{name}: make it run here, or delete it"


def known_requirements(source: Source) -> Found:
    """A requirement that a test cites is one of the product's."""
    for match in re.finditer(r"\b([A-Z]{2,4})-(\d+)\b", source.text) if source.is_test else ():
        family, number = match[1], int(match[2])
        if family in REQUIREMENTS and not 1 <= number <= REQUIREMENTS[family]:
            line = source.text.count("\n", 0, match.start()) + 1
            yield line, f"{match[0]}: {family} ends at {REQUIREMENTS[family]}"


def broken_links(source: Source) -> Found:
    """A link or picture of a document leads to a file that is there."""
    pattern = r"\]\((?![a-z]+:|#)([^)#\s]+)"
    for match in re.finditer(pattern, source.text) if source.suffix == ".md" else ():
        if not (ROOT / source.path).parent.joinpath(match[1]).exists():
            line = source.text.count("\n", 0, match.start()) + 1
            yield line, f"{match[1]}: no such file; correct or remove the link"


RULES: tuple[Rule, ...] = (
    file_length,
    function_length,
    line_length,
    banned_calls,
    banned_text,
    silent_handlers,
    unbounded_queues,
    pure_imports,
    documented_tests,
    no_skipped_tests,
    known_requirements,
    broken_links,
)


def tree() -> list[Source]:
    """Every text file of the repository, also one that is not committed yet."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [path for path in listing.stdout.decode().split("\0") if path and path != SELF]
    return [
        Source(path, (ROOT / path).read_text("utf-8"))
        for path in paths
        if "/vendor/" not in path and PurePosixPath(path).suffix in TEXT and (ROOT / path).is_file()
    ]


@pytest.fixture(scope="module", name="sources")
def _sources() -> list[Source]:
    return tree()


def test_the_tree_is_found(sources: list[Source]) -> None:
    """The rules look at the packages, the scripts and the tests, and not at vendored code."""
    assert {"pyproject.toml", "edge/__init__.py", "sync/chain.py"} <= {s.path for s in sources}
    assert [s.path for s in sources if "vendor" in PurePosixPath(s.path).parts] == []


def test_the_lock_files_hold_every_dependency() -> None:
    """Each library that pyproject.toml names is pinned with hashes: run-time ones in both files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = re.compile(r"^([\w-]+)==\S+.*\\\n +--hash=", re.MULTILINE)
    run, dev = (
        set(pinned.findall((ROOT / "requirements" / name).read_text("utf-8")))
        for name in ("run.txt", "dev.txt")
    )
    needed = {re.split(r"[<>=]", each)[0] for each in project["dependencies"]}
    needed_dev = {re.split(r"[<>=]", each)[0] for each in project["optional-dependencies"]["dev"]}
    assert needed - run == set(), "renew them by: make lock"
    assert (needed | needed_dev | run) - dev == set(), "renew them by: make lock"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_is_tidy(rule: Rule, sources: list[Source]) -> None:
    """No file of the repository breaks the rule."""
    found = [f"{s.path}:{line}: {fix}" for s in sources for line, fix in rule(s)]
    assert found == [], "\n".join(["", *found])


LONG_BODY = "    x = 1\n" * FUNCTION_LINES_MAX
PLANTED: tuple[tuple[Rule, str, str, int], ...] = (
    (file_length, "edge/a.py", "x = 1\n" * (FILE_LINES_MAX + 1), FILE_LINES_MAX + 1),
    (function_length, "edge/a.py", "\ndef f():\n" + LONG_BODY, 2),
    (function_length, "ui_pwa/a.js", "export function f() {\n" + LONG_BODY + "}\n", 1),
    (line_length, "ui_pwa/a.css", "\n" + "x" * (LINE_CHARS_MAX + 1), 2),
    (banned_calls, "tests/test_a.py", "import time\ntime.sleep(1)\n", 2),
    (banned_calls, "edge/app/a.py", "print('x')\n", 1),
    (banned_calls, "edge/app/a.py", "x = datetime.datetime.now(tz=UTC)\n", 1),
    (banned_calls, "sync/agent.py", "\nx = time.time()\n", 2),
    (banned_calls, "edge/app/a.py", "asyncio.get_event_loop()\n", 1),
    (banned_calls, "edge/app/a.py", "subprocess.run('ls', shell=True)\n", 1),
    (banned_calls, "tests/test_a.py", "sys.path.insert(0, '.')\n", 1),
    (banned_text, "edge/a.py", "x = 1  # TODO: later\n", 1),
    (banned_text, "edge/a.py", "\nx = f()  # type: ignore\n", 2),
    (banned_text, "edge/a.py", "x = f()  # noqa\n", 1),
    (banned_text, "ui_pwa/a.js", "node.innerHTML = text;\n", 1),
    (banned_text, "docs/A.md", "run it in /work/main\n", 1),
    (banned_text, "requirements/run.txt", "--index-url https://pypi.org/simple\n", 1),
    (silent_handlers, "edge/a.py", "try:\n    f()\nexcept Exception:\n    pass\n", 3),
    (silent_handlers, "edge/a.py", "with suppress(Exception):\n    f()\n", 1),
    (unbounded_queues, "edge/a.py", "q = asyncio.Queue()\n", 1),
    (pure_imports, "edge/domain/a.py", "from time import monotonic\n", 1),
    (pure_imports, "sync/codec.py", "import os.path\n", 1),
    (pure_imports, "drivers/labels/a.py", "font = open('a.ttf').read()\n", 1),
    (documented_tests, "tests/test_a.py", "def test_a():\n    assert f() == 1\n", 1),
    (no_skipped_tests, "tests/test_a.py", "\n@pytest.mark.skip\ndef test_a(): ...\n", 2),
    (no_skipped_tests, "tests/test_a.py", "pytest.skip('not here')\n", 1),
    (known_requirements, "tests/test_a.py", '"""Shows FLOW-1 and FLOW-14."""\n', 1),
    (broken_links, "docs/A.md", "[the map](../README.md)\n[gone](GONE.md#why)\n", 2),
)


@pytest.mark.parametrize(("rule", "path", "text", "line"), PLANTED)
def test_a_planted_case_is_caught(rule: Rule, path: str, text: str, line: int) -> None:
    """The rule finds exactly the planted case, at its line."""
    assert [found for found, _ in rule(Source(path, text))] == [line]


ALLOWED: tuple[tuple[Rule, str, str], ...] = (
    (file_length, "edge/a.py", "x = 1\n" * FILE_LINES_MAX),
    (function_length, "edge/a.py", "def f():\n" + LONG_BODY.replace("    x = 1\n", "", 1)),
    (line_length, "edge/a.py", "x" * LINE_CHARS_MAX),
    (banned_calls, "edge/__main__.py", "print('x')\n"),
    (banned_calls, "edge/bootstrap.py", "x = datetime.now(tz=UTC)\n"),
    (banned_calls, "edge/app/a.py", "x = 'time.sleep(1)'\nclock.time()\n"),
    (banned_text, "edge/a.py", "f()  # type: ignore[arg-type]\nurl = '/api/work/1'\n"),
    (silent_handlers, "edge/a.py", "try:\n    f()\nexcept KeyError:\n    pass\n"),
    (unbounded_queues, "edge/a.py", "q = asyncio.Queue(SCANS_MAX)\n"),
    (pure_imports, "edge/http/a.py", "import asyncio\n"),
    (pure_imports, "sync/backoff.py", "from random import Random\n"),
    (documented_tests, "tests/test_a.py", 'def test_a():\n    """It is one."""\n'),
    (known_requirements, "tests/test_a.py", '"""Shows FLOW-13; GS1-128 and ISO-8859."""\n'),
    (broken_links, "README.md", "[a](docs/STYLE.md#tests), [b](https://example.com), [c](#why)\n"),
)


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED)
def test_what_is_allowed_passes(rule: Rule, path: str, text: str) -> None:
    """The rule finds nothing where nothing is wrong."""
    assert list(rule(Source(path, text))) == []
