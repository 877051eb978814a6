"""Optical character recognition, as far as this program knows it: an engine that gives the words of a picture with their boxes.

Off unless ``GOUJI_OCR`` names an engine. A digit that an engine misreads looks like any other, so whatever it reads is noted
(``OCR_TEXT``) and every cell of such a report goes to a person.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from extractor.errors import ReportUnreadable
from extractor.read.pdfpage import Box, View

VARIABLE = "GOUJI_OCR"
LANGUAGE = "chi_sim"
DPI = 300
NEXT_STEP = f"ask for a version with text, or read it by OCR ({VARIABLE}=tesseract, Debian packages tesseract-ocr and tesseract-ocr-chi-sim)"
_SECONDS = 120.0  # for one page
_MOST_PIXELS = 40_000_000
_WORD_LEVEL = "5"


class Recognised(NamedTuple):
    """A word and its box, in shares of the picture's width and height from its upper left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def box(self, width: float, height: float) -> Box:
        """The box in a picture of this size."""
        return Box(self.left * width, self.top * height, self.right * width, self.bottom * height)


class Ocr(Protocol):
    """An OCR engine."""

    def words(self, picture: bytes) -> list[Recognised]:
        """The words of a picture (PNG, JPEG, TIFF, PNM …).

        Raises ReportUnreadable: READER_MISSING where the engine is not installed, OCR_FAILED where it fails or takes too long.
        """


def engine() -> Ocr | None:
    """The engine that ``GOUJI_OCR`` names; None where it is unset or ``none``.

    Raises ReportUnreadable READER_MISSING for a name that is not known.
    """
    name = os.environ.get(VARIABLE, "none").strip().lower() or "none"
    if name == "none":
        return None
    if name == "tesseract":
        return Tesseract()
    raise ReportUnreadable("READER_MISSING", f"{VARIABLE}={name} names no OCR engine: use tesseract or none")


def picture_of(page: Any, shown: View) -> bytes:
    """A page of pypdfium2 as a grey picture (PGM) at 300 dots an inch, or as many as a picture of it may have."""
    scale = min(DPI / 72, (_MOST_PIXELS / (shown.width * shown.height)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        raw, stride, wide = bytes(bitmap.buffer), bitmap.stride, bitmap.width
        rows = (raw[n * stride : n * stride + wide] for n in range(bitmap.height))
        return b"P5 %d %d 255\n" % (wide, bitmap.height) + b"".join(rows)
    finally:
        bitmap.close()


class Tesseract:
    """Tesseract by its command line, which reads the picture from standard input."""

    def words(self, picture: bytes) -> list[Recognised]:
        """The words that Tesseract finds; see :class:`Ocr`."""
        program = shutil.which("tesseract")
        if program is None:
            raise ReportUnreadable("READER_MISSING", "tesseract is not installed: apt-get install tesseract-ocr tesseract-ocr-chi-sim, or set GOUJI_OCR=none")
        command = [program, "-", "-", "-l", LANGUAGE, "--dpi", str(DPI), "--psm", "6", "tsv"]
        try:
            # One thread: reports are read side by side.
            done = subprocess.run(command, input=picture, capture_output=True, timeout=_SECONDS, check=False, env={**os.environ, "OMP_THREAD_LIMIT": "1"})  # noqa: S603
        except subprocess.TimeoutExpired as error:
            raise ReportUnreadable("OCR_FAILED", f"tesseract took more than {_SECONDS:.0f} s for one page: {_ANOTHER_WAY}") from error
        except OSError as error:
            raise ReportUnreadable("OCR_FAILED", f"tesseract cannot be started ({error.strerror}): check its installation") from error
        if done.returncode:
            said = " ".join(done.stderr.decode("utf-8", "replace").split())[-200:]
            raise ReportUnreadable("OCR_FAILED", f"tesseract failed ({said}): check that tesseract-ocr-chi-sim is installed; {_ANOTHER_WAY}")
        return list(_from_tsv(done.stdout.decode("utf-8", "replace")))


_ANOTHER_WAY = "or ask for a version with text"


def _from_tsv(tsv: str) -> Iterator[Recognised]:
    """The words of Tesseract's table; its first row of numbers is the page with its size."""
    width = height = 0
    for line in tsv.split("\n")[1:]:
        fields = line.rstrip("\r").split("\t")
        if len(fields) < 12:
            continue
        left, top, wide, high = (int(x) for x in fields[6:10])
        if fields[0] == "1":
            width, height = max(wide, 1), max(high, 1)
        elif fields[0] == _WORD_LEVEL and fields[11].strip() and width:
            yield Recognised(fields[11].strip(), left / width, top / height, (left + wide) / width, (top + high) / height)
