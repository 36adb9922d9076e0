"""In Chinese, what libraries and drivers say in English (pure).

They speak English alone. What is listed here is said in Chinese too; anything else stays as it is.
`{}` stands for what was filled in; the Chinese takes it by its place.
"""

import re
from functools import cache
from typing import Final

_TOML: Final = {
    "Cannot declare {} twice": "{0} 写了两次",
    "Cannot mutate immutable namespace {}": "{0} 已经写完，不能再加",
    "Cannot overwrite a value": "同一个键写了两次",
    "Cannot redefine namespace {}": "{0} 不能再定义一次",
    "Duplicate inline table key {}": "键 {0} 写了两次",
    "Escaped character is not a Unicode scalar value": "转义的字符不存在",
    "Expected '=' after a key in a key/value pair": "键的后面缺 =",
    "Expected ']' at the end of a table declaration": "表名后面缺 ]",
    "Expected ']]' at the end of an array declaration": "表名后面缺 ]]",
    "Expected newline or end of document after a statement": "一行只能写一项：后面多了东西",
    "Expected {}": "这里应是 {0}",
    "Found invalid character {}": "有不能用的字符 {0}",
    "Illegal character {}": "有不能用的字符 {0}",
    "Invalid date or datetime": "日期或时间不对",
    "Invalid hex value": "十六进制数不对",
    "Invalid initial character for a key part": "键不能这样开头",
    "Invalid statement": "这一行读不懂",
    "Invalid value": "值写得不对：文字要加引号",
    "Unclosed array": "列表缺 ]",
    "Unclosed inline table": "缺 }}",
    r"Unescaped '\' in a string": r"文字里的 \ 要写成 \\",
    "Unterminated string": "文字缺右边的引号",
}
"""What `tomllib` finds; where, it says behind."""
_PLACES: Final = {
    "{} (at line {}, column {})": "{0}（第 {1} 行第 {2} 列）",
    "{} (at end of document)": "{0}（文件末尾）",
}
_DEVICES: Final = {
    "not understood: {}": "不认识：{0}",
    "no way to reach '{}' devices, only {}": "不认识 {0} 开头的地址，只有 {1}",
    "no way to reach '{}' scanners": "扫描枪没有 {0} 开头的地址",
    "no printer language '{}'": "没有 {0} 这种打印机语言",
    "the host is missing": "缺主机地址",
    "no port runs at {} baud": "串口没有 {0} 这个速率",
    "no flow control '{}'": "没有 {0} 这种流控",
    "the device's path is missing (three strokes before it: ///dev/…)": (
        "缺设备路径（前面三条斜线：///dev/…）"
    ),
    "no stock has a gap of {} mm": "没有间隙 {0} 毫米的标签纸",
    "no such proof '{}'": "没有 {0} 这种凭证",
    "an IPP printer's lang is ipp, or left out": "IPP 打印机的 lang 是 ipp，或不写",
    "{} is not between {} and {}": "{0} 不在 {1} 到 {2} 之间",
    "write it as one of: {}": "请写成其中一种：{0}",
    "write it as serial:{}": "请写成 serial:{0}",
    "{} addresses are more than {}": "{0} 个地址，多于 {1} 个",
    "name smaller networks, or allow wide sweeps (never more than a /16)": (
        "请写小一些的网段，或加 --wide（最大 /16）"
    ),
    "'{}' does not appear to be an IPv4 or IPv6 network": "“{0}”不是网段",
    "{} has host bits set": "{0} 不是网段的第一个地址",
    "write it as 10.0.0.0/24": "请写成 10.0.0.0/24",
    "give the box a name of its own": "请给盒子另起一个名字",
    "check the box's network": "请检查盒子的网络",
    "it has no address": "没有地址",
    "it does not start": "启动不了",
    "open the printer first": "请先连接打印机",
    "not connected": "没有连接",
    "no answer in {} s": "{0} 秒没有应答",
    "the printer took no byte in {} s": "打印机 {0} 秒没有收下一个字节",
    "the copy may have come out: look for it and scan it, do not send it again": (
        "标签可能已经出来：找到它扫一下，不要再发"
    ),
    "check that the printer is switched on, on the network, and at this address": (
        "请看打印机是否开着、连着网、地址对不对"
    ),
    "check the printer's power and cable, then open it again": "请看打印机的电源和线，再连一次",
    "check power, cable, paper and head; scan the label if one came out": (
        "请看电源、线、纸和打印头；标签出来了就扫一下"
    ),
    "check the cable and the path (ls -l /dev/serial/by-id), that this account may use it "
    "(group dialout), and that nothing else has it open": (
        "请看线和路径(ls -l /dev/serial/by-id)、本账号能不能用(dialout 组)、有没有别的程序占着"
    ),
    "check the cable and power, the path (ls -l /dev/usb), and that this account may use it "
    "(group lp)": "请看线和电源、路径(ls -l /dev/usb)、本账号能不能用(lp 组)",
}
_PICTURES: Final = {
    "send a smaller photo": "请用小一些的照片",
    "too many pictures wait": "等着读的照片太多",
    "try again in a few seconds": "过几秒再试",
    "the picture could not be read": "照片读不出来",
    "photograph the code closer and straight on": "靠近一些，正对条码再拍",
    "the picture has {} × {} pixels": "照片有 {0} × {1} 像素",
    "send at most {} pixels: a smaller photo": "最多 {0} 像素：请用小一些的照片",
    "the picture has far too many pixels": "照片像素太多",
    "send at most {}: a smaller photo": "最多 {0}：请用小一些的照片",
    "this is no whole picture": "照片不完整",
    "this is no whole picture: {}": "照片不完整：{0}",
    "send one of {}": "请用这几种格式：{0}",
}
_LABELS: Final = {
    "without it no PDA trusts the box": "没有它，PDA 不信任盒子",
    "turn it on, and restart": "请打开它，再重启盒子",
    "it is empty": "没有填",
    "write the box's address or name there": "请在配置里写盒子的地址或名字",
    "start the box once: it makes it": "请先启动一次盒子，它会做好",
    "{} is missing": "缺少 {0}",
    "install it: sudo apt-get install fonts-noto-cjk": (
        "请安装：sudo apt-get install fonts-noto-cjk"
    ),
    "the font has no glyph for '{}' (U+{}) in {}": "字体里没有“{0}”(U+{1})，在 {2} 里",
    "correct the text; the label is refused rather than printed with a gap": (
        "请改这段文字：宁可不打，也不打缺字的标签"
    ),
    "{} does not fit, even at the smallest size": "{0} 用最小的字也放不下",
    "a code cannot carry {}": "条码里不能有 {0}",
    "use 1 to {} ASCII characters; put Chinese text beside the code": (
        "请用 1 到 {0} 个英文字母或数字；中文写在条码旁边"
    ),
    "there is no '{}'": "没有“{0}”",
    "use one of {}": "可用的：{0}",
}
_TEMPLATES: Final = {
    "Expected `{}`, got `{}`": "应为 {0}，这里是 {1}",
    "Expected `{}` of length {}": "应为 {0}，长度 {1}",
    "Expected `{}` matching regex {}": "应为 {0}，样式 {1}",
    "Expected `{}` {}": "应为 {0}，{1}",
    "Invalid enum value {}": "不能写 {0}",
    "write a text": "请写文字",
    "write a number": "请写数字",
    "write a whole number": "请写整数",
    "write true or false": "请写 true 或 false",
    "write a list": "请写列表",
    "write an object": "请写对象 {{…}}",
    "write at most {}": "请写不大于 {0} 的值",
    "write at least {}": "请写不小于 {0} 的值",
    "write more than {}": "请写大于 {0} 的值",
    "write less than {}": "请写小于 {0} 的值",
    "write {}": "请写 {0}",
    "correct this value": "请改正这个值",
    "there is no such field": "没有这个字段",
    "did you mean '{}'? known: {}": "是不是“{0}”？可用的：{1}",
    "known: {}": "可用的：{0}",
    "the field '{}' is missing": "缺少字段“{0}”",
    "add it; known: {}": "请加上；可用的：{0}",
    "there is no element '{}'": "没有“{0}”这种元素",
    "a repeat cannot stand in a repeat": "重复里不能再放重复",
    "put its elements here": "请把里面的元素直接写在这里",
    "it is not plain data: {}": "不是普通的数据：{0}",
    "use JSON values only": "只能用 JSON 的值",
    "a picture comes from 'field' or from 'base64'": "图片只能来自 field 或 base64",
    "give one of the two": "请二选一",
    "there must be one repeat over '{}'": "要有一个按“{0}”重复的元素",
    "let exactly one element of type repeat run over that list": (
        "请让正好一个 repeat 元素按这个列表重复"
    ),
    "it ends at {} mm from the top, but there is room for {} mm": (
        "下边到 {0} 毫米，只有 {1} 毫米可用"
    ),
    "it ends at {} mm from the left, but there is room for {} mm": (
        "右边到 {0} 毫米，只有 {1} 毫米可用"
    ),
    "it ends at {} mm {}, but there is room for {} mm": "到 {0} 毫米（{1}），只有 {2} 毫米可用",
    "move it, make it smaller, or enlarge size_mm": "请移动或缩小它，或加大 size_mm",
    "{} is larger than size_mm {}": "{0} 大于 size_mm {1}",
    "make it smaller, or leave it out": "请改小，或不写",
    "{} mm cannot hold one line of {} mm": "{0} 毫米放不下一行 {1} 毫米的字",
    "raise h to size_mm or more": "h 要不小于 size_mm",
    "the text is {} characters long": "文字有 {0} 个字",
    "a label text has at most {}": "标签上的一段文字最多 {0} 个字",
    "'{}' is {}, which is not a whole number": "“{0}”是 {1}，不是整数",
    "give a whole number": "请给整数",
    "write {field}, and {{ for a brace itself": "字段写成 {{field}}，大括号本身写成 {{{{",
    "'{{}}' is not a field name": "“{{{0}}}”不是字段名",
    "write {name} or {group.name}": "请写 {{name}} 或 {{group.name}}",
    "'{}' is not a condition": "“{0}”不是条件",
    "write field, !field or field > 1": "请写 field、!field 或 field > 1",
    "the data has no picture '{}'": "数据里没有图片“{0}”",
    'give it in base64, or draw the element only "when": "{}"': (
        '请用 base64 给出，或只在 "when": "{0}" 时画这个元素'
    ),
    "the data has no list '{}'": "数据里没有列表“{0}”",
    "give a list": "请给列表",
    'give a list, or draw the element only "when": "{}"': (
        '请给列表，或只在 "when": "{0}" 时画这个元素'
    ),
    "the data has no '{}'": "数据里没有“{0}”",
    'give it, or draw the element only "when": "{}"': '请给出，或只在 "when": "{0}" 时画这个元素',
    "'{}' is a {}": "“{0}”是 {1}",
    "a label shows text and whole numbers": "标签上只能是文字和整数",
    "'{}' has {} items, there is room for {}": "“{0}”有 {1} 项，只放得下 {2} 项",
    "raise rows_max, or set rest to cut where the label shows the total": (
        "请加大 rows_max；标签上有合计的，rest 可写 cut"
    ),
    "'{}' needs {} labels": "“{0}”要 {1} 张标签",
    "split it: at most {} at once": "请分开：一次最多 {0} 张",
    "{} is not a label printer's": "标签打印机没有 {0} 这种分辨率",
    "use {} to {}": "请用 {0} 到 {1}",
    "the picture takes {} characters": "图片有 {0} 个字符",
    "make it smaller: at most {}": "请缩小：最多 {0}",
    "scale it down: at most {} pixels": "请缩小：最多 {0} 像素",
    "give one of {} in base64": "请用 base64 给出其中一种：{0}",
    "no code can be made: {}": "做不出条码：{0}",
    "write it as {}": "请写成 {0}",
    "shorten the value": "请缩短内容",
    "the code is too dense: a module would be {} mm": "条码太密：一格只有 {0} 毫米",
    "widen the element until a module is {} mm, or shorten the value": (
        "请加宽到一格 {0} 毫米，或缩短内容"
    ),
    "the label's own code does not read: {}": "标签上自己的码读不出来：{0}",
    "give it more room, or move it away from the edge and from other ink": (
        "请给它更多地方，或离边缘和别的墨远一些"
    ),
    "enlarge w or h, lower min_size_mm, or set overflow to ellipsis": (
        "请加大 w 或 h，改小 min_size_mm，或把 overflow 写成 ellipsis"
    ),
    "{} has no full Unicode cmap": "{0} 没有完整的 Unicode 字表",
    "use fonts-noto-cjk": "请用 fonts-noto-cjk",
}
"""What is wrong with a label's template or data; the names of fields stay as they are written."""
_HUB: Final = {
    "{} is no URL; write http://host:port": "{0} 不是网址；请写成 http://主机:端口",
    "the hub at {} does not answer {}: {}": "中枢 {0} 没有应答 {1}：{2}",
    "{}: the answer is not a hub's (HTTP {})": "{0}：这不是中枢的应答（HTTP {1}）",
    "the file has returns: name one of {} with --box": "文件里有退单：请用 --box 指定 {0} 之一",
}
"""What a hub, or who asks it, says of an order file."""
_SELFTEST: Final = {
    "this machine is {} times slower than a quiet mini-PC: {} s": (
        "本机比空闲的小型 PC 慢 {0} 倍：最长 {1} 秒"
    ),
    "no seven free ports in a row on the loopback; end what uses them": (
        "本机没有连续七个空闲端口；请结束占用它们的程序"
    ),
    "starting a hub, a box and two printers of its own": "正在启动自带的中枢、盒子和两台打印机",
    "{} pickers and {} packers work on {} orders": "{0} 名拣货员、{1} 名打包员处理 {2} 个订单",
    "a printer runs out of paper, the other breaks off in a label": (
        "一台打印机缺纸，另一台打到一半断开"
    ),
    "the link to the hub is cut": "断开中枢",
    "killing the box with signal 9": "强行结束盒子（kill -9）",
    "publishing version {} of the ruleset": "发布规则集第 {0} 版",
    "waiting until every order has ended": "等所有订单了结",
    "printing {} labels at printers that fail, on a virtual clock": (
        "在会出故障的打印机上打 {0} 张标签，用虚拟时钟"
    ),
    "not done within {} s": "{0} 秒内没有做完",
    "not at their end: {}": "没有了结：{0}",
    "hub and box did not come into step": "中枢和盒子没有对上",
    "{} labels came out twice": "{0} 张标签打了两次",
    "{} orders were sent, {} are here": "发出 {0} 单，这里有 {1} 单",
    "the journal does not verify: {}": "账本验不过：{0}",
    "the journal replays to another state: {}": "账本重放得出另一个状态：{0}",
}
"""What the self-test says as it goes on, and what it found."""
_FILES: Final = {
    "database disk image is malformed": "数据库文件已损坏",
    "file is not a database": "不是数据库文件",
    "disk I/O error": "磁盘读写出错",
    "database is locked": "数据库正被别的程序占用",
    "unable to open database file": "打不开数据库文件",
    "attempt to write a readonly database": "数据库只能读",
    "database or disk is full": "磁盘已满",
    "no such table: {}": "数据库里缺少表 {0}",
    "no such column: {}": "数据库里缺少列 {0}",
    "Input data was truncated": "内容被截断",
    "JSON is malformed: {} (byte {})": "JSON 在第 {1} 字节处有误：{0}",
    "MessagePack data is malformed: {} (byte {})": "MessagePack 在第 {1} 字节处有误：{0}",
}
"""What SQLite and msgspec say of a file."""
TABLES: Final = (_TOML, _DEVICES, _PICTURES, _LABELS, _TEMPLATES, _HUB, _SELFTEST, _FILES)


def in_chinese(text: str) -> str:
    """Return a text in Chinese where it is known, else as it is."""
    for english, chinese in _PLACES.items():
        if found := _pattern(english).fullmatch(text):
            return chinese.format(in_chinese(found[1]), *found.groups()[1:])
    for table in TABLES:
        if text in table and "{}" not in text:
            return table[text].format()
    for pattern, chinese in _patterns():
        if found := pattern.fullmatch(text):
            return chinese.format(*found.groups())
    return text


def in_both(text: str) -> dict[str, str]:
    """Return a text as a fact that the page shows in its reader's language."""
    return {"zh": in_chinese(text), "en": text}


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return what has something filled in, the most of fixed words first: it fits best."""
    filled = [each for table in TABLES for each in table.items() if "{}" in each[0]]
    filled.sort(key=lambda each: -len(each[0]))
    return [(_pattern(english), chinese) for english, chinese in filled]


@cache
def _pattern(english: str) -> re.Pattern[str]:
    return re.compile(re.escape(english).replace(r"\{\}", "(.+?)"), re.DOTALL)
