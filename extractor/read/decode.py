"""Bytes to text: which encoding a report is in, and whether it is text at all.

The ladder goes from proof to guess: byte order mark, strict UTF-8, strict GB18030 that looks like
Chinese, UTF-16 without a mark and Big5, a damaged UTF-8 or GB18030, and last charset-normalizer. What is not
certain is said in a note. GB18030 accepts almost any bytes, so success alone proves nothing: the
share of everyday characters (the first level of GB 2312) tells Chinese from its own wreckage.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from extractor.errors import ReportUnreadable
from extractor.text import INVISIBLE

_BOMS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),  # before UTF-16: FF FE begins both
    (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030", "gb18030"),
)
_DOCUMENT_STEP = "convert it to plain text or HTML first (save as, pdftotext, unpack) and give that file"

_HAN = re.compile("[\u3400-\u9fff]")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_KNOWN = re.compile("[\t\n\r\x0c\x20-\x7e\u00a0-\u00ff\u2010-\u2642\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_BINARY = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")  # without C1: UTF-8 once read as Latin-1 is full of it
# One scan answers whether a text needs any of the repairs below; most need none.
_SUSPECT = re.compile(f"{INVISIBLE.pattern[:-1]}\r\ufffd\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_ORDINARY = ("政府", "公开", "信息", "公開", "資訊")
_SAMPLE = 4000
_CHINESE = 0.55  # measured on the real reports: right decoding 0.65 (Traditional) to 1.0, wrong at most 0.46
_MOJIBAKE = 0.4
_GUESS_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the encoding it was in, and the reason codes of what was uncertain or lost."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(data: bytes) -> Decoded:
    """Decode ``data`` to tidy text (see :func:`tidy`).

    Raises ReportUnreadable: EMPTY_FILE, BINARY_FILE (not text at all) or ENCODING_UNKNOWN.
    """
    if not data.strip(b"\0 \t\r\n\x0c"):
        raise empty()
    found = _decode(data)
    if _SUSPECT.search(found.text):
        _refuse_controls(found.text)
        text, notes = tidy(found.text)
    else:
        text, notes = found.text, damage(found.text)
    if not text or text.isspace():
        raise empty()
    return Decoded(text, found.encoding, found.notes + notes)


def empty() -> ReportUnreadable:
    """Return the error of a file without any text."""
    return ReportUnreadable("EMPTY_FILE", "the file holds no text: fetch or convert the report again")


def tidy(text: str) -> tuple[str, tuple[str, ...]]:
    r"""Return ``text`` with ``\n`` line ends and without invisible characters, and the codes of damage seen.

    Control characters (Word's cell marks among them) become spaces. U+2028 and U+2029 are line
    ends: dropping them, as other invisible ones, would join two figures into one.
    """
    text, controls = cleaned(text)
    return text, damage(text) + (("CONTROL_CHARACTERS",) if controls else ())


def cleaned(text: str) -> tuple[str, bool]:
    """Return ``text`` as ``tidy`` does, and whether control characters became spaces; the parts of a text may be cleaned apart."""
    if not _SUSPECT.search(text):
        return text, False
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text, controls = _CONTROL.subn(" ", INVISIBLE.sub("", text))
    return text, controls > 0


def han_share(text: str) -> tuple[int, float]:
    """Return how many Han a sample of ``text`` holds and the share of everyday ones among them."""
    han = _HAN.findall(text, 0, _SAMPLE * 4)[:_SAMPLE]
    raw = "".join(han).encode("gb2312", "ignore")
    everyday = sum(0xB0 <= lead <= 0xD7 for lead in raw[::2])
    return len(han), everyday / len(han) if han else 0.0


def damage(text: str) -> tuple[str, ...]:
    """Return the codes of the damage that a whole text shows."""
    lost = text.count("\ufffd")
    notes = ("REPLACEMENT_CHARACTERS",) if lost else ()
    if "锟斤拷" in text or lost > max(20, len(text) // 100):
        return (*notes, "MOJIBAKE")
    if any(word in text for word in _ORDINARY):
        return notes
    han, share = han_share(text)
    latin = sum("\u00c0" <= c <= "\u00ff" for c in text[:_SAMPLE])
    if (han >= 20 and share < _MOJIBAKE) or latin > max(20, min(len(text), _SAMPLE) // 10):
        return (*notes, "MOJIBAKE")
    return notes


def _refuse_controls(text: str) -> None:
    sample = text[:65_536]
    if len(_BINARY.findall(sample)) > max(8, len(sample) // 20):
        raise ReportUnreadable("BINARY_FILE", f"the file is not text (control characters): {_DOCUMENT_STEP}")


def _decode(data: bytes) -> Decoded:
    for mark, codec, name in _BOMS:
        if data.startswith(mark):
            body = data[len(mark) :]
            return _strict(body, codec, name) or _lossy(body, codec, name)
    if b"\0" not in data[:65_536]:  # ASCII in UTF-16 is also valid UTF-8, with NUL between the letters
        found = _strict(data, "utf-8", "utf-8") or _cut_start(data) or _chinese(data, "gb18030")
        if found:
            return found
    found = _utf16(data) or _chinese(data, "big5hkscs", "ENCODING_GUESSED") or _damaged(data)
    return found or _guessed(data)


def _strict(data: bytes, codec: str, name: str, *notes: str) -> Decoded | None:
    decoder = codecs.getincrementaldecoder(codec)("strict")
    try:
        text = decoder.decode(data)
    except UnicodeDecodeError:
        return None
    # What is pending is the beginning of a last character that the file cuts in two.
    return Decoded(text, name, (*notes, "TRUNCATED_CHARACTER") if decoder.getstate()[0] else notes)


def _cut_start(data: bytes) -> Decoded | None:
    """Decode UTF-8 whose first bytes are the end of a character cut in two."""
    lead = next((i for i, byte in enumerate(data[:4]) if not 0x80 <= byte < 0xC0), 4)
    return _strict(data[lead:], "utf-8", "utf-8", "TRUNCATED_CHARACTER") if 0 < lead < 4 else None


def _chinese(data: bytes, codec: str, *notes: str) -> Decoded | None:
    found = _strict(data, codec, codec, *notes)
    return found if found and _plausible(found.text) else None


def _plausible(text: str, least: float = _CHINESE) -> bool:
    """Whether ``text`` looks like Chinese rather than like other bytes read as Chinese."""
    han, share = han_share(text)
    sample = text[: _SAMPLE * 4]
    return han > 0 and share >= least and len(_PRIVATE.findall(sample)) * 20 <= len(sample)


def _utf16(data: bytes) -> Decoded | None:
    best: tuple[float, Decoded] | None = None
    for codec in ("utf-16-le", "utf-16-be"):
        found = _strict(data, codec, codec, "ENCODING_GUESSED")
        if found is None:
            continue
        sample = found.text[: _SAMPLE * 4]
        known = len(_KNOWN.findall(sample)) / max(1, len(sample))
        han, share = han_share(sample)
        fits = known >= 0.9 and (share >= _CHINESE if han else len(re.findall("[ -~]", sample)) * 2 > len(sample))
        if fits and (best is None or known + share > best[0]):
            best = (known + share, found)
    return best[1] if best else None


def _lossy(data: bytes, codec: str, name: str) -> Decoded:
    return Decoded(data.decode(codec, "replace"), name)


def _damaged(data: bytes) -> Decoded | None:
    """Decode a UTF-8 or GB18030 text with a few broken bytes: each becomes U+FFFD, which is noted later."""
    for codec in ("utf-8", "gb18030"):
        text = data.decode(codec, "replace")
        if text.count("\ufffd") * 50 <= len(text) and _plausible(text):
            return Decoded(text, codec, ("ENCODING_GUESSED",))
    return None


def _guessed(data: bytes) -> Decoded:
    controls = sum(byte < 32 and byte not in b"\t\n\r\x0c" for byte in data[:_GUESS_BYTES])
    if controls * 50 > len(data[:_GUESS_BYTES]):
        raise ReportUnreadable("BINARY_FILE", f"the file is not text: {_DOCUMENT_STEP}")
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_GUESS_BYTES]).best()
    found = _strict(data, best.encoding, best.encoding, "ENCODING_GUESSED") if best else None
    if found is None or _CONTROL.search(found.text):
        raise ReportUnreadable("ENCODING_UNKNOWN", "no known encoding reads the file: save it again as UTF-8")
    return found
