"""The page's modules and styles as they travel: what is needed together is one file.

The page is written as small modules, and a slow PDA pays more for each request than for what it
brings. So the modules that a screen cannot do without are joined in a bundle, each in a function of
its own. Whoever imports one of them takes it from there: there is one instance of each, as ever.

A style stands where another imports it, and travels with that one only. The page itself carries the
style and the script that its first paint waits for.

It knows the forms that the page is written in; any other is an error, not a guess.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

ENTRY: Final = "src/main.js"
BUNDLES: Final = {"src/start.js": ENTRY, "src/work.js": "src/screens/pick.js"}
"""Bundle → the module that it holds with all it imports: the first paint, then the pick.

A module stands in the first bundle that needs it; the entry stands by itself.
"""

_IMPORT: Final = re.compile(r"(?m)^import (?:\{([^}]*)\}|\* as (\w+)) from '(\.[^']+)';$")
_LATER: Final = re.compile(r"\bimport\('(\.[^']+)'\)")
_EXPORT: Final = re.compile(r"(?m)^export (?=(?:async function|function|class|const) (\w+))")
_LIST: Final = re.compile(r"(?m)\bexport ?\{([^}]*)\};?$")
_NAME: Final = re.compile(r"([\w$]+)(?: as ([\w$]+))?")
_STYLE: Final = re.compile(r'(?m)^@import "([^"]+)";\n')
_SHEET: Final = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
_SCRIPT: Final = re.compile(r'<script src="([^"]+)"></script>')
_UNKNOWN: Final = re.compile(r"(?m)^[ \t]*(?:import|export)\b(?!\().*$")


def link(scripts: Mapping[str, str]) -> dict[str, str]:
    """Return scripts by path as they are served: bundles, and what stands in none.

    Raises `ValueError` for an import of what is not there or of oneself in a circle, and for a form
    of import or export that is not known here.
    """
    homes: dict[str, str] = {}
    for bundle, root in BUNDLES.items():
        for path in _needed(scripts, root, ()):
            if path != ENTRY:
                homes.setdefault(path, bundle)
    served = {}
    for path, script in scripts.items():
        if path not in homes:
            served[path] = _brought(homes, path, script)[1]
    for bundle in BUNDLES:
        inside = [path for path, home in homes.items() if home == bundle]
        served[bundle] = _joined(scripts, homes, bundle, inside)
    return served


def link_styles(styles: Mapping[str, str]) -> dict[str, str]:
    """Return styles by path as they are served: each with those in it that it imports.

    Raises `ValueError` for an import of what is not there, in another form, or more than one deep.
    """
    inside = {_at(path, to) for path, style in styles.items() for to in _STYLE.findall(style)}
    if missing := inside - styles.keys():
        raise ValueError(f"there is no {min(missing)}, which a style imports")

    for path, style in styles.items():
        if "@import" in (style if path in inside else _STYLE.sub("", style)):
            raise ValueError(f"{path} has an import that cannot be linked")

    def whole(path: str) -> str:
        return _STYLE.sub(lambda found: styles[_at(path, found[1])], styles[path])

    return {path: whole(path) for path in styles if path not in inside}


class Page(NamedTuple):
    """A page as it is served, with the scripts and styles that stand in it."""

    html: str
    scripts: list[str]
    styles: list[str]


def link_page(html: str, files: Mapping[str, str]) -> Page:
    """Return a page with the styles and the plain scripts in it that it asks for; modules stay out.

    Raises `ValueError` for what is not there, and for a file that would end its element early.
    """
    page = Page(html, [], [])

    def inside(path: str, tag: str, into: list[str]) -> str:
        if path not in files:
            raise ValueError(f"there is no {path}, which the page asks for")
        if f"</{tag}" in files[path].lower():
            raise ValueError(f"{path} holds </{tag}, which would end it inside a page")
        into.append(files[path])
        return f"<{tag}>{files[path]}</{tag}>"

    html = _SHEET.sub(lambda found: inside(found[1], "style", page.styles), html)
    html = _SCRIPT.sub(lambda found: inside(found[1], "script", page.scripts), html)
    return page._replace(html=html)


def _needed(scripts: Mapping[str, str], path: str, above: tuple[str, ...]) -> Iterator[str]:
    """Yield what a module imports, each behind what it needs itself, and then the module."""
    if path not in scripts:
        raise ValueError(f"there is no {path}, which is imported by {above[-1:] or 'nobody'}")
    if path in above:
        raise ValueError(f"a circle of imports: {' → '.join((*above, path))}")
    for found in _IMPORT.finditer(scripts[path]):
        yield from _needed(scripts, _at(path, found[3]), (*above, path))
    yield path


def _joined(
    scripts: Mapping[str, str], homes: Mapping[str, str], bundle: str, inside: list[str]
) -> str:
    """Return a bundle: each module is what a function returns, by its path."""
    used: set[str] = set()
    name, pieces = _name(bundle), []
    for path in inside:
        brought, script = _brought(homes, path, scripts[path])
        used |= brought
        given = {own: own for own in _EXPORT.findall(script)}
        for found in _LIST.finditer(script):
            given |= {other or own: own for own, other in _NAME.findall(found[1])}
        script = _LIST.sub("", _EXPORT.sub("", script))
        _refuse_unknown(path, script)
        told = ", ".join(f"{other}: {own}" for other, own in given.items())
        pieces.append(f"{name}['{path}'] = (() => {{{script}\nreturn {{ {told} }}; }})();\n")
    head = "".join(_import(other) + "\n" for other in sorted(used - {bundle}))
    return f"{head}const {name} = {{}};\n{''.join(pieces)}export default {name};\n"


def _brought(homes: Mapping[str, str], path: str, script: str) -> tuple[set[str], str]:
    """Return the bundles that a module takes from, and the module taking from them.

    One that stands by itself also imports them; every line stays where it was.
    """
    used: set[str] = set()

    def now(found: re.Match[str]) -> str:
        target = _at(path, found[3])
        if target not in homes:
            return found[0]
        used.add(homes[target])
        names = found[2] or f"{{{found[1].replace(' as ', ': ')}}}"
        return f"const {names} = {_name(homes[target])}['{target}'];"

    def later(found: re.Match[str]) -> str:
        target = _at(path, found[1])
        home = homes.get(target)
        return (
            f"import('/{home}').then((m) => m.default['{target}'])"
            if home
            else (f"import('/{target}')")
        )

    script = _LATER.sub(later, _IMPORT.sub(now, script))
    if path in homes:
        return used, script
    _refuse_unknown(path, _EXPORT.sub("", _IMPORT.sub("", script)))
    return used, "".join(_import(home) for home in sorted(used)) + script


def _refuse_unknown(path: str, script: str) -> None:
    if found := _UNKNOWN.search(script):
        raise ValueError(f"{path} has a form that cannot be linked: {found[0].strip()}")


def _at(path: str, to: str) -> str:
    """Return the path of what a module at `path` names."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), to))


def _name(bundle: str) -> str:
    """Return what a bundle is called in the modules that take from it."""
    return "$" + posixpath.splitext(posixpath.basename(bundle))[0]


def _import(bundle: str) -> str:
    return f"import {_name(bundle)} from '/{bundle}';"
