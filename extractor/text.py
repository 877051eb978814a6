"""Chinese text made comparable without moving a character.

``normalise`` maps one character to one character (full-width to ASCII, all blanks to a space, all
dashes and brackets to one of each, Traditional to Simplified), so offsets survive unchanged.
``key`` is the comparison form of a label: letters, digits and Han only.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_PUNCTUATION = {
    "（": "(", "）": ")", "﹙": "(", "﹚": ")", "【": "[", "】": "]", "〔": "[", "〕": "]",
    "《": "<", "》": ">", "〈": "<", "〉": ">",
    "：": ":", "；": ";", "，": ",", "﹐": ",", "、": "、", "。": "。", "．": ".", "｡": "。",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "「": '"', "」": '"', "『": '"', "』": '"',
    "％": "%", "＋": "+", "／": "/", "∕": "/", "＼": "\\", "｜": "|", "│": "|", "┃": "|", "￨": "|",
    "－": "-", "−": "-", "–": "-", "—": "-", "―": "-", "‐": "-", "‑": "-", "‒": "-", "─": "-", "━": "-",
    "﹣": "-", "ー": "-",
}  # fmt: skip
# ㈠ and ⑴ stand for a bracketed numeral: the numeral alone keeps the length and compares equal.
_NUMERAL_SIGNS = dict(zip("㈠㈡㈢㈣㈤㈥㈦㈧㈨㈩", "一二三四五六七八九十", strict=True))
_NUMERAL_SIGNS.update(zip("⑴⑵⑶⑷⑸⑹⑺⑻⑼⒈⒉⒊⒋⒌⒍⒎⒏⒐", "123456789" * 2, strict=True))
_BLANKS = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\r\x0b"
_TABLE = {ord(k): v for k, v in (_PUNCTUATION | _NUMERAL_SIGNS).items()}
_TABLE |= {ord(c): " " for c in _BLANKS}
_TABLE |= {0xFF10 + i: str(i) for i in range(10)}
_TABLE |= {0xFF21 + i: chr(65 + i) for i in range(26)}
_TABLE |= {0xFF41 + i: chr(97 + i) for i in range(26)}

# Without width and without meaning; they are dropped when a report is decoded, before offsets exist.
INVISIBLE = re.compile("[\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")
# Traditional forms of characters that the forms' labels use: their presence calls for the converter.
_TRADITIONAL = re.compile("[務開請數總計結轉繼續辦與機構業會營組織審訴維覆獨確認無關閱處動規範許購項額類國內過"
                          "執屬護權舉報複讀實際採對應給個產衛醫專號誤銷廢發現條資訊當徵師體]")  # fmt: skip
_NOT_KEY = re.compile(r"[^0-9A-Za-z\u3400-\u9fff\uf900-\ufaff]+")
_KEY = re.compile(r"[0-9A-Za-z\u3400-\u9fff\uf900-\ufaff]+")
_CHANGES = {chr(code): new for code, new in _TABLE.items() if chr(code) != new}
# Few characters of a text change, and few different ones: ``translate`` would take several times as long, most of it for the others.
_TO_CHANGE = re.compile(f"[{''.join(map(re.escape, _CHANGES))}]")


@lru_cache(maxsize=4096)
def _simplified(character: str) -> str:
    from opencc import OpenCC

    converted: str = _converter(OpenCC).convert(character)
    return converted if len(converted) == 1 else character


@lru_cache(maxsize=1)
def _converter(factory: Any) -> Any:
    return factory("t2s")


def normalise(text: str) -> str:
    """Return ``text`` with every character made comparable; the length never changes."""
    out = text
    for character in set(_TO_CHANGE.findall(text)):  # none becomes what another is, so their order is all the same
        out = out.replace(character, _CHANGES[character])
    if _TRADITIONAL.search(out):
        out = simplified(out)
    assert len(out) == len(text)
    return out


def simplified(text: str) -> str:
    """``text`` in Simplified glyphs, character for character."""
    return "".join(_simplified(c) if "\u3400" <= c <= "\u9fff" else c for c in text)


@lru_cache(maxsize=65536)
def key(text: str) -> str:
    """Comparison form of a label: what is left of normalised ``text`` without blanks and punctuation."""
    return _NOT_KEY.sub("", text)


def squash(text: str) -> str:
    """``key`` of a whole text, which is not remembered."""
    for divider in "\n\t |":  # nearly all that stands between the words of a table, and gone faster one by one
        text = text.replace(divider, "")
    return "".join(_KEY.findall(text))
