"""One tool over many files, in a process of its own: ``PYTHON -m benchmarks.others.worker TOOL JOB OUT``.

Runs in the environment of the other tools, so it imports nothing of Gouji. JOB is JSON: the ``files``, and for the scripts over plain text the
``outline`` of each file's form. OUT gets one JSON line a file, with its ``seconds`` and what was found: ``grids`` (tables of strings, null for a
square that another cell covers or that holds nothing) or ``values`` (figures by field); or the ``error``. Its first line says how long the import
took and which version it was, its last the greatest resident memory.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.others import scripts

Grid = list[list[str | None]]
Read = Callable[[Path, Any], "list[Grid] | dict[int, str]"]


def pandas_html() -> Read:
    """``pandas.read_html``; the column headers are put back above the rows."""
    import pandas

    def read(path: Path, _: Any) -> list[Grid]:
        return [_frame(table) for table in pandas.read_html(path)]

    return read


def pandas_excel() -> Read:
    """``pandas.read_excel``, every sheet, without a header."""
    import pandas

    def read(path: Path, _: Any) -> list[Grid]:
        sheets = pandas.read_excel(path, sheet_name=None, header=None)
        return [[[_plain(v) for v in row] for row in sheet.itertuples(index=False)] for sheet in sheets.values()]

    return read


def openpyxl() -> Read:
    """The cells of every sheet."""
    from openpyxl import load_workbook

    def read(path: Path, _: Any) -> list[Grid]:
        book = load_workbook(path, data_only=True)
        return [[[_plain(v) for v in row] for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets]

    return read


def python_docx() -> Read:
    """``row.cells`` of every table, which repeats a merged cell in each square."""
    from docx import Document

    def read(path: Path, _: Any) -> list[Grid]:
        return [[[c.text for c in row.cells] for row in table.rows] for table in Document(str(path)).tables]

    return read


def pdfplumber() -> Read:
    """``extract_tables`` of every page."""
    from pdfplumber import open as open_pdf

    def read(path: Path, _: Any) -> list[Grid]:
        with open_pdf(path) as pdf:
            return [table for page in pdf.pages for table in page.extract_tables()]

    return read


def _camelot(flavour: str) -> Read:
    from camelot import read_pdf

    def read(path: Path, _: Any) -> list[Grid]:
        return [table.df.to_numpy().tolist() for table in read_pdf(str(path), pages="all", flavor=flavour)]

    return read


def camelot_lattice() -> Read:
    """camelot by the lines around cells."""
    return _camelot("lattice")


def camelot_stream() -> Read:
    """camelot by the blanks between columns."""
    return _camelot("stream")


def markitdown() -> Read:
    """markitdown's Markdown, and the pipe tables in it."""
    from markitdown import MarkItDown

    converter = MarkItDown()

    def read(path: Path, _: Any) -> list[Grid]:
        return pipe_tables(converter.convert(path).text_content)

    return read


def docling() -> Read:
    """docling's own readers of HTML, DOCX and XLSX, which its converter calls too; the converter itself asks for torch."""
    from docling.backend.html_backend import HTMLDocumentBackend
    from docling.backend.msexcel_backend import MsExcelDocumentBackend
    from docling.backend.msword_backend import MsWordDocumentBackend
    from docling.datamodel.base_models import InputFormat
    from docling.datamodel.document import InputDocument

    readers = {".html": HTMLDocumentBackend, ".docx": MsWordDocumentBackend, ".xlsx": MsExcelDocumentBackend}

    def read(path: Path, _: Any) -> list[Grid]:
        kind = InputFormat(path.suffix[1:])
        given = InputDocument(path_or_stream=path, format=kind, backend=readers[path.suffix], filename=path.name)
        return [[[cell.text for cell in row] for row in table.data.grid] for table in given._backend.convert().tables]  # noqa: SLF001

    return read


def split_lines() -> Read:
    """Every line of a text cut at tabs, pipes and blanks: one grid."""
    return lambda path, _: [[list(re.split(r" *[\t|] *| +", line.strip(" |"))) for line in scripts.text_of(path).splitlines()]]


def count_figures() -> Read:
    """The figures of each section in order, where there are as many as the form has."""
    return lambda path, outline: scripts.count_figures(scripts.text_of(path), outline)


def regular_expressions() -> Read:
    """For each row label an expression: the label, then its figures."""
    return lambda path, outline: scripts.regular_expressions(scripts.text_of(path), outline)


TOOLS: dict[str, tuple[Callable[[], Read], str]] = {
    "pandas.read_html": (pandas_html, "pandas"),
    "pandas.read_excel": (pandas_excel, "pandas"),
    "openpyxl": (openpyxl, "openpyxl"),
    "python-docx": (python_docx, "python-docx"),
    "pdfplumber": (pdfplumber, "pdfplumber"),
    "camelot lattice": (camelot_lattice, "camelot-py"),
    "camelot stream": (camelot_stream, "camelot-py"),
    "markitdown": (markitdown, "markitdown"),
    "docling readers": (docling, "docling-slim"),
    "split lines": (split_lines, ""),
    "count figures": (count_figures, ""),
    "regular expressions": (regular_expressions, ""),
}
"""Every tool: what gives its reading function, whose making is the import, and the package whose version is told."""


def pipe_tables(text: str) -> list[Grid]:
    """The pipe tables of a Markdown text: runs of lines that begin with a pipe, without the line of dashes."""
    grids: list[Grid] = []
    inside = False
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped.startswith("|"):
            inside = False
            continue
        if not inside:
            grids.append([])
            inside = True
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", stripped.strip("|"))]
        if not all(re.fullmatch(r":?-{3,}:?", c) for c in cells):
            grids[-1].append(["" if c == "NaN" else c for c in cells])
    return grids


def _frame(table: Any) -> Grid:
    """A frame with its column labels as rows; pandas numbers labels that come twice, which is taken back."""
    labels = [c if isinstance(c, tuple) else (c,) for c in table.columns]
    named = any(isinstance(part, str) for label in labels for part in label)
    depth = max((len(label) for label in labels), default=0) if named else 0
    heads: Grid = [[re.sub(r"\.\d+$", "", str(label[n])) for label in labels] for n in range(depth)]
    return [*heads, *([_plain(v) for v in row] for row in table.itertuples(index=False))]


def _plain(value: Any) -> str | None:
    """A cell as printed, as far as a number can tell: 3.0 stands for 3 where a column with gaps was read as floats."""
    if value is None or value != value:  # NaN
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def peak() -> float:
    """MiB that this process held at most; unlike ``ru_maxrss`` without what its parent held when it began."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def lines(tool: str, job: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """What OUT gets. A file on which the tool fails has its error, and the next one is read."""
    make, package = TOOLS[tool]
    start = perf_counter()
    read = make()
    yield {"import_s": perf_counter() - start, "version": _version(package)}
    for name, outline in job["files"]:
        start = perf_counter()
        try:
            found = read(Path(name), job["outlines"][outline])
            said: dict[str, Any] = {"values" if isinstance(found, dict) else "grids": found}
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"[:300]}
        yield {"file": name, "seconds": perf_counter() - start, **said}
    yield {"peak_mib": peak()}


def _version(package: str) -> str:
    try:
        return version(package) if package else ""
    except PackageNotFoundError:
        return ""


def main() -> None:
    """Command line (module docstring)."""
    tool, job, out = sys.argv[1:]
    with Path(out).open("w", encoding="utf-8") as file:
        for line in lines(tool, json.loads(Path(job).read_text(encoding="utf-8"))):
            print(json.dumps(line, ensure_ascii=False, default=str), file=file, flush=True)


if __name__ == "__main__":
    main()
