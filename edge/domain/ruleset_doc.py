"""The ruleset as a page and as a JSON Schema, for those who write one."""

import inspect
from collections.abc import Callable
from typing import Any, Final

import msgspec

from edge.domain.arrivals import ENTER
from edge.domain.commands import KINDS
from edge.domain.gates import GATES
from edge.domain.model import Name
from edge.domain.rules import DOCUMENT_BYTES_MAX, Document
from edge.domain.rules.document import CommandKind, EffectName, GateName
from edge.domain.rules.expressions import CHARS_MAX, MACROS_MAX, NESTED_ITEMS_MAX
from edge.domain.rules.vocabulary import FUNCTIONS, MACROS, VOCABULARY, Term
from edge.domain.workflow import TAKEN

INTRODUCTION: Final = """# The ruleset · 规则集

Written by `make docs` from the code that reads rulesets; a test fails when this page is out of
date. The JSON Schema is [ruleset.schema.json](ruleset.schema.json); most editors complete and check
a JSON or TOML file against it. The ruleset that every box starts with is
`edge/domain/default_ruleset.toml`; its workflow is drawn in [WORKFLOW.md](WORKFLOW.md).

A ruleset says what may happen on a floor: which states an order goes through, by which action and
through which gates; which gifts are given; who may do what; which carrier carries what. It is one
document, TOML or JSON, with an id and a version. It changes without a restart.

规则集是一份带版本号的 TOML 或 JSON 文件，写明订单有哪些状态、经过哪些门禁、送什么赠品、谁能做什么、
哪家承运商不收什么。改规则不用重启，也不用发新版本程序。

## From an idea to the floor · 从改到用

```sh
floorgate rules show --document > site.toml    # what is in force 取出当前规则
# edit it, and raise meta.version              # 修改，并提高 meta.version
floorgate rules check site.toml                # every fault, with its line 逐行列出错误
floorgate rules diff site.toml                 # what changes 改了什么
floorgate rules sandbox site.toml              # what it would do to recent orders 用近期订单试算
floorgate rules publish site.toml              # sign it and let it decide 签名并生效
floorgate rules rollback                       # one action brings the old one back 一步回退
```

`publish` and `rollback` need the running box and its owner's rights; all others only read. A hub
publishes with the instruction `ruleset.publish`; its signature covers the document.

## What happens to orders in flight · 在途订单怎么办

- Coming into force is one journal entry: what is decided before it goes by the old ruleset, what
  comes after it by the new one.
- An order keeps its state; the new table applies to its next action. Gifts that were granted stay,
  timers that run keep their deadline.
- No state that was in force may vanish, because orders may be in it: a ruleset that drops one is
  refused. After a roll-back, states that only the newer ruleset has stay with their ways out.
- A version must be newer than every one of the same `meta.id` that was in force. The way back is
  `rollback`, not an old file. `meta.boxes` names the boxes that a ruleset is for; none means any.
- A ruleset that is faulty, unsigned, old or for another box is refused with every reason, and the
  old one stays.

在途订单保持原状态，下一个动作按新规则判断；已送的赠品不收回，已开始的计时不改期；用过的状态不能删除。

## Changes of shipped orders · 已发货订单的改动

`shipped_edits` names the commands that change a shipped order: a new print, a re-send, a request
for an approval. The one after `per_day` of them by one person in a day of the site is not done; the
account is locked for `lock_s`, or until the code that the hub has sent. Taking a parcel back by
scan is work with the goods in hand, not a change made up at a desk, so the default does not count
it; a site that wants it counted adds `return.scan` to `actions`.

补打、重发、申请审批算改动，一人一天超过 `per_day` 次即锁定；退货扫描是手里有货的日常作业，
默认不计，需要计入的现场可把 `return.scan` 加进 `actions`。

## Examples · 例子

A gift for platinum customers or large orders, but not twice with a promotion:

```toml
[[gifts]]
id = "platinum-bib"
when = '''(order.customer_level == 'platinum' || order.amount_fen >= 59900)
  && !('promo' in order.tags)'''
give = [{ sku = "BIB-01", qty = 1 }, { sku = "CARD-01", qty = 1, tracked = false }]
```

`tracked = false` gives what needs no stock and no pick scan, such as a card; it is still confirmed
at packing.

A new waiting state, with its way out, for orders whose goods must be photographed first:

```toml
[[workflow.states]]
id = "hold_photo"
kind = "hold"
owner = "keeper"
name = { zh = "等待：拍照", en = "Waiting: photo" }

[[workflow.holds]]
id = "photo-first"
state = "hold_photo"
when = "order.lines.exists(line, line.sku.startsWith('RING-')) && order.amount_fen > 1000000"

[[workflow.transitions]]
action = "order.release"
from = ["hold_photo"]
to = "ready"
gates = ["stock_enough"]

[[workflow.transitions]]
action = "order.cancel"
from = ["hold_photo"]
to = "cancelled"
frozen = true
```

A sample: an order as the hub assigns it, and what must become of it. A ruleset whose own samples
fail is refused.

```toml
[[samples]]
name = "a platinum customer gets a bib"
order = { order_id = "S-1", gifts = "evaluate", customer_level = "platinum", lines = [
  { no = 1, sku = "MUG", qty = 1, price_fen = 100 },
] }
expect = { state = "ready", gifts = ["BIB-01 ×1 (platinum-bib)", "CARD-01 ×1 (platinum-bib)"] }
```
"""


def ruleset_schema() -> str:
    """Return the JSON Schema of ruleset documents."""
    schema = msgspec.json.schema(Document)
    schema["$defs"] = _narrowed(schema["$defs"])
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Floorgate ruleset"}
    return msgspec.json.format(msgspec.json.encode(head | schema), indent=1).decode() + "\n"


_CHOICES: Final[dict[Any, list[str]]] = {
    CommandKind: sorted(KINDS),
    EffectName: sorted(ENTER),
    GateName: sorted(GATES),
}
_NARROWER: Final[dict[str, dict[str, Any]]] = {
    kind.__metadata__[0].description: {"enum": names} for kind, names in _CHOICES.items()
}
"""What an editor can offer for a value, by what the schema says of it."""


def _narrowed(part: Any) -> Any:  # noqa: ANN401 - of a JSON Schema
    """Return a part of the schema that also knows names that are fixed, and refuses empty texts."""
    if isinstance(part, list):
        return [_narrowed(each) for each in part]
    if not isinstance(part, dict):
        return part
    part = {key: _narrowed(each) for key, each in part.items()}
    if part.get("title") == Name.__name__:
        part["properties"] = {
            language: text | {"pattern": r"\S"} for language, text in part["properties"].items()
        }
    return part | _NARROWER.get(str(part.get("description")), {})


def ruleset_page() -> str:
    """Return the page."""
    parts = [INTRODUCTION, _expressions(), _gates(), _actions(), _commands(), _sections()]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _expressions() -> str:
    lines = [
        "## Expressions · 表达式",
        "",
        "`when` is an expression in CEL (<https://cel.dev>) that is true or false. It is compiled",
        "once, its names are checked against the table below, and its types are tried before the",
        f"ruleset is used. It has at most {CHARS_MAX} characters and {MACROS_MAX} list macros",
        f"({', '.join(MACROS)}), at most one inside another; a nested one is asked about lists of",
        f"at most {NESTED_ITEMS_MAX} items. Operators are",
        "`+ - * / % == != < <= > >= && || ! ? : in`;",
        f"functions are {', '.join(f'`{each}`' for each in FUNCTIONS.values())}.",
        "One that fails at run time fails closed: the order is refused with `rule_error`, and the",
        "supervisor gets a card.",
        "",
    ]
    for variable, terms in VOCABULARY.items():
        lines += ["| name | type | 含义 | meaning |", "|---|---|---|---|"]
        for term in terms:
            lines.append(_term(f"{variable}.", term))
            lines += [_term(f"{variable}.{term.name}[].", each) for each in term.items]
    return "\n".join(lines)


def _term(owner: str, term: Term) -> str:
    may = ", may be absent" if term.optional else ""
    return f"| `{owner}{term.name}` | {term.type}{may} | {term.zh} | {term.en} |"


def _gates() -> str:
    lines = ["", "## Gates · 门禁", "", "| gate | opens when |", "|---|---|"]
    lines += [f"| `{name}` | {_first(gate.check)} |" for name, gate in sorted(GATES.items())]
    return "\n".join(lines)


def _actions() -> str:
    taken = ", ".join(f"`{action}`" for action in sorted(TAKEN))
    lines = [
        "",
        "## Actions · 动作",
        "",
        f"Commands, instructions and timers take {taken}.",
        "A transition names one of these, or one that some state's `auto` or a carrier's status in",
        "`carrier_actions` takes; any other would never be taken. Each has its name in",
        "`workflow.actions`.",
    ]
    return "\n".join(lines)


def _commands() -> str:
    kinds = ", ".join(f"`{kind}`" for kind, data in sorted(KINDS.items()) if data.FROM_CLIENTS)
    return f"\n## Commands that `roles` may name · 权限\n\n{kinds}"


def _sections() -> str:
    """Return a table of keys for each struct that a document holds, from the top."""
    lines = ["", "## Keys · 键", "", f"A document has at most {DOCUMENT_BYTES_MAX} bytes."]
    seen: list[type] = []
    left: list[tuple[str, Any]] = [("", msgspec.inspect.type_info(Document))]
    while left:
        path, kind = left.pop(0)
        if kind.cls in seen:
            continue
        seen.append(kind.cls)
        lines += ["", f"### {f'`{path}`' if path else 'The document'}", "", _first(kind.cls), ""]
        lines += ["| key | type | needed |", "|---|---|---|"]
        for field in kind.fields:
            text, inner = _type(field.type)
            place = f"{path}.{field.encode_name}".lstrip(".")
            left += [(f"{place}{suffix}", each) for suffix, each in inner]
            lines.append(f"| `{field.encode_name}` | {text} | {'yes' if field.required else ''} |")
    return "\n".join(lines)


_PLAIN: Final[dict[type, str]] = {
    msgspec.inspect.IntType: "whole number",
    msgspec.inspect.BoolType: "true or false",
    msgspec.inspect.StrType: "text",
}
Inner = list[tuple[str, Any]]
"""The structs within a type, each with what goes to its path."""


def _type(kind: Any) -> tuple[str, Inner]:  # noqa: ANN401 - of msgspec.inspect
    """Return how a type is called, and what is within it."""
    reader = _READERS.get(type(kind))
    return reader(kind) if reader else (_PLAIN.get(type(kind), "anything"), [])


def _marked(kind: Any) -> tuple[str, Inner]:  # noqa: ANN401
    text, inner = _type(kind.type)
    return (kind.extra or {}).get("mark") or text, inner


def _list(kind: Any) -> tuple[str, Inner]:  # noqa: ANN401
    text, inner = _type(kind.item_type)
    return f"list of {text}", [(f"[]{suffix}", each) for suffix, each in inner]


def _table(kind: Any) -> tuple[str, Inner]:  # noqa: ANN401
    text, inner = _type(kind.value_type)
    key, _ = _type(kind.key_type)
    return f"table: {key} → {text}", [(f".*{suffix}", each) for suffix, each in inner]


def _union(kind: Any) -> tuple[str, Inner]:  # noqa: ANN401
    return _type(next(e for e in kind.types if not isinstance(e, msgspec.inspect.NoneType)))


def _literal(kind: Any) -> tuple[str, Inner]:  # noqa: ANN401
    return " or ".join(f"`{value}`" for value in kind.values), []


_READERS: Final[dict[type, Callable[[Any], tuple[str, Inner]]]] = {
    msgspec.inspect.Metadata: _marked,
    msgspec.inspect.StructType: lambda kind: ("table", [("", kind)]),
    msgspec.inspect.VarTupleType: _list,
    msgspec.inspect.DictType: _table,
    msgspec.inspect.UnionType: _union,
    msgspec.inspect.LiteralType: _literal,
}


def _first(thing: Any) -> str:  # noqa: ANN401 - whatever has a docstring
    """Return the first paragraph of a docstring in one line."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())
