"""The page's modules joined for the wire."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.http.linking import ENTRY, link, link_page, link_styles
from tests.javascript import run_node

PICK = "src/screens/pick.js"
PROGRAM = {
    "vendor/lit.js": "/* @license */\nlet n = 0;const a=()=>n+=1;export{a as count,a as also};\n",
    "src/one.js": (
        "import { count, also as more } from '../vendor/lit.js';\n"
        "export const list = [];\nexport function add(x) {\n  list.push(x, count(), more());\n}\n"
        "export class Box {}\nexport async function wait() {}\n"
    ),
    ENTRY: (
        "import * as one from './one.js';\nimport { say } from './later.js';\n"
        "one.add('entry');\n"
        "const pick = await import('./screens/pick.js');\n"
        "pick.scan('pick');\nawait one.wait();\n"
        "const { other } = await import('./screens/other.js');\nother(new one.Box());\n"
        "say(JSON.stringify(one.list));\n"
    ),
    "src/later.js": "export const say = (text) => console.log(text);\n",
    PICK: "import {\n  add,\n} from '../one.js';\nexport const scan = (x) => add(x);\n",
    "src/screens/other.js": (
        "import { Box, add } from '../one.js';\nimport { scan } from './pick.js';\n"
        "export const other = (box) => {\n  add(box instanceof Box);\n  scan('other');\n};\n"
    ),
}


def printed(scripts: dict[str, str], folder: Path) -> str:
    """Run the entry in Node.js, with `folder` as the root of the site; return what it prints."""
    for path, script in scripts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script.replace("'/src/", f"'{folder}/src/"), "utf-8")
    (folder / "package.json").write_text('{"type": "module"}')
    return run_node(str(folder / ENTRY))


def test_it_is_the_same_program(tmp_path: Path) -> None:
    """Joined or not, each module runs once and everybody has the same one (PDA-1)."""
    told = '["entry",1,2,"pick",3,4,true,5,6,"other",7,8]\n'
    assert printed(PROGRAM, tmp_path / "written") == told
    assert printed(link(PROGRAM), tmp_path / "served") == told


def test_what_is_needed_together_is_one_file() -> None:
    """A module stands in the first bundle that needs it, and nowhere else (PDA-1)."""
    served = link(PROGRAM)
    assert sorted(served) == [
        ENTRY, "src/screens/other.js", "src/start.js", "src/work.js"
    ]  # fmt: skip
    assert served["src/screens/other.js"].count("\n") == PROGRAM["src/screens/other.js"].count("\n")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("import './one.js';\n", "cannot be linked: import './one.js';"),
        ("export default 1;\n", "cannot be linked: export default 1;"),
        ("export * from './one.js';\n", r"cannot be linked: export \* from"),
        ("export let n = 1;\n", "cannot be linked: export let n = 1;"),
        ("import { a } from './none.js';\n", "there is no src/none.js"),
        ("import { scan } from './screens/pick.js';\n", "a circle of imports"),
    ],
)
def test_what_it_does_not_know_is_told(script: str, why: str) -> None:
    """A form that cannot be linked stops the box, which names the file and the line."""
    with pytest.raises(ValueError, match=why):
        link(PROGRAM | {"src/one.js": script})


@given(st.lists(st.sets(st.integers(0, 5)), min_size=6, max_size=6), st.sets(st.integers(0, 5)))
def test_each_stands_once_behind_what_it_imports(needs: list[set[int]], roots: set[int]) -> None:
    """Whatever imports whatever, each module is there once, behind those that it imports."""

    def imports(of: set[int], folder: str) -> str:
        return "".join(f"import {{ a{n} }} from '{folder}m{n}.js';\n" for n in sorted(of))

    of = {n: {other for other in need if other < n} for n, need in enumerate(needs)}
    scripts = {f"src/m{n}.js": imports(of[n], "./") + f"export const a{n} = {n};\n" for n in of}
    scripts |= {ENTRY: imports(roots, "./"), PICK: imports({5}, "../")}
    served = link(scripts)
    whole = served["src/start.js"] + served["src/work.js"]
    for n, need in of.items():
        place = f"['src/m{n}.js'] = "
        assert whole.count(place) + (f"src/m{n}.js" in served) == 1
        assert all(whole.find(f"['src/m{other}.js'] = ") < whole.find(place) for other in need
                   if place in whole)  # fmt: skip


def test_a_style_stands_where_it_is_imported() -> None:
    """Styles that another imports travel in it, in their order, and nowhere else (PDA-1)."""
    styles = {"a/x.css": '@import "y.css";\n@import "z.css";\nx {}\n', "a/y.css": "y {}\n"}
    styles |= {"a/z.css": "z {}\n", "own.css": "own {}\n"}
    assert link_styles(styles) == {"a/x.css": "y {}\nz {}\nx {}\n", "own.css": "own {}\n"}


@pytest.mark.parametrize(
    ("style", "other", "why"),
    [
        ('@import "none.css";\n', "", "there is no none.css"),
        ("@import url(y.css);\n", "", "x.css has an import that cannot be linked"),
        ('@import "y.css";\n', '@import "z.css";\n', "y.css has an import that cannot be linked"),
        ('@import "y.css";\n', '@import "x.css";\n', "x.css has an import that cannot be linked"),
    ],
)
def test_a_style_that_cannot_be_linked_is_told(style: str, other: str, why: str) -> None:
    """What is missing, in another form or more than one deep stops the box, which names it."""
    with pytest.raises(ValueError, match=why):
        link_styles({"x.css": style, "y.css": other, "z.css": ""})


PAGE = (
    '<link rel="stylesheet" href="css/a.css"><link rel="icon" href="a.svg">\n'
    '<script src="src/boot.js"></script><script type="module" src="src/main.js"></script>'
)


def test_a_page_carries_what_its_first_paint_waits_for() -> None:
    """The style and the plain script stand in the page, as they are; modules stay out (PDA-1)."""
    page = link_page(PAGE, {"css/a.css": "p { }\n", "src/boot.js": r"'\1';"})
    assert page.html == (
        '<style>p { }\n</style><link rel="icon" href="a.svg">\n'
        r"<script>'\1';</script>"
        '<script type="module" src="src/main.js"></script>'
    )
    assert (page.scripts, page.styles) == ([r"'\1';"], ["p { }\n"])


@pytest.mark.parametrize(
    ("boot", "fault"),
    [({}, "there is no src/boot.js"), ({"src/boot.js": "'</SCRIPT>'"}, "would end it")],
)
def test_a_page_that_cannot_carry_it_is_an_error(boot: dict[str, str], fault: str) -> None:
    """What is not there, and what would end its element early, is told at the start."""
    with pytest.raises(ValueError, match=fault):
        link_page(PAGE, {"css/a.css": "", **boot})
