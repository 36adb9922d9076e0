"""What a ruleset's expressions may ask: the one table of names, types and meanings.

From it come the contexts that expressions are tried on, the reference in docs/RULESET.md, and the
test that holds what the floor really hands to expressions to these types.
"""

from typing import Any, Final, Literal

import msgspec

Type = Literal["bool", "int", "text", "texts", "items"]


class Term(msgspec.Struct, frozen=True):
    """A name. `texts` is a list of texts, `items` a list of records of `items`' terms."""

    name: str
    type: Type
    zh: str
    en: str
    optional: bool = False
    """It may be absent: expressions must ask `has(…)` first."""
    items: tuple["Term", ...] = ()


_LINE: Final = (
    Term("sku", "text", "商品编码", "the SKU"),
    Term("qty", "int", "件数", "pieces"),
    Term("name", "text", "商品中文名", "the item's Chinese name"),
    Term("price_fen", "int", "单价（分）", "price of a piece, in fen"),
)

VOCABULARY: Final[dict[str, tuple[Term, ...]]] = {
    "order": (
        Term("id", "text", "订单号", "the order's id"),
        Term("type", "text", "订单类型", "type of order"),
        Term("type_known", "bool", "类型在规则集中有定义", "the type stands in order_types.known"),
        Term("tags", "texts", "标签", "tags"),
        Term("amount_fen", "int", "应付金额（分）", "goods and charges, in fen"),
        Term("finance_cleared", "bool", "财务已放行", "finance has cleared it"),
        Term("customer_level", "text", "客户等级", "level of the customer"),
        Term("carrier", "text", "承运商", "carrier"),
        Term("service", "text", "承运服务", "the carrier's service"),
        Term("risk_pm", "int", "中枢给出的风险分（千分比）", "the hub's risk score, per mille"),
        Term(
            "remark_hits", "texts", "备注命中的词", "words of priorities.remark_words in the remark"
        ),
        Term("state", "text", "状态", "the order's state"),
        Term("lane", "text", "通道：24h 或 normal", "lane: 24h or normal"),
        Term("priority", "text", "优先级：P0 或空", "priority: P0 or nothing"),
        Term("same_city", "bool", "收件城市就是本仓城市", "it goes to the city of site.city"),
        Term("day", "text", "受理日期 YYYY-MM-DD(本仓时区)", "day of acceptance, at the site"),
        Term("month", "int", "受理月份 1-12", "its month"),
        Term("weekday", "int", "受理星期 1=周一", "its day of the week, 1 is Monday"),
        Term("lines", "items", "订单行", "lines, gifts not yet among them", items=_LINE),
    ),
}
"""Variables of expressions, each a record of terms."""

FUNCTIONS: Final = {
    "size": "size(list), size(text)",
    "contains": "text.contains(text)",
    "startsWith": "text.startsWith(text)",
    "endsWith": "text.endsWith(text)",
}
"""Functions, with how they are written."""
OPERATORS: Final = frozenset(
    {
        "_+_", "_-_", "_*_", "_/_", "_%_", "-_", "!_", "_&&_", "_||_", "_?_:_", "_==_", "_!=_",
        "_<_", "_<=_", "_>_", "_>=_", "@in", "_[_]", "@not_strictly_false",
    }
)  # fmt: skip
"""What the library calls CEL's operators, and what macros turn into."""
MACROS: Final = ("all", "exists", "exists_one", "filter", "map")


def mismatch(terms: tuple[Term, ...], facts: dict[str, Any]) -> str:
    """Return how facts differ from their declaration, or nothing where they do not."""
    declared = {term.name for term in terms}
    if extra := facts.keys() - declared:
        return f"{sorted(extra)} not declared"
    for term in terms:
        if term.name not in facts:
            if not term.optional:
                return f"{term.name} absent"
            continue
        value = facts[term.name]
        if not _fits(term, value):
            return f"{term.name} is {value!r}, declared {term.type}"
    return ""


def _fits(term: Term, value: Any) -> bool:  # noqa: ANN401 - whatever was handed over
    match term.type:
        case "bool" | "int" | "text":
            return type(value) is {"bool": bool, "int": int, "text": str}[term.type]
        case "texts":
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case "items":
            return isinstance(value, list) and not any(mismatch(term.items, each) for each in value)
