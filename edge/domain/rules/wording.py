"""What is said of a ruleset's faults, in both languages: what is wrong, and what to do.

A key is a problem's code, and behind a dot its variant where one code has several texts. In a text
`{name}` is a fact as it is, and `{name!t}` a term of this page.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from string import Formatter
from typing import Any, Final

import msgspec

from edge.domain.foreign import in_chinese
from edge.domain.model import Name

TEXT_CHARS_MAX: Final = 300
CHOICES_MAX: Final = 14
"""So many names are all told; of more, those that are nearest."""
NEAREST_MAX: Final = 3


class Words(msgspec.Struct, frozen=True):
    """What is said of a sort of fault."""

    text: Name
    advice: Name = Name("", "")


def _words(en: str, zh: str, advice_en: str = "", advice_zh: str = "") -> Words:
    return Words(Name(zh, en), Name(advice_zh, advice_en))


_MEND: Final = ("mend it there", "请在该处改正")
_SPLIT: Final = ("split the rule", "请拆成几条规则")

WORDS: Final[Mapping[str, Words]] = {
    # ---- the document as a whole -----------------------------------------------------------
    "size": _words("more than {most} bytes", "超过 {most} 字节",
        "a ruleset is journalled whole: shorten it", "规则集整份写入账本，请精简"),
    "syntax.toml": _words("not TOML: {said}", "不是合法的 TOML：{said!t}", *_MEND),
    "syntax.json": _words("not JSON: {said}", "不是合法的 JSON：{said}", *_MEND),
    "syntax.value": _words("cannot be read: {said}", "无法读取：{said}", *_MEND),
    "syntax.twice": _words("not JSON as it should be: key {key} twice in one object",
        "JSON 同一对象里键 {key} 出现两次", "keep one of them", "只保留一个"),
    "syntax.utf8": _words("not UTF-8", "不是 UTF-8 编码",
        "save the file as UTF-8", "请把文件存为 UTF-8"),
    "syntax.deep": _words("nested too deeply", "嵌套太深",
        "a ruleset is a few levels deep", "规则集只有几层"),
    "more": _words("{count} problems more", "另有 {count} 个问题", "mend these", "先改完这些"),
    # ---- its shape -------------------------------------------------------------------------
    "wrong_type": _words("{got!t}, where {wanted!t} is needed", "这里是{got!t}，应为{wanted!t}",
        "write {wanted!t}", "请写{wanted!t}"),
    "wrong_type.said": _words("{said}", "类型不对：{said}", *_MEND),
    "unknown_key": _words("unknown key {name}", "没有 {name} 这个键"),
    "unknown_key.many": _words("{count} unknown keys", "有 {count} 个未知的键",
        "the keys are in docs/RULESET.md", "可用的键见 docs/RULESET.md"),
    "missing_key": _words("{name} is missing", "缺少 {name}",
        "add {name} = …", "请补上 {name} = …"),
    "missing_text": _words("the text is empty", "文字为空",
        "write it in {language!t}: the floor reads both", "请写{language!t}：现场两种语言都要"),
    "out_of_range.items": _words("more than {most} items", "超过 {most} 项",
        "at most {most}", "最多 {most} 项"),
    "out_of_range.chars": _words("a text of {least} to {most} characters is needed",
        "文字长度应为 {least} 到 {most} 个字符", "shorten or fill it", "请缩短或补全"),
    "out_of_range.pattern": _words("does not match {pattern}", "不符合格式 {pattern}",
        "write it in that form", "请按该格式填写"),
    "out_of_range.half": _words("half of a character", "半个字符",
        "write it as UTF-8", "请用 UTF-8 书写"),
    "out_of_range.number": _words("a whole number from {least} to {most} is needed",
        "应为 {least} 到 {most} 的整数", "choose one of these", "请改为该范围内的数"),
    "out_of_range.value": _words("{value} is none of its values", "{value} 不是可选值"),
    "out_of_range.pauses": _words("{pauses}", "{pauses}",
        "at most {most} pauses, each 0 to {most_ms} ms",
        "最多 {most} 次，每次 0 到 {most_ms} 毫秒"),
    "twice": _words("{value} twice", "{value} 出现两次", "call one otherwise", "请给其中一个改名"),
    "unknown": _words("unknown {sort!t} {name}", "没有名为 {name} 的{sort!t}"),
    # ---- the workflow ----------------------------------------------------------------------
    "needed_state": _words("{state} must be there, of kind {kind}",
        "必须有状态 {state}，种类为 {kind}",
        "the floor's own actions know it by name", "现场的动作按这个名字认它"),
    "one_start": _words("exactly one state is of kind start", "种类为 start 的状态必须正好一个",
        "the others are one of hold, floor, end", "其余为 hold、floor 或 end"),
    "shipped_unproved": _words(
        "shipped needs the gates all_checked and label_proved, and no freeze",
        "到 shipped 必须过 all_checked 和 label_proved 两道门禁，冻结时不可",
        'gates = ["all_checked", "label_proved"], without frozen',
        '请写 gates = ["all_checked", "label_proved"]，不写 frozen'),
    "not_a_hold": _words("{state} is not a state of kind hold", "{state} 不是等待（hold）状态"),
    "no_ways": _words("no transition", "没有任何流转", "add some", "请补上流转"),
    "unnamed_action": _words("{action} has no name", "动作 {action} 没有名称",
        "name it in workflow.actions, in zh and en", "请在 workflow.actions 写上中英文名称"),
    "unreachable_state": _words("{state} is out of reach from {starts}",
        "从 {starts} 到不了 {state}",
        "add a transition to it, or drop it", "请加一条到它的流转，或删掉它"),
    "trapping_state": _words("{state} is a trap: no way leads from it to a state of kind end",
        "{state} 进得去出不来：没有路通到 end 状态",
        "add a transition from it", "请加一条从它出去的流转"),
    "hidden_way": _words("{action} from {state} is never taken: transitions[{first}] has no gate",
        "从 {state} 出发的 {action} 永远轮不到：transitions[{first}] 没有门禁",
        "put it before that one, or gate that one", "请移到它前面，或给它加门禁"),
    "automatic_cycle": _words("automatic actions go round for ever: {ring}",
        "自动动作绕成一圈，永不停止：{ring}",
        "take {action} out of auto, or let it lead elsewhere",
        "请把 {action} 移出 auto，或改它的去向"),
    "dropped_state": _words("orders may be in {states}, which must stay",
        "可能还有订单处于 {states}，不能删",
        "keep each state that was in force, with a way out of it", "用过的状态都要保留，并留出路"),
    "signatures": _words("{count} signatures, or one of nobody",
        "{count} 个签字，或有一个没指定谁签",
        "1 to {most} lists of roles", "请写 1 到 {most} 组角色"),
    "sample_failed": _words("{sample}: {what} is {got}, expected {wanted}",
        "{sample}：{what} 为 {got}，应为 {wanted}",
        "mend the rule, or the sample", "请改规则，或改样例"),
    # ---- expressions -----------------------------------------------------------------------
    "expression_size.empty": _words("is empty", "表达式为空",
        "1 to {most} characters", "请写 1 到 {most} 个字符"),
    "expression_size.long": _words("longer than {most} characters", "超过 {most} 个字符", *_SPLIT),
    "expression_syntax": _words("{said}", "表达式写法有误：{said}",
        "CEL, as docs/RULESET.md says", "写法见 docs/RULESET.md（CEL）"),
    "expression_cost": _words("more than {most} macros, or nested more than once",
        "宏超过 {most} 个，或嵌套超过一层", *_SPLIT),
    "expression_form.comment": _words("comments have no place here", "表达式里不能写注释",
        "put it into a comment of the document", "请写在文件的注释里"),
    "expression_form.quotes": _words("raw, byte or three-quoted texts have no place here",
        "不能用原始、字节或三引号文字", "write '…'", "请写 '…'"),
    "expression_form.brackets": _words("members in brackets have no place here",
        "不能用方括号取字段", "write order.name", "请写 order.name"),
    "expression_form.maps": _words("maps have no place here", "不能写映射",
        "use the fields of order", "请用 order 的字段"),
    "expression_form.fractions": _words("fractions and unsigned have no place here",
        "不能用小数和无符号数", "count in fen, grams", "请用分、克等整数单位"),
    "unknown_name.taken": _words("{name} is taken", "名字 {name} 已被占用",
        "call the macro's variable otherwise", "请给宏里的变量换个名字"),
    "expression_type.compared": _words("{name} is {kind!t}, compared with {has!t}",
        "{name} 是{kind!t}，却与{has!t}比较", "compare like with like", "请与同类的值比较"),
    "expression_type.fails": _words("fails: {said}", "试算失败：{said}",
        "mind that it may be: {shown}", "注意可能出现：{shown}"),
    "expression_type.operands": _words("fails: an operation does not fit its values",
        "试算失败：运算与其两边的值类型不符",
        "compare like with like; mind that it may be: {shown}",
        "请与同类的值比较；注意可能出现：{shown}"),
    "expression_type.absent": _words("fails: {said} may be absent", "试算失败：{said} 可能不存在",
        "mind that it may be: {shown}", "注意可能出现：{shown}"),
    "expression_type.answer": _words("gives {got!t}, where yes or no is needed",
        "结果是{got!t}，应为是或否", "compare it with something", "请与某个值比较"),
}  # fmt: skip

TERMS: Final[Mapping[str, Name]] = {
    "bool": Name("真或假", "true or false"),
    "int": Name("整数", "a whole number"),
    "float": Name("小数", "a number with a fraction"),
    "str": Name("文字", "a text"),
    "text": Name("文字", "a text"),
    "texts": Name("文字列表", "a list of texts"),
    "items": Name("行列表", "a list of lines"),
    "list": Name("列表", "a list"),
    "dict": Name("表", "a table"),
    "NoneType": Name("空值", "nothing"),
    "zh": Name("中文", "Chinese"),
    "en": Name("英文", "English"),
    "state": Name("状态", "state"),
    "action": Name("动作", "action"),
    "effect": Name("进入效果", "effect"),
    "gate": Name("门禁", "gate"),
    "role": Name("角色", "role"),
    "command": Name("命令", "command"),
    "kind": Name("种类", "kind"),
    "grade": Name("验证等级", "grade"),
    "event": Name("事件", "event"),
    "approval": Name("审批", "approval"),
    "name": Name("名字", "name"),
    "function": Name("函数", "function"),
}


def worded(key: str, facts: Mapping[str, Any]) -> Words:
    """Return what is said of a fault, its facts put in."""
    words = WORDS[key]
    return Words(_filled(words.text, facts), _filled(words.advice, facts))


def choices(name: str, known: Iterable[str]) -> Name:
    """Return advice for `name`: the nearest of `known`; all there are, where they are few."""
    names = sorted(known)
    if not names:
        return Name("目前一个也没有", "there is none")
    near = get_close_matches(name[:TEXT_CHARS_MAX], names, NEAREST_MAX)
    if len(names) > CHOICES_MAX:
        return _nearest(near, len(names))
    zh = f"是不是 {near[0]}？" if near else ""
    en = f"did you mean {near[0]}? " if near else ""
    return Name(
        f"{zh}可用：{'、'.join(names)}"[:TEXT_CHARS_MAX],
        f"{en}one of {', '.join(names)}"[:TEXT_CHARS_MAX],
    )


def _nearest(near: list[str], count: int) -> Name:
    if not near:
        return Name(
            f"可用的有 {count} 个，见 docs/RULESET.md",
            f"one of {count}, which docs/RULESET.md lists",
        )
    return Name(f"是不是 {' 或 '.join(near)}？", f"did you mean {' or '.join(near)}?")


class _Terms(Formatter):
    """Fills texts in one language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def convert_field(self, value: Any, conversion: Any) -> Any:  # noqa: ANN401 - as the base says
        if conversion != "t":
            return value
        term = TERMS.get(value)
        if term:
            return getattr(term, self._language)
        return in_chinese(str(value)) if self._language == "zh" else value


_ZH, _EN = _Terms("zh"), _Terms("en")


def _filled(text: Name, facts: Mapping[str, Any]) -> Name:
    zh, en = _ZH.vformat(text.zh, (), facts), _EN.vformat(text.en, (), facts)
    return Name(zh[:TEXT_CHARS_MAX], en[:TEXT_CHARS_MAX])
