"""What a person at a shell is told, in both languages."""

import errno
import socket
from typing import Final

from edge.domain.foreign import in_chinese

_CAUSES: Final = {
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EACCES: "没有权限",
    errno.EPERM: "不允许",
    errno.EISDIR: "是文件夹",
    errno.ENOTDIR: "不是文件夹",
    errno.EEXIST: "已经存在",
    errno.ENOSPC: "磁盘已满",
    errno.EROFS: "磁盘只能读",
    errno.EIO: "磁盘读写出错",
    errno.EMFILE: "打开的文件太多",
    errno.EADDRINUSE: "地址已被占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    errno.ECONNREFUSED: "连接被拒绝",
    errno.EHOSTUNREACH: "到不了那台机器",
    errno.ENETUNREACH: "到不了那个网络",
    socket.EAI_NONAME: "没有这个主机名",
}


class ToldError(Exception):
    """Something cannot be done; the text says why and what to do, in English and in Chinese."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self._zh = zh

    def told(self, language: str) -> str:
        """Return it in `zh` or `en`, or in both where neither is asked for."""
        return told(str(self), self._zh, language)


def told(en: str, zh: str, language: str) -> str:
    """Return a text in `zh` or `en`; where the language is not known both, each on its line."""
    return {"en": en, "zh": zh}.get(language) or f"{zh}\n{en}"


def cause_zh(error: Exception) -> str:
    """Return in Chinese why the system refused; what has no Chinese stays as it is."""
    if isinstance(error, ToldError):
        return error.told("zh")
    if isinstance(error, OSError):
        return _CAUSES.get(error.errno or 0) or error.strerror or str(error)
    return in_chinese(str(error))


def cause(error: Exception) -> str:
    """Return why the system refused, without the path that stands before it already."""
    return (isinstance(error, OSError) and error.strerror) or str(error)
