"""Pictures: what a page shows as it is."""

from edge.http.pictures import qr_svg
from tests.rig import Rig


def test_a_slip_is_dark_on_white_with_room_around() -> None:
    """The picture brings its own light ground and four quiet modules, in any theme (PRN-3)."""
    drawn = qr_svg("FGS1:" + "0" * 36).decode()
    assert 'fill="#fff" d="M0 0h' in drawn
    assert 'stroke="#000" d="M4 4.5h7' in drawn


async def test_a_job_without_a_slip_has_no_picture(rig: Rig) -> None:
    """Only a job that waits for its slip to be scanned is shown as one (PRN-3)."""
    packer = await rig.client("packer", "S1")
    status, answer = await packer.ask("GET", "/api/v1/print-jobs/none/slip.svg")
    assert (status, answer["code"]) == (404, "unknown_job")
