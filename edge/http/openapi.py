"""OpenAPI 3.1, generated from the table of routes and the types that they name."""

import re
from typing import Any, Final

import msgspec

from edge.app.access import ANYBODY
from edge.app.floor import Reply
from edge.domain.refusals import FAULTS, HTTP_STATUS
from edge.http.guard import COOKIE
from edge.http.routes import Route

REF: Final = "#/components/schemas/{name}"
ALWAYS: Final = ("malformed", "origin_refused", "internal")


class Refused(msgspec.Struct, frozen=True):
    """A "no": `code` and `hint` are keys of the locale files, `facts` fill their texts."""

    ok: bool
    code: str
    facts: dict[str, Any]
    hint: str


def document(routes: list[Route], version: str) -> dict[str, Any]:
    """Return the OpenAPI document of `routes`."""
    types = [t for route in routes for t in (route.takes, route.gives) if t is not None]
    schemas, components = msgspec.json.schema_components([*types, Refused, Reply], ref_template=REF)
    by_type = dict(zip(map(str, [*types, Refused, Reply]), schemas, strict=True))
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Floorgate", "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(route: Route, by_type: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": route.summary, "responses": {}}
    names = re.findall(r"{(\w+)}", route.path)
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
    if route.who is not ANYBODY:
        operation["security"] = [{"cookie": []}, {"bearer": []}]
    if route.takes is not None:
        body = {"application/json": {"schema": by_type[str(route.takes)]}}
        operation["requestBody"] = {"required": True, "content": body}
    done: dict[str, Any] = {"description": "Done"}
    if route.gives is not None:
        done["content"] = {"application/json": {"schema": by_type[str(route.gives)]}}
    operation["responses"]["200"] = done
    codes = [*ALWAYS, *route.refusals]
    if route.who is not ANYBODY:
        codes += ["not_signed_in", "role_missing"]
    for status in sorted({HTTP_STATUS[FAULTS[code]] for code in codes}):
        names = [code for code in codes if HTTP_STATUS[FAULTS[code]] == status]
        operation["responses"][str(status)] = {
            "description": "Refused: " + ", ".join(names),
            "content": {"application/json": {"schema": {"$ref": REF.format(name="Refused")}}},
        }
    return operation
