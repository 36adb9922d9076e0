"""A "no", as data. `code` and `hint` are keys of the locale files; `facts` fill their texts."""

from enum import StrEnum
from typing import Any

import msgspec


class Fault(StrEnum):
    """Whose fault a refusal is; it decides the HTTP status."""

    MALFORMED = "malformed"
    SIGNED_OUT = "signed_out"
    ROLE = "role"
    UNKNOWN = "unknown"
    STATE = "state"
    """The floor's state says no: somebody was faster, something is not done yet."""
    DATA = "data"
    """What was scanned or typed is not what is needed."""
    GONE = "gone"
    """It was here, and is kept elsewhere now."""
    LIMIT = "limit"
    PEER = "peer"
    NO_ROOM = "no_room"
    """Nothing is wrong with what was asked: it can be taken as soon as the box has room again."""
    US = "us"


HTTP_STATUS: dict[Fault, int] = {
    Fault.MALFORMED: 400,
    Fault.SIGNED_OUT: 401,
    Fault.ROLE: 403,
    Fault.UNKNOWN: 404,
    Fault.STATE: 409,
    Fault.GONE: 410,
    Fault.DATA: 422,
    Fault.LIMIT: 429,
    Fault.US: 500,
    Fault.PEER: 502,
    Fault.NO_ROOM: 507,
}

FAULTS: dict[str, Fault] = {
    "malformed": Fault.MALFORMED,
    "unknown_kind": Fault.MALFORMED,
    "too_large": Fault.MALFORMED,
    "body_late": Fault.MALFORMED,
    "ruleset_invalid": Fault.MALFORMED,
    "ruleset_unsigned": Fault.ROLE,
    "ruleset_for_other_box": Fault.DATA,
    "ruleset_not_newer": Fault.STATE,
    "no_ruleset_before": Fault.STATE,
    "ruleset_not_in_force": Fault.STATE,
    "method_not_allowed": Fault.MALFORMED,
    "not_signed_in": Fault.SIGNED_OUT,
    "sign_in_failed": Fault.SIGNED_OUT,
    "pin_needed": Fault.SIGNED_OUT,
    "session_locked": Fault.STATE,
    "pin_new_needed": Fault.STATE,
    "pin_weak": Fault.DATA,
    "pin_expired": Fault.SIGNED_OUT,
    "admin_known": Fault.STATE,
    "admin_code": Fault.SIGNED_OUT,
    "badge_spent": Fault.UNKNOWN,
    "printer_ill": Fault.STATE,
    "badge_locked": Fault.LIMIT,
    "device_locked": Fault.LIMIT,
    "badge_open": Fault.STATE,
    "badge_missing": Fault.STATE,
    "person_known": Fault.STATE,
    "person_disabled": Fault.STATE,
    "person_id": Fault.DATA,
    "person_name": Fault.DATA,
    "role_unknown": Fault.DATA,
    "unknown_person": Fault.UNKNOWN,
    "not_yourself": Fault.ROLE,
    "badge_old": Fault.DATA,
    "badge_not_here": Fault.DATA,
    "device_unknown": Fault.SIGNED_OUT,
    "device_revoked": Fault.SIGNED_OUT,
    "device_proof": Fault.SIGNED_OUT,
    "pair_code": Fault.SIGNED_OUT,
    "session_over": Fault.SIGNED_OUT,
    "role_missing": Fault.ROLE,
    "not_yours": Fault.ROLE,
    "approval_own": Fault.ROLE,
    "approval_role": Fault.ROLE,
    "origin_refused": Fault.ROLE,
    "unknown_order": Fault.UNKNOWN,
    "unknown_task": Fault.UNKNOWN,
    "unknown_step": Fault.UNKNOWN,
    "unknown_job": Fault.UNKNOWN,
    "unknown_alarm": Fault.UNKNOWN,
    "unknown_tote": Fault.UNKNOWN,
    "unknown_approval": Fault.UNKNOWN,
    "unknown_blob": Fault.UNKNOWN,
    "unknown_pda": Fault.UNKNOWN,
    "unknown_lesson": Fault.UNKNOWN,
    "no_practice": Fault.UNKNOWN,
    "unknown_device": Fault.UNKNOWN,
    "unknown_station": Fault.UNKNOWN,
    "not_found": Fault.UNKNOWN,
    "locked_out": Fault.LIMIT,
    "pair_too_often": Fault.LIMIT,
    "busy": Fault.LIMIT,
    "too_many": Fault.LIMIT,
    "practice_full": Fault.LIMIT,
    "internal": Fault.US,
    "disk_full": Fault.NO_ROOM,
    # what was scanned or typed
    "wrong_bin": Fault.DATA,
    "wrong_item": Fault.DATA,
    "unknown_bin": Fault.DATA,
    "unknown_item": Fault.DATA,
    "surplus": Fault.DATA,
    "qty_mismatch": Fault.DATA,
    "not_a_tote": Fault.DATA,
    "reason_unknown": Fault.DATA,
    "unlock_code_wrong": Fault.DATA,
    "approval_kind": Fault.DATA,
    "approval_answer": Fault.DATA,
    "label_not_ours": Fault.DATA,
    "not_a_slip": Fault.DATA,
    "not_a_sticker": Fault.DATA,
    "test_label_old": Fault.DATA,
    "device_kind_missing": Fault.DATA,
    "device_language_missing": Fault.DATA,
    "device_url": Fault.DATA,
    "label_void": Fault.DATA,
    "label_old_copy": Fault.DATA,
    "phone_masked": Fault.DATA,
    "address_vague": Fault.DATA,
    "recipient_erased": Fault.DATA,
    "blob_differs": Fault.DATA,
    "photo_unreadable": Fault.DATA,
    "media_refused": Fault.DATA,
    "carrier_forbidden": Fault.DATA,
    "carrier_off": Fault.DATA,
    "carrier_unknown": Fault.DATA,
    "rule_error": Fault.DATA,
    "lot_needed": Fault.DATA,
    "not_a_gift": Fault.DATA,
    "gift_unequal": Fault.DATA,
    "gift_there": Fault.STATE,
    "gift_short": Fault.STATE,
    "gift_short_suggest": Fault.STATE,
    "count_waiting": Fault.STATE,
    "expiry_needed": Fault.DATA,
    "wrong_lot": Fault.DATA,
    "lot_expired": Fault.DATA,
    "lot_frozen": Fault.STATE,
    "stock_short": Fault.STATE,
    # where things stand
    "instruction_early": Fault.STATE,
    "id_reused": Fault.STATE,
    "too_old": Fault.STATE,
    "status_is_not_set": Fault.STATE,
    "order_frozen": Fault.STATE,
    "order_ended": Fault.STATE,
    "order_archived": Fault.GONE,
    "not_in_state": Fault.STATE,
    "task_taken": Fault.STATE,
    "task_not_open": Fault.STATE,
    "task_in_hand": Fault.STATE,
    "tote_in_use": Fault.STATE,
    "tote_first": Fault.STATE,
    "location_first": Fault.STATE,
    "scan_first": Fault.STATE,
    "scan_each": Fault.STATE,
    "step_done": Fault.STATE,
    "late_scan": Fault.STATE,
    "lines_open": Fault.STATE,
    "pack_incomplete": Fault.STATE,
    "packed_by_other": Fault.STATE,
    "station_missing": Fault.STATE,
    "not_packed": Fault.STATE,
    "label_not_proved": Fault.STATE,
    "label_printing": Fault.STATE,
    "label_missing": Fault.STATE,
    "evidence_missing": Fault.STATE,
    "evidence_full": Fault.STATE,
    "blob_offset": Fault.STATE,
    "outcome_known": Fault.STATE,
    "slip_spent": Fault.STATE,
    "device_adopted": Fault.STATE,
    "device_not_adopted": Fault.STATE,
    "device_known": Fault.STATE,
    "device_configured": Fault.STATE,
    "devices_full": Fault.STATE,
    "no_waybill_number": Fault.STATE,
    "waybill_in_use": Fault.STATE,
    "return_code_needed": Fault.DATA,
    "line_not_short": Fault.DATA,
    "label_printed": Fault.STATE,
    "fulfilment_in_use": Fault.STATE,
    "bound_elsewhere": Fault.STATE,
    "nothing_picked": Fault.STATE,
    "picking_begun": Fault.STATE,
    "nothing_to_put_back": Fault.STATE,
    "already_acked": Fault.STATE,
    "already_assigned": Fault.STATE,
    "already_shipped": Fault.STATE,
    "freeze_closed": Fault.STATE,
    "account_locked": Fault.STATE,
    "account_open": Fault.STATE,
    "unlock_code_missing": Fault.STATE,
    "approval_open": Fault.STATE,
    "approval_closed": Fault.STATE,
    "approval_stale": Fault.STATE,
    "approval_signed": Fault.STATE,
    "timer_spent": Fault.STATE,
    "timer_early": Fault.STATE,
}
"""Every refusal there is. A test holds the locale files to this list."""


class Refusal(msgspec.Struct, frozen=True):
    """Why something is not done, and what to do instead."""

    code: str
    facts: dict[str, Any] = {}

    @property
    def fault(self) -> Fault:
        """Whose fault it is."""
        return FAULTS[self.code]


class RefusedError(Exception):
    """Carries a `Refusal` out of a decision."""

    def __init__(self, code: str, **facts: Any) -> None:  # noqa: ANN401 - facts are JSON values
        assert code in FAULTS, code
        super().__init__(code)
        self.refusal = Refusal(code, facts)


def refused(refusal: Refusal) -> RefusedError:
    """Return the error that carries `refusal`."""
    return RefusedError(refusal.code, **refusal.facts)
