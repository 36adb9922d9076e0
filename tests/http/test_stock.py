"""Stock, counts and gifts over the API: one look at each (PICK-10, PICK-11, GIFT-4)."""

from tests.domain.site import BINS, BOOK, MUG, WIPES, gtin, line
from tests.rig import Rig


async def test_the_books_and_their_movements(rig: Rig) -> None:
    """A SKU shows its bins and every entry that moved it, page by page."""
    await rig.assign("1001")
    client = await rig.client("keeper")
    page = await client.get(f"/api/v1/stock/{MUG}")
    shown = page["stock"]
    assert (shown["locked"], shown["available"]) == (2, shown["on_hand"] - 2)
    assert [shelf["location"] for shelf in shown["shelves"]] == [BINS[MUG]]
    moved = page["movements"]
    assert [each["kind"] for each in moved] == ["stock.snapshot_taken", "stock.moved"]
    assert moved[-1]["data"]["why"] == "lock"
    rest = await client.get(f"/api/v1/stock/{MUG}?after={page['next']}")
    assert (rest["movements"], rest["next"]) == ([], None)
    asked = {"stock/nothing": "not_found"} | {
        f"stock/{MUG}?after={after}": "malformed" for after in ("x", "", "9" * 5_000)
    }
    for path, code in asked.items():
        _, answer = await client.ask("GET", f"/api/v1/{path}")
        assert answer["code"] == code


async def test_open_counts_are_blind(rig: Rig) -> None:
    """A short pick asks for a count; the list says where, and not how many."""
    await rig.assign("1001", line(1, BOOK, 1), line(2, MUG, 2))
    picker = await rig.client("picker")
    task = (await picker.get("/api/v1/tasks"))["tasks"][0]["id"]
    await picker.must("task.take", task_ids=[task])
    steps = (await picker.get(f"/api/v1/tasks/{task}"))["steps"]
    no = next(step["no"] for step in steps if step["sku"] == MUG)
    await picker.must("pick.short", task_id=task, step=no, found=0, reason="missing")
    counts = (await picker.get("/api/v1/counts"))["counts"]
    assert [(c["sku"], c["location"], c["reason"]) for c in counts] == [(MUG, BINS[MUG], "short")]
    assert not {"qty", "on_hand", "expected"} & set(counts[0])
    done = await picker.must("count.scan", location=BINS[MUG], code=gtin(MUG), qty=0)
    assert done["state"] == "done"
    assert (await picker.get("/api/v1/counts"))["counts"] == []


async def test_the_trace_of_a_gift(rig: Rig) -> None:
    """Which rule fired on what data, and what became of the gift, in one look."""
    await rig.assign("1001", line(1, BOOK, 1, price_fen=40_000), gifts="evaluate")
    picker = await rig.client("picker")
    await rig.pick(picker, "1001")
    trace = await picker.get("/api/v1/orders/1001/gifts")
    assert [(g["sku"], g["rule"], g["picked"], g["packed"]) for g in trace["lines"]] == [
        (WIPES, "tier-399", 1, 0)
    ]
    granted, picked = trace["events"]
    assert granted["data"]["saw"] == {"amount_fen": 40_000}
    assert (picked["what"], picked["by"]) == ("picked", "picker")
    _, answer = await picker.ask("GET", "/api/v1/orders/none/gifts")
    assert answer["code"] == "unknown_order"


async def test_how_well_the_books_answer(rig: Rig) -> None:
    """Checks, hits and the switch are on the API, and in the metrics."""
    await rig.assign("1001")
    client = await rig.client("keeper")
    shown = await client.get("/api/v1/stock-checks")
    assert (shown["checks"], shown["hit_pm"], shown["optimistic"]) == (1, 1000, False)
    async with rig.http.get(f"{rig.url}/metrics") as answer:
        assert "floorgate_stock_check_hit_ratio 1.0" in await answer.text()
