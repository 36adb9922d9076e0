"""A photo over the wire becomes codes, a waybill's number first."""

from drivers.api import builtin_template, raster_png, render_label, sample_data
from tests.rig import Rig


async def test_a_photo_of_a_waybill_is_read(rig: Rig) -> None:
    """The number of a foreign waybill comes first, for a person to confirm (PRN-8)."""
    client = await rig.client("packer", "S1")
    data = sample_data("waybill")
    photo = raster_png(render_label(builtin_template("waybill"), data))
    status, answer = await client.ask("POST", "/api/v1/decode", photo, {})
    assert status == 200
    found = [(code["waybill"], code["text"]) for code in answer["codes"]]
    assert found == [
        (True, data["waybill"]),
        (False, f"FG1:{data['waybill']}:{data['copy_id']}"),
    ]


async def test_what_is_no_photo_is_refused(rig: Rig) -> None:
    """A broken photo and one that is too large are refused with what to do."""
    client = await rig.client("packer", "S1")
    status, answer = await client.ask("POST", "/api/v1/decode", b"no photo", {})
    assert (status, answer["code"]) == (422, "photo_unreadable")
    status, answer = await client.ask("POST", "/api/v1/decode", bytes(12 * 2**20 + 1), {})
    assert (status, answer["code"]) == (400, "too_large")
