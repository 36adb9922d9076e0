"""The CEL engine, without the interactive shell that its package loads along with it.

`import cel` takes 230 ms and 30 MB, nearly all of it for a prompt that a box never shows; the
engine alone takes 13 ms and 4 MB.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cel import Context, Program, compile  # noqa: A004 - the library's own name
else:
    import sys
    from importlib.machinery import PathFinder
    from importlib.util import find_spec, module_from_spec

    _spec = PathFinder.find_spec("cel.cel", find_spec("cel").submodule_search_locations)
    _engine = module_from_spec(_spec)
    sys.modules[_spec.name] = _engine  # a later `import cel` shares it
    _spec.loader.exec_module(_engine)
    Context, Program, compile = _engine.Context, _engine.Program, _engine.compile  # noqa: A001

__all__ = ["Context", "Program", "compile"]
