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
    "apt install fonts-noto-cjk": "sudo apt-get install fonts-noto-cjk",
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
TABLES: Final = (_TOML, _DEVICES, _PICTURES, _LABELS, _FILES)


def in_chinese(text: str) -> str:
    """Return a text in Chinese where it is known, else as it is."""
    for english, chinese in _PLACES.items():
        if found := _pattern(english).fullmatch(text):
            return chinese.format(in_chinese(found[1]), *found.groups()[1:])
    for table in TABLES:
        if text in table:
            return table[text].format()
        for english, chinese in table.items():
            if "{}" in english and (found := _pattern(english).fullmatch(text)):
                return chinese.format(*found.groups())
    return text


def in_both(text: str) -> dict[str, str]:
    """Return a text as a fact that the page shows in its reader's language."""
    return {"zh": in_chinese(text), "en": text}


@cache
def _pattern(english: str) -> re.Pattern[str]:
    return re.compile(re.escape(english).replace(r"\{\}", "(.+?)"), re.DOTALL)
