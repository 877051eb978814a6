"""A mixed archive of generated reports for runs over many files: the same files for the same seed, whatever the workers.

Of the reports about 80 % are text in every shape (HTML's own shape left out), 10 % HTML (half of it as `benchmarks.damage` writes pages, half
rendered), 5 % DOCX, 2.5 % XLSX, 2.5 % PDF, all at the levels clean 40 %, light 30 %, medium 20 %, heavy 10 %, the two forms in equal parts and the
variants of each format in turn. Of all files 1 % repeat the bytes of an earlier one under another name, 0.3 % are no report (empty, cut off in the middle,
noise, a picture), and 1 % have a suffix that lies. Each folder holds up to 1,000 of them: about 70 % lie there as files, 10 % each in one ZIP and one
TAR.GZ archive, and 10 % in one file of JSON lines (text and HTML alone; others that fall there become files).
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import struct
import sys
import tarfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from random import Random
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from benchmarks.damage import LEVELS, SHAPES, make_case
from benchmarks.render import FORMATS, made_up, render
from extractor.form import Form, load_forms

FOLDER = 1000
KINDS = {"text": 80.0, "html": 10.0, "docx": 5.0, "xlsx": 2.5, "pdf": 2.5}
LEVEL_SHARES = dict(zip(LEVELS, (40.0, 30.0, 20.0, 10.0), strict=True))
HOLDERS = {"file": 70.0, "zip": 10.0, "tar.gz": 10.0, "jsonl": 10.0}
REPEATED, BROKEN, LYING = 0.01, 0.003, 0.01

_TEXT_SHAPES = tuple(s for s in SHAPES if s != "html")
_LIES = (".txt", ".html", ".doc", ".pdf", ".dat", "")


@dataclass(frozen=True, slots=True)
class Made:
    """One file of the archive: its name, its bytes, what it is; ``text`` where it may stand in a line of JSON."""

    name: str
    data: bytes
    kind: str
    level: str = ""
    text: str | None = None


def files(seed: int, first: int, count: int) -> Iterator[Made]:
    """The files ``first`` to ``first + count - 1`` of the archive of this seed; repetitions repeat one of the same stretch."""
    forms = load_forms()
    earlier: list[Made] = []
    for n in range(first, first + count):
        rng = Random(f"corpus/{seed}/{n}")
        if earlier and rng.random() < REPEATED:
            known = rng.choice(earlier)
            yield Made(_name(n, "again", known.name), known.data, "repeated", known.level, known.text)
            continue
        made = _report(forms, seed + n, n, rng)
        if rng.random() < BROKEN:
            made = _broken(made, n, rng)
        else:
            earlier.append(made)
        if rng.random() < LYING:
            made = Made(made.name.rpartition(".")[0] + rng.choice(_LIES), made.data, made.kind, made.level, made.text)
        yield made


def _report(forms: Sequence[Form], seed: int, n: int, rng: Random) -> Made:
    kind, level, form = _drawn(rng, KINDS), _drawn(rng, LEVEL_SHARES), forms[n % len(forms)]
    if kind == "text" or (kind == "html" and rng.random() < 0.5):
        case = make_case(form, seed, rng.choice(_TEXT_SHAPES) if kind == "text" else "html", level)
        return Made(_name(n, case.shape, case.suffix), case.data, kind, level, case.text)
    page, _ = made_up(form, seed, level)
    variant = rng.choice(FORMATS[kind])
    data = render(page, kind, variant)
    return Made(_name(n, variant, f".{kind}"), data, kind, level, data.decode() if kind == "html" else None)


def _drawn(rng: Random, shares: dict[str, float]) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]


def _name(n: int, what: str, suffix: str) -> str:
    return f"{n:06}-{what}.{suffix.rpartition('.')[2]}"


# ---------------------------------------------------------------- no report at all


def _broken(made: Made, n: int, rng: Random) -> Made:
    what = rng.choice(("empty", "cut", "noise", "picture"))
    data = {"empty": b"", "cut": made.data[: len(made.data) // 3], "noise": rng.randbytes(4096), "picture": _picture()}[what]
    return Made(_name(n, what, ".png" if what == "picture" else made.name), data, f"broken: {what}")


def _picture() -> bytes:
    """A white PNG of 64 by 64 points."""
    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff" * 64) * 64)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    packed = (struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


# ---------------------------------------------------------------- where the files lie


def write(folder: Path, seed: int, span: tuple[int, int]) -> Counter[str]:
    """Write the files of one sub-folder; how many of each kind, at each level and in each holder there are."""
    first, count = span
    place = folder / f"{first // FOLDER // 10:02}" / f"{first // FOLDER:04}"
    place.mkdir(parents=True)
    held: dict[str, list[Made]] = {name: [] for name in HOLDERS}
    counts: Counter[str] = Counter()
    for made in files(seed, first, count):
        holder = _drawn(Random(f"holder/{seed}/{made.name}"), HOLDERS)
        holder = "file" if holder == "jsonl" and made.text is None else holder
        held[holder].append(made)
        counts.update(filter(None, (made.kind, made.level, f"in {holder}")))
    for made in held["file"]:
        (place / made.name).write_bytes(made.data)
    for holder, pack in (("zip", _zipped), ("tar.gz", _tarred), ("jsonl", _lines)):
        if held[holder]:
            (place / f"more.{holder}").write_bytes(pack(held[holder]))
    return counts


def _zipped(members: Sequence[Made]) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        for made in members:
            archive.writestr(ZipInfo(made.name), made.data, ZIP_DEFLATED, 1)
    return out.getvalue()


def _tarred(members: Sequence[Made]) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile("", "wb", 1, out, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for made in members:
            entry = tarfile.TarInfo(made.name)
            entry.size = len(made.data)
            archive.addfile(entry, io.BytesIO(made.data))
    return out.getvalue()


def _lines(members: Sequence[Made]) -> bytes:
    lines = (json.dumps({"path": made.name, "content": made.text}, ensure_ascii=False) for made in members)
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


# ---------------------------------------------------------------- command line


def main(argv: Sequence[str] | None = None) -> int:
    """Command line: ``python -m benchmarks.corpus FOLDER --reports 100000``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="a new or empty folder")
    parser.add_argument("--reports", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=80_000)
    given = parser.parse_args(argv)
    if given.folder.exists() and any(given.folder.iterdir()):
        parser.error(f"{given.folder} is not empty: name a new folder")
    counts = build(given.folder, given.reports, given.workers, given.seed)
    print(mix(counts, given.reports))
    return 0


def build(folder: Path, reports: int, workers: int, seed: int) -> Counter[str]:
    """Write the whole archive over several processes; what it holds."""
    spans = [(first, min(FOLDER, reports - first)) for first in range(0, reports, FOLDER)]
    counts: Counter[str] = Counter()
    started = time.monotonic()
    with ProcessPoolExecutor(workers) as pool:
        for done, part in zip(accumulate(count for _, count in spans), pool.map(partial(write, folder, seed), spans), strict=True):
            counts += part
            print(f"\r{done:,} of {reports:,}, {done / (time.monotonic() - started):.0f} a second", end="", file=sys.stderr)
    print(file=sys.stderr)
    return counts


def mix(counts: Counter[str], reports: int) -> str:
    """What the archive holds, a line for each thing counted."""
    return "\n".join(f"{name:16} {n:>8,} {100 * n / reports:6.2f} %" for name, n in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
