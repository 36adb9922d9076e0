"""What an order file becomes: frozen facts, and the reasons why a line did not become one.

Money is integer fen, mass integer grams, time integer µs UTC. An `Order` is the body of an
`order.assign` instruction, a `Return` the body of an `order.freeze` one.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

LINES_PER_ORDER_MAX: Final = 1_500
"""An order must fit one journal entry."""
QTY_MAX: Final = 10_000
"""Pieces in one line of a file; more is taken for a typing error."""
PRICE_FEN_MAX: Final = 100_000_000
"""1,000,000 yuan a piece; more is taken for a typing error."""
FIELD_CHARS_MAX: Final = 200
TIME_US_MAX: Final = 4_102_444_800_000_000
"""The end of 2099."""

Short = Annotated[str, Meta(min_length=1, max_length=FIELD_CHARS_MAX)]
Loose = Annotated[str, Meta(max_length=FIELD_CHARS_MAX)]
Code = Annotated[str, Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z ._/-]{0,39}$")]
TimeUs = Annotated[int, Meta(ge=0, lt=TIME_US_MAX)]
Fen = Annotated[int, Meta(ge=0, le=PRICE_FEN_MAX)]
Pieces = Annotated[int, Meta(ge=1, le=QTY_MAX)]


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text in both languages of the floor."""

    zh: str
    en: str


class Item(msgspec.Struct, frozen=True):
    """One article of the catalogue; `lot` and `expiry` say whether the floor must record them."""

    sku: str
    codes: tuple[str, ...]
    """What its barcodes may say, the GTIN first."""
    name: Text
    weight_g: int
    price_fen: int
    lot: bool = False
    expiry: bool = False


class Location(msgspec.Struct, frozen=True):
    """One bin; `walk` orders bins along the picker's way."""

    code: str
    zone: str
    walk: int
    warehouse: str


class Stock(msgspec.Struct, frozen=True):
    """Pieces of one article in one bin."""

    sku: str
    location: str
    qty: int
    warehouse: str


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One article of an order."""

    no: Annotated[int, Meta(ge=1, le=LINES_PER_ORDER_MAX)]
    sku: Code
    qty: Pieces
    price_fen: Fen
    gift: bool = False
    tracked: bool = True
    service: bool = False


class Charge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money on an order that nobody picks: postage, a discount (negative), a fee."""

    code: Short
    name: Loose
    amount_fen: int


class Recipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a parcel goes."""

    name: Short
    phone: Short
    address: Short
    city: Short
    province: Short


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of one `order.assign`. `promise` is the latest time to ship."""

    order_id: Code
    type: Short
    paid_at: TimeUs
    promise: TimeUs
    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=LINES_PER_ORDER_MAX)]
    recipient: Recipient
    carrier: Short
    tags: tuple[Short, ...] = ()
    finance_cleared: bool = True
    charges: tuple[Charge, ...] = ()
    service: Short = "standard"
    gifts: Literal["given", "evaluate"] = "given"
    customer_level: Short = "regular"
    remark: Loose = ""

    @property
    def amount_fen(self) -> int:
        """What the customer pays, charges and discounts included."""
        goods = sum(line.qty * line.price_fen for line in self.lines)
        return goods + sum(charge.amount_fen for charge in self.charges)


class ReturnLine(msgspec.Struct, frozen=True):
    """One article that comes back."""

    sku: str
    qty: int


class Return(msgspec.Struct, frozen=True):
    """The body of an `order.freeze` for a return whose order the file does not name.

    `order_id` is the credit note's own number: no box knows it, and sets it aside for a person.
    """

    order_id: str
    issued_at: int
    lines: tuple[ReturnLine, ...]
    charges: tuple[Charge, ...] = ()
    category: Literal["return"] = "return"


class Reject(msgspec.Struct, frozen=True):
    """One line of the file that was not taken. `line` counts from 1, the header included."""

    line: int
    code: str
    facts: dict[str, str]
    advice: Text


class Counts(msgspec.Struct, frozen=True):
    """Lines of the file by what became of them: `lines` is the sum of all the others."""

    lines: int
    ordered: int
    """Became pieces of an order's line."""
    charged: int
    """Became a charge of an order."""
    returned: int
    """Became part of a return."""
    rejected: int
    blank: int


class Import(msgspec.Struct, frozen=True):
    """Everything that one order file said.

    `catalog`, `locations` and `stock` are derived so that a site without a catalogue can start:
    a hub that knows a SKU keeps its own record. `unknown_columns` were not used.
    """

    warehouse: str
    encoding: str
    orders: tuple[Order, ...]
    catalog: tuple[Item, ...]
    locations: tuple[Location, ...]
    stock: tuple[Stock, ...]
    returns: tuple[Return, ...]
    rejects: tuple[Reject, ...]
    unknown_columns: tuple[str, ...]
    counts: Counts


class ImportFault(Exception):  # noqa: N818 - the word of the interface; ImportError is Python's
    """A file that cannot be read at all: a `code`, its `facts`, a `hint` in both languages."""

    def __init__(self, code: str, **facts: str) -> None:
        self.code = code
        self.facts = facts
        self.hint = ADVICE[code]
        said = ", ".join(f"{name}: {value}" for name, value in facts.items())
        super().__init__(f"{code} ({said}). {self.hint.en}" if said else f"{code}. {self.hint.en}")


class LineFault(Exception):  # noqa: N818 - becomes a Reject, is never seen outside
    """Why the line at hand cannot be taken."""

    def __init__(self, code: str, **facts: str) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


GOT_CHARS_MAX: Final = 40


def reject(line: int, code: str, **facts: str) -> Reject:
    """Return the report on `line`; long facts are cut to GOT_CHARS_MAX."""
    short = {name: value[:GOT_CHARS_MAX] for name, value in facts.items()}
    return Reject(line, code, short, ADVICE[code])


ADVICE: Final = {
    # whole files
    "empty_file": Text("文件是空的，请重新导出。", "The file is empty; export it again."),
    "file_too_big": Text("文件过大，请按日期拆分。", "The file is too big; split it by date."),
    "missing_column": Text(
        "缺少列，请补齐后重新导入。", "Columns are missing; add them and import again."
    ),
    "duplicated_column": Text(
        "表头有重复的列，请只保留一个。", "The header names a column twice; keep one of them."
    ),
    "unreadable_header": Text(
        "表头无法读取，请用 UTF-8 重新保存为 CSV。",
        "The header cannot be read; save the file again as CSV in UTF-8.",
    ),
    "unknown_kind": Text("文件类型只能是 csv 或 jsonl。", "The file must be .csv or .jsonl."),
    # single lines
    "bad_encoding": Text(
        "此行不是 UTF-8 或 GB18030，请用 UTF-8 重新保存。",
        "This line is neither UTF-8 nor GB18030; save the file again in UTF-8.",
    ),
    "line_too_long": Text("此行过长，请检查引号。", "The line is too long; check its quotes."),
    "control_character": Text(
        "此行含有控制字符，请重新导出。", "The line holds a control character; export it again."
    ),
    "bad_quotes": Text(
        "引号未闭合；说明文字须写在一行内。",
        "A quote is not closed; keep each description on one line.",
    ),
    "too_few_fields": Text(
        "列数不足，可能只有半行；请重新导出。",
        "Fields are missing, perhaps half a line; export the file again.",
    ),
    "too_many_fields": Text(
        "列数过多；含逗号的文字请加引号。", "Too many fields; quote a text that holds a comma."
    ),
    "cut_line": Text(
        "最后一行没有换行，可能被截断；补上换行后再导入。",
        "The last line has no line end and may be cut; complete it and end the line.",
    ),
    "repeated_header": Text("表头重复，请删除此行。", "The header stands here again; delete it."),
    "field_too_long": Text("字段过长，请缩短。", "A field is too long; shorten it."),
    "bad_invoice": Text(
        "单号只能用字母、数字和 . _ / -。",
        "An invoice number has letters, digits and . _ / - only.",
    ),
    "bad_sku": Text(
        "货号只能用字母、数字和 . _ / -。", "A stock code has letters, digits and . _ / - only."
    ),
    "bad_quantity": Text("数量须为整数。", "The quantity must be a whole number."),
    "zero_quantity": Text("数量为 0，请删除或更正。", "The quantity is 0; correct or delete it."),
    "negative_quantity": Text(
        "只有退单（C 开头）可以是负数。", "Only a return (number begins with C) may be negative."
    ),
    "positive_return": Text(
        "退单（C 开头）的数量须为负数。", "In a return (number begins with C) it must be negative."
    ),
    "absurd_quantity": Text("数量过大，请核对。", "The quantity is too large; check it."),
    "bad_price": Text(
        "单价须为最多两位小数的金额。", "The price must be an amount with at most two decimals."
    ),
    "negative_price": Text("货品单价不能为负。", "The price of goods cannot be negative."),
    "absurd_price": Text("单价过大，请核对。", "The price is too large; check it."),
    "bad_date": Text(
        "日期须为 月/日/年 时：分 或 年-月-日 时：分。",
        "Write the date as month/day/year hour:minute or year-month-day hour:minute.",
    ),
    "too_many_lines": Text("订单行数过多，请拆单。", "The order has too many lines; split it."),
    "order_incomplete": Text(
        "同一单的另一行有错；改正后整单再导入，不会缺件发货。",
        "Another line of this order is wrong; mend it and import the whole order again.",
    ),
    "nothing_to_ship": Text(
        "此单只有费用，没有货品，无需发货。",
        "The order has charges only; there is nothing to ship.",
    ),
    "duplicate_order": Text(
        "单号在文件中重复，请只保留一条。", "The order stands in the file twice; keep one."
    ),
    "duplicate_line": Text(
        "行号或货号在订单中重复，请合并。", "A line number or SKU stands twice in it; merge them."
    ),
    "bad_json": Text("此行不是 JSON 对象，请重新导出。", "The line is no JSON; export it again."),
    "bad_field": Text("字段不合要求，见说明。", "A field is wrong; see the cause."),
}
