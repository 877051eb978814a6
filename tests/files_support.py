"""Files as bytes, and what is asked of whoever reads them."""

from __future__ import annotations

import io
import zipfile
from contextlib import AbstractContextManager

import pytest

from extractor.archive.engine import TIME_LIMIT, deadline
from extractor.errors import ReportUnreadable
from extractor.read import read_bytes


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def code_of(data: bytes) -> str:
    """Why a file cannot be read, which also has to be said in words."""
    with pytest.raises(ReportUnreadable) as caught:
        read_bytes(data, "x")
    assert caught.value.message.strip()
    return caught.value.code


def read_damaged(data: bytes) -> None:
    """Read a file with a few bytes changed, here and there: it can be read, or it is said why not."""
    for n in range(60):
        damaged = bytearray(data)
        for k in range(6):
            damaged[(n * 7919 + k * 104_729) % len(damaged)] ^= 0x55
        try:
            read_bytes(bytes(damaged), "x")
        except ReportUnreadable as error:
            assert error.message


def within_the_limit() -> AbstractContextManager[None]:
    """The time that a run gives one report: what takes longer is no result."""
    return deadline(TIME_LIMIT)
