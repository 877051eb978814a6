"""A number of a workbook as its format shows it: ``#,##0.00``, ``0%``, ``yyyy"年"m"月"``.

Exact throughout: the number comes as the text in the file and is rounded as Excel rounds. A format that is not modelled here
(fractions, powers of ten, Chinese digits, conditions) gives None, and the caller shows the bare number and says so.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, DecimalException, localcontext
from functools import lru_cache
from typing import NamedTuple

SIGNIFICANT = 15  # digits that a workbook holds
_LONGEST = 100  # digits; beyond it no figure is meant
_CONTEXT_DIGITS = 400
GENERAL = "General"
# The formats that a file names by number only, as a Chinese Excel shows them.
BUILT_IN = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"¥"#,##0;"¥"-#,##0', 6: '"¥"#,##0;"¥"-#,##0',
    7: '"¥"#,##0.00;"¥"-#,##0.00', 8: '"¥"#,##0.00;"¥"-#,##0.00', 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "yyyy/m/d h:mm", 27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"', 30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"', 36: 'yyyy"年"m"月"', 37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00", 41: '_ * #,##0_ ;_ * -#,##0_ ;_ * "-"_ ;_ @_ ', 42: '_ "¥"* #,##0_ ;_ "¥"* -#,##0_ ;_ "¥"* "-"_ ;_ @_ ',
    43: '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', 44: '_ "¥"* #,##0.00_ ;_ "¥"* -#,##0.00_ ;_ "¥"* "-"??_ ;_ @_ ',
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@", 50: 'yyyy"年"m"月"', 51: 'm"月"d"日"', 52: 'yyyy"年"m"月"',
    53: 'm"月"d"日"', 54: 'm"月"d"日"', 57: 'yyyy"年"m"月"', 58: 'm"月"d"日"',
}  # fmt: skip
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[\$(?P<money>[^\]-]*)[^\]]*\]|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General|G/通用格式)|(?P<date>y+|m+|d+|h+|s+|a+|e+(?![+-])|AM/PM|A/P|上午/下午)|(?P<digit>[0#?.,%@]|E[+-])|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_THOUSANDS = re.compile(r"(?<=\d)(?=(?:\d{3})+\Z)")
_COLOURS = re.compile(r"(?:black|blue|cyan|green|magenta|red|white|yellow|color ?\d+|黑色?|蓝色?|绿色?|红色?|白色?|黄色?|颜色 ?\d+)\Z", re.IGNORECASE)


class _Section(NamedTuple):
    """One part of a format between semicolons: its tokens, or None where it is not modelled."""

    tokens: tuple[tuple[str, str], ...] | None


def general(value: Decimal) -> str:
    """The number without a format: all digits that the workbook holds, no power of ten, no needless zero."""
    with localcontext(prec=SIGNIFICANT):
        held = +value
    text = f"{held:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def number(text: str) -> Decimal | None:
    """The number that a cell of the file holds; None where it is no finite number of sensible length."""
    try:
        value = Decimal(text.strip())
    except DecimalException:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < _LONGEST else None


def shown(value: Decimal, code: str, since_1904: bool = False) -> str | None:
    """What a cell with this number and format shows; None where the format is not modelled."""
    sections = _sections(code)
    chosen = 0
    if len(sections) > 1 and value < 0:
        chosen, value = 1, -value
    elif len(sections) > 2 and value == 0:
        chosen = 2
    tokens = sections[chosen].tokens
    if tokens is None:
        return None
    with localcontext(prec=SIGNIFICANT):
        value = +value
    kinds = {kind for kind, _ in tokens}
    if "general" in kinds:
        return "".join(general(value) if kind == "general" else text for kind, text in tokens)
    if "date" in kinds:
        return _moment(value, tokens, since_1904)
    if not kinds & {"digit"}:
        return "".join(text for _, text in tokens)
    if any(text == "@" for kind, text in tokens if kind == "digit"):
        return "".join(general(value) if kind == "digit" else text for kind, text in tokens)
    return _digits(value, tokens)


def shown_text(text: str, code: str) -> str:
    """What a cell with this text and format shows: a format may set words around it, or hide it."""
    sections = _sections(code)
    tokens = sections[min(len(sections), 4) - 1].tokens if len(sections) > 3 else sections[-1].tokens
    if tokens is None or (len(sections) < 4 and ("digit", "@") not in tokens):
        return text
    return "".join(text if kind == "digit" and said == "@" else said for kind, said in tokens)


@lru_cache(maxsize=1024)
def _sections(code: str) -> tuple[_Section, ...]:
    parts: list[list[tuple[str, str]] | None] = [[]]
    for match in _TOKEN.finditer(code):
        kind, text = str(match.lastgroup), str(match[str(match.lastgroup)])
        if kind == "plain" and text == ";":
            parts.append([])
            continue
        tokens = parts[-1]
        if tokens is None:
            continue
        if kind == "bracket":
            if not _COLOURS.match(text):
                parts[-1] = None  # a condition, Chinese digits, elapsed time
        elif kind in ("digit", "general"):
            tokens.append((kind, text))
        elif kind == "date":
            tokens.append((kind, text.lower()))
        elif kind == "space":
            tokens.append(("literal", " "))
        elif kind != "fill":
            tokens.append(("literal", text))
    return tuple(_Section(None if tokens is None else tuple(tokens)) for tokens in parts)


def _digits(value: Decimal, tokens: tuple[tuple[str, str], ...]) -> str | None:
    where = [i for i, (kind, text) in enumerate(tokens) if kind == "digit" and text != "%"]
    percents = sum(kind == "digit" and text == "%" for kind, text in tokens)
    if not where:
        return None
    pattern = tokens[where[0] : where[-1] + 1]
    joined = "".join(text for _, text in pattern)
    if any(kind != "digit" for kind, _ in pattern) or not re.fullmatch(r"[0#?,]*(?:\.[0#?]*)?,*", joined):
        return None
    figure = _figure(abs(value).scaleb(2 * percents), joined)
    before = "".join(text for _, text in tokens[: where[0]])
    after = "".join(text for _, text in tokens[where[-1] + 1 :])
    return ("-" if value < 0 else "") + before + figure + after


def _figure(value: Decimal, pattern: str) -> str:
    """The digits of a number not below 0 by a pattern such as ``#,##0.0#``."""
    whole_pattern, point, part_pattern = pattern.partition(".")
    thousands = len(pattern) - len(pattern.rstrip(","))
    whole_pattern, part_pattern = whole_pattern.rstrip(","), part_pattern.rstrip(",")
    with localcontext(prec=_CONTEXT_DIGITS):
        rounded = value.scaleb(-3 * thousands).quantize(Decimal(1).scaleb(-len(part_pattern)), ROUND_HALF_UP)
    whole, _, part = f"{rounded:f}".partition(".")
    while part and part_pattern[len(part) - 1] != "0" and part[-1] == "0":
        part = part[:-1]
    places = whole_pattern.replace(",", "")
    least = len(places) - places.find("0") if "0" in places else 0
    whole = (whole if whole != "0" else "").rjust(least, "0")
    if "," in whole_pattern and whole:
        whole = _THOUSANDS.sub(",", whole)
    return whole + (point + part if point else "")


def _moment(value: Decimal, tokens: tuple[tuple[str, str], ...], since_1904: bool) -> str | None:
    if not 1 <= value < 2_958_466 or any(kind == "digit" for kind, _ in tokens):
        return None
    start = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30 if value >= 60 else 31)  # noqa: DTZ001 - a sheet has no zone
    at = start + timedelta(seconds=int((value * 86_400).to_integral_value(ROUND_HALF_UP)))
    out = ""
    hour = False
    for n, (kind, text) in enumerate(tokens):
        if kind != "date":
            out += text
            continue
        following = next((said for later, said in tokens[n + 1 :] if later == "date"), "")
        said = _date_part(at, text, minutes=hour or following.startswith("s"))
        if said is None:
            return None
        hour = text.startswith("h")
        out += said
    return out


def _date_part(at: datetime, text: str, minutes: bool) -> str | None:
    if text[0] == "m":
        part = at.minute if minutes else at.month
        return str(part) if len(text) == 1 else f"{part:02}" if len(text) == 2 else None
    if text[0] in "ye" and len(text) in (1, 2, 3, 4):
        return f"{at.year % 100:02}" if text in ("y", "yy") else str(at.year)
    part = {"d": at.day, "h": at.hour, "s": at.second}.get(text[0], -1)
    return None if part < 0 or len(text) > 2 or not text.isalpha() else f"{part:02}" if len(text) == 2 else str(part)
