"""Figures as printed, read exactly: one token in, an int or Decimal and reason codes out.

Signs, thousands separators, look-alike glyphs and money units are understood; nothing is rounded and
nothing is guessed: what does not read as one number gives no value.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from extractor.types import Number

_UNITS = "亿元|万元|千元|百元|元|万|件|项|条|个|宗|起|份"
_SIGN = "[+-]|减少?|增加?|净增|净减"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
NUMERAL = re.compile(rf"(?P<sign>{_SIGN})?(?P<digits>{_DIGITS})(?P<unit>{_UNITS})?")
# Digits whose separators do not group by three: perhaps a digit was lost, perhaps a decimal point was meant.
IRREGULAR = re.compile(rf"(?:{_SIGN})?\d+(?:,\d+)+(?:\.\d+)?(?:{_UNITS})?")
# A word that is no numeral but would be one if its look-alike glyphs were digits.
LOOKALIKE = re.compile(r"(?P<sign>[+-])?(?P<digits>[0-9OoQ〇○零lI!|丨SsBZ,]{1,9})")
_GLYPHS = str.maketrans("OoQ〇○零lI!|丨SsBZ", "000000" + "11111" + "5582")
# No figure is printed so: the digits of another one stand before it.
_LEADING_ZERO = re.compile(r"0\d")
DASH = re.compile(r"[-/\\~_*·…]{1,6}")
_TEN_THOUSAND = {"亿元": Decimal(10000), "万元": Decimal(1), "万": Decimal(1), "千元": Decimal("0.1"), "百元": Decimal("0.01"), "元": Decimal("0.0001")}
_CHINESE = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "○": 0}
_POWERS = {"十": 10, "百": 100, "千": 1000}

NUMERAL_NORMALISED = "NUMERAL_NORMALISED"
LOOKALIKE_DIGIT = "LOOKALIKE_DIGIT"
TYPE_INVALID = "TYPE_INVALID"
UNIT_UNCLEAR = "UNIT_UNCLEAR"
GROUPING_IRREGULAR = "GROUPING_IRREGULAR"
DIGITS_GLUED = "DIGITS_GLUED"


LONGEST = 100
"""Characters of the longest run that is looked at as one figure: cells glued together may be long, and no figure is."""
_EXACT = 28  # digits that Decimal keeps when an amount is converted


def is_lookalike(word: str) -> bool:
    """True where ``word`` is short, not a numeral, and only digit look-alikes keep it from being one."""
    return bool(LOOKALIKE.fullmatch(word)) and not word.replace(",", "").isdigit() and word not in {",", "!", "|"}


@lru_cache(maxsize=65536)  # reports print few figures, and each of them often
def read_number(printed: str, kind: str, header_unit: str | None = None) -> tuple[Number | None, tuple[str, ...]]:
    """Read one normalised token for a field of ``kind`` (count, signed or amount).

    ``header_unit`` is the money unit the column header prints, None where it prints none. An amount
    comes back in 万元. Returns ``(None, (TYPE_INVALID,))`` for what is not one number, or longer than any.
    """
    if len(printed) > LONGEST or (kind == "amount" and len(printed) > _EXACT and sum(map(str.isdigit, printed)) > _EXACT):
        return None, (TYPE_INVALID,)
    if printed.isdecimal() and printed.isascii() and kind != "amount" and (printed[0] != "0" or printed == "0"):
        return int(printed), ()
    codes: list[str] = []
    text = re.sub(r"[\s|]", "", printed)
    match = NUMERAL.fullmatch(text)
    if match is None and IRREGULAR.fullmatch(text):
        codes.append(GROUPING_IRREGULAR)
        match = NUMERAL.fullmatch(text.replace(",", ""))
    if match is None and (other := LOOKALIKE.fullmatch(text)):
        codes.append(LOOKALIKE_DIGIT)
        match = NUMERAL.fullmatch((other["sign"] or "") + other["digits"].translate(_GLYPHS))
    if match is None:
        return None, (TYPE_INVALID,)
    digits = match["digits"].replace(",", "")
    if _LEADING_ZERO.match(digits):
        codes.append(DIGITS_GLUED)
    value: Number = Decimal(digits) if "." in digits else int(digits)
    sign = match["sign"] or ""
    if sign in {"-", "减", "减少", "净减"}:
        value = -value
    if digits != text and not codes:
        codes.append(NUMERAL_NORMALISED)
    if kind == "amount":
        return _amount(value, match["unit"], header_unit, codes)
    unit = match["unit"] or ""
    if "." in digits or unit.endswith("元") or unit == "万" or (kind == "count" and (value < 0 or sign)):
        codes.append(TYPE_INVALID)
    return value, tuple(codes)


def _amount(value: Number, unit: str | None, header_unit: str | None, codes: list[str]) -> tuple[Number, tuple[str, ...]]:
    """Money in 万元; without any unit in print the figure is kept and its unit is in doubt."""
    effective = unit if unit in _TEN_THOUSAND else header_unit
    if effective is None:
        if value != 0:
            codes.append(UNIT_UNCLEAR)
        return value, tuple(codes)
    factor = _TEN_THOUSAND[effective]
    decimals = -int(Decimal(value).as_tuple().exponent)
    # A header's unit other than 万元 may be 万元 with a character lost, and 元 has no more than two decimals.
    if value != 0 and factor != 1 and (unit not in _TEN_THOUSAND or (effective == "元" and decimals > 2)):
        codes.append(UNIT_UNCLEAR)
    if factor == 1 or value == 0:
        return value, tuple(codes)
    scaled = (Decimal(value) * factor).normalize()
    exact: Number = int(scaled) if scaled == scaled.to_integral_value() else scaled
    return exact, tuple(codes)


def chinese_number(text: str) -> int | None:
    """A count written in digits or Chinese numerals (``12``, ``十二``, ``一百零三``); None if it is neither, or longer than any number."""
    if len(text) > LONGEST:
        return None
    plain = text.replace(",", "")
    if plain.isdecimal() and plain.isascii():
        return int(plain)
    total = current = 0
    for c in text:
        if c in _CHINESE:
            current = current * 10 + _CHINESE[c] if current and text.isalpha() and not set(text) & set(_POWERS) else _CHINESE[c]
        elif c in _POWERS:
            total += (current or 1) * _POWERS[c]
            current = 0
        elif c == "万":
            total = (total + current) * 10000
            current = 0
        else:
            return None
    return total + current if text else None
