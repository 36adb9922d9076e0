"""What `floorgate reinit` does; loaded when it runs."""

import argparse
import asyncio
import random
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from edge.cli.backup_actions import epoch_elsewhere, replaced, stamp, stopped, tell, there_is
from edge.cli.output import GOOD, fail
from edge.cli.words import worded
from edge.clock import SystemClock, SystemIds
from edge.config import Config
from edge.http import tls
from edge.store import durable
from edge.store.backup import BackupError, prove
from edge.store.fence import lift_fence
from edge.store.journal import BOX_KEY, HUB_KEY, Start, start_in
from edge.store.rebuild import Rebuild
from edge.store.restore import STAGE, begin_epoch, finish_switch, switch
from sync.api import BoxIdentity, HubCopy, SyncError, hub_link

EPOCHS_MAX: Final = 10_000
TLS: Final = "tls"
OWN_SECRETS: Final = ("keys/session.key", "keys/rules.key")
"""What signs the people's sessions, and rulesets that are published here."""
TOLD_MAX: Final = 20
"""People who are named one by one; all of them are in `--json`."""


class Step(msgspec.Struct, frozen=True):
    """An epoch to be taken: what it goes on from, and the entry that the next one goes on from."""

    epoch: int
    start: Start | None
    to_seq: int | None


def reinit(args: argparse.Namespace, config: Config) -> int:
    """Build a dead box again from the hub's copy."""
    if not config.hub.url:
        raise BackupError(
            f"{args.config}: names no hub; restore a backup instead",
            f"{args.config}：没有写中枢；请改为恢复备份",
        )
    data = Path(config.data)
    with stopped(data):
        finish_switch(data)
        there = there_is(data, is_replaced=args.replace)
        try:
            facts = asyncio.run(_rebuild(data, config, args.token))
        except SyncError as error:
            return fail(
                worded(args, f"the hub: {error}; {error.hint}", f"中枢：{_refusal_zh(error)}")
            )
        except TimeoutError:
            raise BackupError(
                f"the hub at {config.hub.url} does not answer; nothing was replaced",
                f"中枢 {config.hub.url} 没有应答；什么都没有被替换",
            ) from None
        at = (facts["epoch"], facts["seq"])
        if there and (there.epoch, there.seq) > at and not args.replace:
            raise BackupError(
                f"{data}: stands at entry {there.seq:,} of epoch {there.epoch}, the hub's copy at "
                f"{at[1]:,} of {at[0]}; to go back all the same: --replace",
                f"{data}：在纪元 {there.epoch} 的第 {there.seq:,} 条，中枢的副本在纪元 {at[0]} 的"
                f"第 {at[1]:,} 条；仍要退回去：--replace",
            )
        folder = data / STAGE
        head = prove(folder)
        epoch = 1 + max(head.epoch, there.epoch if there else 0, epoch_elsewhere(config))
        begin_epoch(folder, config.box.id, epoch, SystemClock(), SystemIds())
        enrolled = _keep_trust(data, folder)
        before = switch(data, stamp())
        lift_fence(data)
    said = facts | {
        "ok": True,
        "new_epoch": epoch,
        "head": head.head.hex(),
        "enrolled": enrolled or bool(config.http.certificate) or not config.http.tls,
        "before": str(before) if before else None,
    }
    kept, kept_zh = replaced(before)
    tell(args, said, _told(said | {"kept": kept}, EN), _told(said | {"kept": kept_zh}, ZH))
    return GOOD


class Told(NamedTuple):
    """What is said of a box that was built again."""

    rebuilt: str
    differing: str
    nameless: str
    pinless: str
    more: str
    people: str
    enrol: str
    next: str


EN: Final = Told(
    "rebuilt from the hub: {entries:,} entries up to {seq:,} of epoch {epoch}, with the head\n"
    "  {head:.16} as at the hub; {people:,} records of people; chain and replay are good\n"
    "epoch {new_epoch} begins{kept}\n"
    "photos did not come: they were only here",
    "documents that an older version stored differ in epochs {differing}",
    "only the box had it: give a name to {who}",
    "only the box had it: give a first PIN to {who}",
    " and {count} more",
    "  (page People; where no admin can sign in: floorgate admin code)",
    "the box's certificate authority is not here any more: enrol the PDAs again",
    "next: sudo systemctl start floorgate",
)
ZH: Final = Told(
    "已从中枢重建：{entries:,} 条，到纪元 {epoch} 的第 {seq:,} 条，账本头 {head:.16}\n"
    "  与中枢一致；人员资料 {people:,} 条；链和重放都没有问题\n"
    "纪元 {new_epoch} 开始{kept}\n"
    "照片没有回来：它们只在这台盒子上",
    "旧版本存的文档在这些纪元里不同：{differing}",
    "只有盒子上才有姓名，请补填：{who}",
    "只有盒子上才有 PIN，请给临时 PIN：{who}",
    " 等，另有 {count} 人",
    "  （“人员”页；没有管理员能登录时：floorgate admin code）",
    "盒子原来的证书机构不在了：PDA 要重新装证书",
    "下一步：sudo systemctl start floorgate",
)
HUB_ZH: Final = {
    "hub_key": "它的密钥与记住的不同；请检查中枢地址；中枢若是重建的，请用 --token 给新令牌",
    "hub_proof": "它不能证明自己是中枢；请检查中枢地址和令牌",
    "no_token": "本盒没有它的密钥，也没有令牌；请在中枢为本盒发一个令牌，用 --token 给出",
    "bad_token": "这不是本盒的令牌；请重新抄一遍，用 --token 给出",
    "token_spent": "令牌已经用过；请在中枢为本盒发一个新的，用 --token 给出",
    "unknown_box": "它不认识这个盒子编号；请检查 [box] 的 id，或在中枢登记它",
    "wrong_key": "它记住的是另一把密钥；密钥随盘坏了时，请在中枢发一个新令牌，用 --token 给出",
    "version": "版本不合；请升级旧的一方",
    "link_lost": "连接断了，什么都没有被替换；请检查到中枢的网络，再试一次",
}
"""What the hub refused or did wrong, by the fault's code, and what to do."""


def _refusal_zh(error: SyncError) -> str:
    return HUB_ZH.get(error.code, f"{error}；{error.hint}")


def _told(said: dict[str, Any], words: Told) -> str:
    lines = [words.rebuilt.format(**said)]
    if said["differing"]:
        lines.append(words.differing.format(**said))
    for record, line in (("nameless", words.nameless), ("pinless", words.pinless)):
        if who := said[record]:
            more = words.more.format(count=len(who) - TOLD_MAX) if len(who) > TOLD_MAX else ""
            lines.append(line.format(who=f"{', '.join(who[:TOLD_MAX])}{more}"))
    if said["nameless"] or said["pinless"]:
        lines.append(words.people)
    if not said["enrolled"]:
        lines.append(words.enrol)
    lines.append(words.next)
    return "\n".join(lines)


async def _rebuild(data: Path, config: Config, token: str) -> dict[str, Any]:
    """Lay the hub's copy out in the stage; return what came."""
    folder = data / STAGE
    durable.remove_tree(folder)
    identity = _identity(data, config, token)
    with closing(Rebuild(folder, config.box.id, identity.private_key)) as rebuild:
        copy = await _open(config, identity)
        try:
            hub_key = copy.hub_key or identity.hub_key
            for step in await _plan(copy):
                if step.start:
                    rebuild.begin_epoch(step.epoch, step.start)
                await _take(copy, rebuild, step)
        finally:
            await copy.close()
        assert hub_key is not None, "a hub that proved itself has a key"
        rebuild.pin_hub(hub_key)
        people = await _people(config, identity, rebuild)
        head = rebuild.head
        return {
            "box": config.box.id,
            "epoch": head.epoch,
            "seq": head.seq,
            "entries": rebuild.entries,
            "people": people,
            "nameless": rebuild.lost("person"),
            "pinless": rebuild.lost("pin"),
            "differing": rebuild.differing,
        }


def _identity(data: Path, config: Config, token: str) -> BoxIdentity:
    """Return who the box is at the hub: by the hub's key that it pinned, or else by a token.

    A token serves one key, until that key comes without it. So the key is kept before the hub
    hears of it, and the token is used throughout: whatever ends this, the same token goes again.
    """
    pinned = data / HUB_KEY
    is_known = pinned.is_file() and not token
    return BoxIdentity(
        box=config.box.id,
        name=config.box.name,
        epoch=0,
        private_key=_own_key(data / BOX_KEY),
        token=token or config.hub.token or None,
        hub_key=pinned.read_bytes() if is_known else None,
    )


def _own_key(path: Path) -> bytes:
    """Return the box's key; a damaged one is none, and another is made in its place."""
    if path.is_file() and path.stat().st_size != durable.KEY_BYTES:
        path.unlink()
    return durable.secret(path)


def _keep_trust(data: Path, folder: Path) -> bool:
    """Lay out beside the rebuilt journal what PDAs know this box by, as far as it is whole.

    Returns whether the authority was: the box then has the certificates that it had.
    """
    for name in OWN_SECRETS:
        if (data / name).is_file() and (data / name).stat().st_size == durable.KEY_BYTES:
            durable.write_file(folder / name, (data / name).read_bytes())
    if not tls.has_authority(data / TLS):
        return False
    durable.make_folder(folder / TLS)
    for file in (data / TLS).iterdir():
        with suppress(OSError):  # a leaf is made again under its authority
            durable.write_file(folder / TLS / file.name, file.read_bytes())
    return True


async def _open(config: Config, identity: BoxIdentity, **more: int) -> HubCopy:
    connect = hub_link(config.hub.url)
    return await HubCopy.open(connect, identity, SystemClock(), random.SystemRandom(), **more)


async def _plan(copy: HubCopy) -> list[Step]:
    """Return the epochs that the newest one rests on, oldest first."""
    epoch, to_seq = copy.epoch, None
    steps: list[Step] = []
    while len(steps) < EPOCHS_MAX:
        _, _, raws = await copy.batch(epoch, 0)
        if raws:
            start = start_in(raws[0])
            steps.insert(0, Step(epoch, start, to_seq))
            if start is None:
                return steps
            epoch, to_seq = start.epoch, start.seq
        elif steps or not epoch:
            break
        else:
            epoch -= 1  # begun, and then nothing came
    missing = f"the hub has no entries of epoch {epoch}" if steps else "the hub has no entries"
    of_epoch = f"纪元 {epoch} 的" if steps else ""
    raise BackupError(
        f"{missing} of this box; restore a backup instead",
        f"中枢没有本盒{of_epoch}条目；请改为恢复备份",
    )


async def _take(copy: HubCopy, rebuild: Rebuild, step: Step) -> None:
    seq = 0
    while seq != step.to_seq:
        _, _, raws = await copy.batch(step.epoch, seq)
        if not raws:
            return
        rebuild.take(step.epoch, raws, step.to_seq)
        seq = rebuild.head.seq


async def _people(config: Config, identity: BoxIdentity, rebuild: Rebuild) -> int:
    """Take what the hub said of people, from its instructions, which hold it; return how many."""
    copy, ids, count = await _open(config, identity, after_dseq=0), SystemIds(), 0
    try:
        async for instruction in copy.instructions(rebuild.dseq):
            count += rebuild.keep_personal(instruction, ids)
    finally:
        await copy.close()
    return count
