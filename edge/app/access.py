"""Who may see and do what over the web: one table of routes by role, one of pushed entries.

A route that is not in the table cannot be served, and a kind of entry that no row begins is told to
nobody. What a command may do is the ruleset's to say (`[roles]`), command by command.
"""

from collections.abc import Iterable
from typing import Final

ROLES: Final = ("picker", "packer", "keeper", "leader", "supervisor", "admin")

Who = frozenset[str] | None
"""Roles, any one of which is enough; None for whoever asks, signed in or not."""

ANYBODY: Final[Who] = None
EVERYONE: Final = frozenset(ROLES)
PACKING: Final = EVERYONE - {"picker"}
DESK: Final = PACKING - {"packer"}
OVERSEERS: Final = DESK - {"keeper"}
OWNERS: Final = OVERSEERS - {"leader"}

ROUTES: Final[dict[str, Who]] = {
    "GET /health": ANYBODY,
    "GET /health/live": ANYBODY,
    "GET /health/ready": ANYBODY,
    "GET /metrics": ANYBODY,
    "GET /api/v1/printers": ANYBODY,
    "GET /api/v1/challenge": ANYBODY,
    "GET /api/v1/sheet.pdf": ANYBODY,
    "POST /api/v1/pair": ANYBODY,
    "POST /api/v1/session": ANYBODY,
    "GET /api/v1/first-admin": ANYBODY,
    "POST /api/v1/first-admin": ANYBODY,
    "GET /api/v1/badges/{ticket}.png": ANYBODY,
    "GET /api/v1/badges/{ticket}.pdf": ANYBODY,
    "POST /api/v1/badges/{ticket}/print": ANYBODY,
    "GET /api/v1/session": EVERYONE,
    "DELETE /api/v1/session": EVERYONE,
    "POST /api/v1/commands": EVERYONE,
    "GET /api/v1/ws": EVERYONE,
    "PUT /api/v1/orders/{id}/status": EVERYONE,
    "GET /api/v1/tasks": EVERYONE,
    "GET /api/v1/tasks/{id}": EVERYONE,
    "GET /api/v1/orders": EVERYONE,
    "GET /api/v1/orders/{id}": EVERYONE,
    "GET /api/v1/orders/{id}/why-not": EVERYONE,
    "GET /api/v1/orders/{id}/timeline": EVERYONE,
    "GET /api/v1/orders/{id}/gifts": EVERYONE,
    "GET /api/v1/approvals": EVERYONE,
    "GET /api/v1/approvals/{id}": EVERYONE,
    "POST /api/v1/approvals/{id}/decide": EVERYONE,
    "GET /api/v1/alarms": EVERYONE,
    "GET /api/v1/alarm-log": EVERYONE,
    "GET /api/v1/messages/{id}": EVERYONE,
    "GET /api/v1/reasons": EVERYONE,
    "GET /api/v1/return-codes": EVERYONE,
    "GET /api/v1/workflow": EVERYONE,
    "GET /api/v1/workflow.svg": EVERYONE,
    "GET /api/v1/counts": EVERYONE,
    "GET /api/v1/stock/{id}": EVERYONE,
    "POST /api/v1/decode": EVERYONE,
    "GET /api/v1/training": EVERYONE,
    "POST /api/v1/practice": EVERYONE,
    "DELETE /api/v1/practice": EVERYONE,
    "GET /api/v1/practice/lesson": EVERYONE,
    "POST /api/v1/practice/lesson": EVERYONE,
    "GET /api/v1/practice/code.svg": EVERYONE,
    "GET /api/v1/practice/ws": EVERYONE,
    "GET /api/v1/practice/session": EVERYONE,
    "POST /api/v1/practice/commands": EVERYONE,
    "GET /api/v1/practice/tasks": EVERYONE,
    "GET /api/v1/practice/tasks/{id}": EVERYONE,
    "GET /api/v1/practice/packing": EVERYONE,
    "GET /api/v1/practice/packing/{code}": EVERYONE,
    "GET /api/v1/practice/orders": EVERYONE,
    "GET /api/v1/practice/orders/{id}": EVERYONE,
    "GET /api/v1/practice/alarms": EVERYONE,
    "GET /api/v1/practice/reasons": EVERYONE,
    "GET /api/v1/packing": PACKING,
    "GET /api/v1/packing/{code}": PACKING,
    "GET /api/v1/labels/fix-queue": PACKING,
    "GET /api/v1/jobs": PACKING,
    "GET /api/v1/print-jobs": PACKING,
    "GET /api/v1/print-jobs/{id}/slip.svg": PACKING,
    "PUT /api/v1/blobs/{sha256}": PACKING,
    "GET /api/v1/blobs/{sha256}": PACKING,
    "GET /api/v1/devices": PACKING,
    "GET /api/v1/devices/{id}": PACKING,
    "GET /api/v1/stations": PACKING,
    "GET /api/v1/stock-checks": DESK,
    "GET /api/v1/reports/print-healing": DESK,
    "POST /api/v1/pairings": OVERSEERS,
    "GET /api/v1/pdas": OVERSEERS,
    "GET /api/v1/doctor": OVERSEERS,
    "POST /api/v1/doctor/fix": OVERSEERS,
    "GET /api/v1/people": OVERSEERS,
    "POST /api/v1/people/{id}/badge": OVERSEERS,
    "POST /api/v1/people/{id}/pin": OWNERS,
    "GET /api/v1/rulesets": OVERSEERS,
    "GET /api/v1/rulesets/back/trial": OVERSEERS,
    "POST /api/v1/rulesets/rollback": OWNERS,
    "POST /api/v1/rulesets/sandbox": OWNERS,
}

WHILE_LOCKED: Final = frozenset(
    {"GET /api/v1/session", "DELETE /api/v1/session", "GET /api/v1/ws", "POST /api/v1/commands"}
)
"""Routes of a locked session; of its commands the law takes those captured before."""

_PICKER: Final = (
    "task.", "freeze.", "order.moved", "order.prioritised", "tote.", "ruleset.", "putback.",
)  # fmt: skip
_PACKER: Final = (*_PICKER, "pack.", "waybill.", "print.", "slip.", "handover.", "gift.", "device.")
_ALL: Final = ("",)

ENTRIES: Final[dict[str, tuple[str, ...]]] = {
    "picker": _PICKER,
    "packer": _PACKER,
    "keeper": _ALL,
    "leader": _ALL,
    "supervisor": _ALL,
    "admin": _ALL,
}
"""Beginnings of the kinds of entry that a role is told of. No entry holds personal data."""

OF_PEOPLE: Final = (
    "people.", "person.", "session.", "badge.", "pin.", "shift.", "account.", "training.",
    "device.paired", "device.renamed", "device.revoked",
)  # fmt: skip
"""Entries about people and their PDAs, which only overseers are told of."""


def who_may(method: str, path: str) -> Who:
    """Return who may use a route.

    Raises:
        LookupError: nobody has said who; the text says where to.
    """
    key = f"{method} {path}"
    if key not in ROUTES:
        raise LookupError(f"say in {__name__} who may use {key}")
    return ROUTES[key]


def hears(roles: Iterable[str], kind: str) -> bool:
    """Tell whether somebody with `roles` is told of entries of `kind`."""
    if kind.startswith(OF_PEOPLE):
        return not OVERSEERS.isdisjoint(roles)
    return any(kind.startswith(ENTRIES.get(role, ())) for role in roles)


def access_page() -> str:
    """Return docs/ACCESS.md."""
    head = "| | nobody signed in | " + " | ".join(ROLES) + " |\n"
    line = "|---" * (len(ROLES) + 2) + "|\n"
    rows = [_row(f"`{key}`", who) for key, who in ROUTES.items()]
    kinds = sorted({kind for told in ENTRIES.values() for kind in told if kind} | set(OF_PEOPLE))
    pushed = [_row(f"`{kind}`", _told(kind)) for kind in (*kinds, "")]
    return PAGE.format(routes=head + line + "".join(rows), entries=head + line + "".join(pushed))


def _told(kind: str) -> frozenset[str]:
    return frozenset(role for role in ROLES if hears((role,), kind))


def _row(name: str, who: Who) -> str:
    cells = ["yes" if who is None else "", *("yes" if _in(r, who) else "" for r in ROLES)]
    return f"| {name if name != '``' else 'anything else'} | " + " | ".join(cells) + " |\n"


def _in(role: str, who: Who) -> bool:
    return who is None or role in who


PAGE: Final = """\
# Who may see and do what

Generated from `edge/app/access.py` by `floorgate docs`; do not edit. The tests in
`tests/http/test_access.py` ask every cell of both tables.

A person has one or several roles; any one of them is enough. Who may not is answered
`403 role_missing {{roles}}`, who is not signed in `401 not_signed_in`. Which command a role may
send is in the ruleset (`[roles]`, see RULESET.md), and is checked where it is carried out. No route
and no frame holds a recipient's name, phone or address.

## Routes

{routes}
The page's own files, `/api/v1/openapi.json` and the enrolment page are open to anybody.

## Pushed entries, by how their kind begins

{entries}
Besides, everybody is told of the entries that name them, of their alarms, and of what works now.
"""
