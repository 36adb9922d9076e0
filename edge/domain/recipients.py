"""What the law may know of a recipient: facts derived once, when the record comes in.

Name, phone and address stand beside the journal; only these facts go into it (SEC-5).
"""

import re
from typing import Any, Final

from edge.domain.entries import PersonalRecord
from edge.domain.personal import seal
from edge.domain.rules import Ruleset
from edge.domain.turn import Turn

DERIVED: Final = {
    "recipient": ("phone_masked", "address_vague", "same_city"),
    "remark": ("remark_hits",),
}
"""Personal fields, and the facts that are derived of each."""
PERSONAL_FIELDS: Final = tuple(DERIVED)
_DIGIT: Final = re.compile(r"[0-9\uff10-\uff19]")


def keep_personal(turn: Turn, key: str, body: dict[str, Any]) -> str:
    """Put personal data beside the journal under `key`; return the hash that stands for it."""
    personal = {field: body[field] for field in PERSONAL_FIELDS if body.get(field)}
    if not personal:
        return ""
    salt = turn.env.new_salt()
    turn.personal.append(PersonalRecord(key, salt, personal))
    return seal(salt, personal)


def derived(body: dict[str, Any], rules: Ruleset) -> dict[str, Any]:
    """Return what the rules may ask of the recipient and the remark of `body`."""
    recipient = body.get("recipient") or {}
    remark = str(body.get("remark") or "")
    document = rules.document
    return {
        "phone_masked": "*" in str(recipient.get("phone", "")),
        "address_vague": _is_vague(str(recipient.get("address", "")), document.addresses.chars_min),
        "same_city": _city(recipient.get("city")) == _city(document.site.city) != "",
        "remark_hits": [word for word in document.priorities.remark_words if word in remark],
    }


def _is_vague(address: str, chars_min: int) -> bool:
    """Tell whether an address names no number and is too short to be found without one."""
    return _DIGIT.search(address) is None and len(address.strip()) < chars_min


def _city(name: Any) -> str:  # noqa: ANN401 - whatever the hub sent
    return str(name or "").strip().removesuffix("市").casefold()
