"""Uploads: whole, in pieces, interrupted, wrong, hostile; what is named is what is there."""

import asyncio
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domain.refusals import RefusedError
from edge.store import blobs
from edge.store.blobs import BlobStore, sniff
from tests.rig import Client, Rig

JPEG = b"\xff\xd8\xff\xe0" + b"picture " * 50
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 40


def name_of(content: bytes) -> str:
    """Return the name of a blob."""
    return hashlib.sha256(content).hexdigest()


async def put(
    client: Client, content: bytes, at: int = 0, to: int | None = None, name: str = ""
) -> tuple[int, str, int]:
    """Send a piece; return status, code (or the media type), and the offset to go on from."""
    piece = content[at:to]
    end = at + len(piece) - 1
    headers = {"Content-Range": f"bytes {at}-{end}/{len(content)}"}
    path = f"/api/v1/blobs/{name or name_of(content)}"
    status, answer = await client.ask("PUT", path, piece, headers)
    if status == 200:
        return status, answer.get("media_type", ""), answer["offset"]
    return status, answer["code"], answer["facts"].get("offset", -1)


async def test_a_look_at_a_blob_that_is_dropped_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks is told what was there, or nothing; the two never meet half way."""
    store, name = BlobStore(tmp_path), name_of(MP4)
    await store.append(name, 0, len(MP4), MP4[:1_000])
    real = Path.exists
    drops = list[Thread]()

    def exists(path: Path) -> bool:
        found = real(path)
        if found and path.parent.name == "partial" and not drops:
            drops.append(Thread(target=asyncio.run, args=(store.drop(name),)))
            drops[0].start()
            drops[0].join(0.2)  # it has to wait for the look
        return found

    monkeypatch.setattr(Path, "exists", exists)
    assert (await store.state(name)).offset == 1_000
    drops[0].join()
    assert (await store.state(name)).offset == 0


async def test_a_photo_is_kept_by_its_hash(rig: Rig) -> None:
    """It is sniffed, durable under its name, and answered the same when sent again (RET-3)."""
    client = await rig.client("packer", "S1")
    assert await put(client, JPEG) == (200, "image/jpeg", len(JPEG))
    assert await put(client, JPEG) == (200, "image/jpeg", len(JPEG))
    name = name_of(JPEG)
    kept = rig.box.data / "blobs" / name[:2] / name[2:4] / name
    assert kept.read_bytes() == JPEG
    known = await client.get(f"/api/v1/blobs/{name}")
    assert (known["done"], known["size"]) == (True, len(JPEG))


async def test_an_interrupted_upload_goes_on_where_it_ended(rig: Rig) -> None:
    """The box says what it has; a piece that it has, or a gap, is refused with the offset."""
    client = await rig.client("packer", "S1")
    name = name_of(MP4)
    assert await put(client, MP4, 0, 4_000) == (200, "", 4_000)
    assert (await client.get(f"/api/v1/blobs/{name}"))["offset"] == 4_000
    assert await put(client, MP4, 0, 4_000) == (409, "blob_offset", 4_000)
    assert await put(client, MP4, 5_000, 6_000) == (409, "blob_offset", 4_000)
    assert await put(client, MP4, 4_000) == (200, "video/mp4", len(MP4))


async def test_what_arrived_wrong_is_dropped_and_can_come_again(rig: Rig) -> None:
    """A wrong hash leaves nothing behind; the right content is taken afterwards."""
    client = await rig.client("packer", "S1")
    name = name_of(JPEG)
    assert await put(client, JPEG + b"!", name=name) == (422, "blob_differs", -1)
    assert await put(client, JPEG[:-1] + b"?", name=name) == (422, "blob_differs", -1)
    assert (await client.get(f"/api/v1/blobs/{name}"))["offset"] == 0
    assert await put(client, JPEG) == (200, "image/jpeg", len(JPEG))


async def test_a_truncated_body_is_no_piece(rig: Rig) -> None:
    """A body shorter than its range changes nothing."""
    client = await rig.client("packer", "S1")
    path = f"/api/v1/blobs/{name_of(JPEG)}"
    headers = {"Content-Range": f"bytes 0-{len(JPEG) - 1}/{len(JPEG)}"}
    status, answer = await client.ask("PUT", path, JPEG[:100], headers)
    assert (status, answer["code"]) == (400, "malformed")
    assert (await client.get(path))["offset"] == 0


@pytest.mark.parametrize(
    "content_range",
    ["bytes 0-5", "bytes 5-0/10", "bytes */10", "0-5/6", "bytes -1-4/6", f"bytes 0-5/{10**30}"],
)
async def test_a_range_that_makes_no_sense_is_malformed(rig: Rig, content_range: str) -> None:
    """Each is answered with what a range looks like."""
    client = await rig.client("packer", "S1")
    path = f"/api/v1/blobs/{name_of(JPEG)}"
    status, answer = await client.ask("PUT", path, JPEG[:6], {"Content-Range": content_range})
    assert (status, answer["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fkeys%2fbox.key",
        "0" * 63,
        "0" * 65,
        "A" * 64,
        "%00" * 64,
        "g" * 64,
        "0" * 63 + "%0a",
    ],
)
async def test_a_hostile_name_reaches_no_file(rig: Rig, name: str) -> None:
    """Only 64 lower-case hex digits name a blob."""
    client = await rig.client("packer", "S1")
    for method in ("PUT", "GET"):
        status, answer = await client.ask(method, f"/api/v1/blobs/{name}", JPEG)
        assert (status, answer["code"]) == (400, "malformed")


async def test_the_kind_is_what_the_bytes_say(rig: Rig) -> None:
    """A page or a script is refused at its first piece, whatever it is called (SEC-4)."""
    client = await rig.client("packer", "S1")
    page = b"<html><script>alert(1)</script></html>"
    status, answer = await client.ask(
        "PUT", f"/api/v1/blobs/{name_of(page)}", page, {"Content-Type": "image/jpeg"}
    )
    assert (status, answer["code"]) == (422, "media_refused")
    assert await put(client, b"tiny") == (422, "media_refused", -1)


async def test_an_upload_is_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large a piece, too large a blob, and too many bytes in all are each refused."""
    client = await rig.client("packer", "S1")
    status, answer = await client.ask("PUT", f"/api/v1/blobs/{'0' * 64}", bytes(1024 * 1024 + 1))
    assert (status, answer["code"]) == (400, "too_large")
    headers = {"Content-Range": f"bytes 0-3/{blobs.BLOB_BYTES_MAX + 1}"}
    status, answer = await client.ask("PUT", f"/api/v1/blobs/{'0' * 64}", JPEG[:4], headers)
    assert (status, answer["code"]) == (400, "too_large")
    monkeypatch.setattr(rig.box.blobs, "total_bytes_max", len(JPEG))
    assert (await put(client, JPEG))[0] == 200
    assert await put(client, MP4) == (507, "disk_full", -1)


async def test_nobody_uploads_without_a_session(rig: Rig) -> None:
    """An upload needs a person who is signed in."""
    client = await rig.client()
    assert (await put(client, JPEG))[:2] == (401, "not_signed_in")


async def test_evidence_that_is_not_here_is_refused_at_the_door(rig: Rig) -> None:
    """A blob must be stored before the command that names it, and be as the command says."""
    await rig.assign("1001")
    client = await rig.client("packer", "S1")
    good = {
        "order_id": "1001",
        "kind": "photo",
        "blob": f"sha256:{name_of(JPEG)}",
        "size": len(JPEG),
        "media_type": "image/jpeg",
    }

    async def attach(**over: object) -> str:
        answer = (await client.send(client.command("evidence.attach", good | over)))[0]
        return "ok" if answer["ok"] else str(answer["code"])

    assert await attach() == "unknown_blob"
    assert (await put(client, JPEG))[0] == 200
    assert await attach(size=1) == "malformed"
    assert await attach(blob="sha256:x") == "malformed"
    assert await attach() == "ok"


# ---- the store by itself ------------------------------------------------------------------------


async def test_the_oldest_of_too_many_beginnings_makes_room(tmp_path: Path) -> None:
    """Uploads that nobody goes on with fill no disk."""
    store = BlobStore(tmp_path)
    for n in range(blobs.PARTIALS_MAX + 3):
        await store.append(f"{n:064x}", 0, 1_000, JPEG)
    assert len(list((tmp_path / "partial").iterdir())) == blobs.PARTIALS_MAX


async def test_a_store_that_is_opened_again_knows_what_it_has(tmp_path: Path) -> None:
    """Whole blobs and begun ones survive a restart."""
    await BlobStore(tmp_path).append(name_of(JPEG), 0, len(JPEG), JPEG)
    await BlobStore(tmp_path).append(name_of(MP4), 0, len(MP4), MP4[:3_000])
    again = BlobStore(tmp_path)
    assert (await again.state(name_of(JPEG))).done
    assert (await again.state(name_of(MP4))).offset == 3_000
    assert (await again.append(name_of(MP4), 3_000, len(MP4), MP4[3_000:])).done


_pieces = st.lists(
    st.tuples(st.integers(-1, 70), st.integers(0, 80), st.binary(max_size=40)), max_size=12
)


@given(content=st.binary(max_size=60), tries=_pieces)
@settings(max_examples=60, deadline=None)
def test_no_sequence_of_pieces_leaves_a_lie(
    content: bytes, tries: list[tuple[int, int, bytes]]
) -> None:
    """Whatever comes in whatever order, a blob that is there has the content of its name."""
    with TemporaryDirectory() as folder:
        asyncio.run(_no_lie(Path(folder), b"\xff\xd8\xff" + content, tries))


async def _no_lie(folder: Path, content: bytes, tries: list[tuple[int, int, bytes]]) -> None:
    store, name = BlobStore(folder), name_of(content)
    size = len(content)
    for offset, asked, piece in tries:
        assert await _append(store, name, offset, asked, piece) in _ANSWERS
    for _ in range(3):
        at = (await store.state(name)).offset
        await _append(store, name, at if at < size else 0, size, content[at if at < size else 0 :])
    assert (await store.state(name)).done
    assert (folder / name[:2] / name[2:4] / name).read_bytes() == content


_ANSWERS = {"ok", "too_large", "malformed", "blob_offset", "blob_differs", "media_refused"}


async def _append(store: BlobStore, name: str, offset: int, size: int, piece: bytes) -> str:
    try:
        await store.append(name, offset, size, piece)
    except RefusedError as error:
        return error.refusal.code
    return "ok"


@given(st.binary(max_size=64))
@settings(max_examples=200, deadline=None)
def test_sniffing_never_fails(head: bytes) -> None:
    """Any bytes are of a known kind or of none."""
    assert sniff(head) in {"", "image/jpeg", "image/png", "image/webp", "video/mp4", "video/webm"}
