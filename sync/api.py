"""All that the rest of Floorgate may know of the journal's bytes and of the hub link."""

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

from sync.agent import HubAgent
from sync.chain import (
    ENTRY_BYTES_MAX,
    ENTRY_VERSION,
    GENESIS,
    HASH_BYTES,
    Checkpoint,
    Entry,
    Fault,
    Finding,
    Report,
    Verifier,
    countersign,
    decode_entry,
    encode_entry,
    is_checkpoint_signed,
    is_countersigned,
    link,
    sign_checkpoint,
)
from sync.durable import sync_folder
from sync.errors import (
    BROKEN_BYTES,
    ForgedError,
    LinkLostError,
    MalformedError,
    RejectedError,
    SyncError,
    WrongBoxError,
)
from sync.export import (
    ExportedCheckpoint,
    ExportedEntry,
    Header,
    read_export,
    verify_export,
    write_export,
)
from sync.hub.import_model import Import, ImportFault, Order, Reject, Return
from sync.keys import is_signed, key_id, public_key, sign
from sync.messages import (
    INSTRUCTION_VERSION,
    Instruction,
    SignedInstruction,
    sign_instruction,
    verify_instruction,
)
from sync.ports import BoxIdentity, BoxJournal, Clock, Connect, Link, LinkState
from sync.rebuild import HubCopy

__all__ = [
    "BROKEN_BYTES",
    "ENTRY_BYTES_MAX",
    "ENTRY_VERSION",
    "GENESIS",
    "HASH_BYTES",
    "INSTRUCTION_VERSION",
    "BoxIdentity",
    "BoxJournal",
    "Checkpoint",
    "Clock",
    "Connect",
    "Entry",
    "ExportedCheckpoint",
    "ExportedEntry",
    "Fault",
    "Finding",
    "ForgedError",
    "Header",
    "HubAgent",
    "HubCopy",
    "Import",
    "ImportFault",
    "Instruction",
    "Link",
    "LinkLostError",
    "LinkState",
    "MalformedError",
    "Order",
    "Reject",
    "RejectedError",
    "Report",
    "Return",
    "SignedInstruction",
    "SyncError",
    "Verifier",
    "WrongBoxError",
    "countersign",
    "decode_entry",
    "encode_entry",
    "hub_link",
    "is_checkpoint_signed",
    "is_countersigned",
    "is_signed",
    "key_id",
    "link",
    "public_key",
    "read_export",
    "read_orders",
    "run_hub",
    "shifted",
    "sign",
    "sign_checkpoint",
    "sign_instruction",
    "sync_folder",
    "verify_export",
    "verify_instruction",
    "write_export",
]


def hub_link(url: str, tls: ssl.SSLContext | None = None) -> Connect:
    """Return a `Connect` to the hub at `url` (`ws://host:port/link` or `wss://…`).

    Where the network lets no WebSocket through, plain requests to the same address stand in.
    """
    from sync.transports.fallback import Fallback  # noqa: PLC0415 - aiohttp loads when first used
    from sync.transports.polling import polling  # noqa: PLC0415
    from sync.transports.websocket import websocket  # noqa: PLC0415

    return Fallback(websocket(url, tls), polling(url.replace("ws", "http", 1), tls))


async def run_hub(
    data: Path,
    host: str,
    port: int,
    boxes: Mapping[str, str],
    *,
    warehouses: Mapping[str, str] | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the reference hub until cancelled; see `sync.hub.run.run_hub`."""
    from sync.hub.run import run_hub  # noqa: PLC0415 - aiohttp loads when first used

    await run_hub(data, host, port, boxes, warehouses=warehouses, on_ready=on_ready)


def read_orders(path: Path, *, warehouse: str) -> Import:
    """Return what the order file `path` (.csv or .jsonl) says; see `sync.hub.imports`."""
    from sync.hub.imports import read_orders  # noqa: PLC0415 - only imports and replays need it

    return read_orders(path, warehouse=warehouse)


def shifted(order: Order, by_us: int) -> Order:
    """Return `order` moved in time by `by_us`, its promise with it."""
    from sync.hub.imports import shifted  # noqa: PLC0415 - only replays need it

    return shifted(order, by_us)
