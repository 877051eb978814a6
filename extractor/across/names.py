"""One key for one body, however a report prints its name; different bodies never share one.

Only what is a way of writing is folded: width, brackets, blanks, Traditional glyphs, and endings of which one is the
short form of the other whatever stands before it. A superior's name in front is never dropped here, because
districts of the same name lie in many cities: only a units file can say that all reports lie within one place.
"""

from __future__ import annotations

import re
from functools import lru_cache

from extractor.text import key, normalise, simplified

_ENDINGS = (
    # The street office's full name names the government that sent it out.
    (re.compile(r"(?:人民)?政府(?=[\u3400-\u9fff]{1,12}街道(?:办事处|办)?$)"), ""),
    (re.compile(r"街道(?:办事处|办)$"), "街道"),
    # The office of a government is another body than the government.
    (re.compile(r"(?:人民政府|政府)(?:办公室|办)$"), "政府办公室"),
    (re.compile(r"人民政府办公厅$"), "政府办公厅"),
    # 县, 县政府 and 县人民政府 are one body.
    (re.compile(r"(?<=[省市县区旗州盟镇乡])(?:人民)?政府$"), ""),
    (re.compile(r"管理委员会$"), "管委会"),
)  # fmt: skip


@lru_cache(maxsize=65536)
def unit_key(name: str, within: tuple[str, ...] = ()) -> str:
    """The key of a body's name; empty where the name has no letter.

    ``within`` names the places that all units lie in, largest first (浙江省, 义乌市): the last of them, with or without those
    before it, may then be left out in front of a name.
    """
    out = _letters(name)
    for pattern, short in _ENDINGS:
        out = pattern.sub(short, out, count=1)
    if within:
        *above, last = (re.escape(_letters(place)) for place in within)
        front = "".join(f"(?:{place})?" for place in above) + last
        out = re.sub(f"^{front}(?=.)", "", out)
    return out


def _letters(name: str) -> str:
    return key(simplified(normalise(name)))
