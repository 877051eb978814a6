"""What a run says to people: a progress bar while it goes on, a table, the errors and one closing line."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractor.archive.run import Done
from extractor.record import Summary, visible

if TYPE_CHECKING:
    from rich.console import Console

_MANY = 20  # more files than this get a progress bar
_EVERY = 0.25  # seconds between two looks at the counts
_MOST_ROWS = 200
_MOST_ERRORS = 10
_ROOMY = 100  # a narrower terminal gets no agency and shorter headings
_STYLES = {"accept": "green", "review": "yellow", "unreadable": "red"}
_COUNTED = ("cells", "accepted", "review", "lost", "deduced", "findings")


class Tally:
    """The counts of a run, and the first of its reports and errors: no more than a screen can show is kept."""

    def __init__(self) -> None:
        self.reports: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.first: list[Summary] = []
        self.errors: list[Summary] = []
        self.held = self.twins = 0

    def add(self, done: Done) -> None:
        """Count one input."""
        self.reports[done.decision] += 1
        self.twins += done.twin
        if done.line is None:
            self.held += 1
            return
        summary = done.line.summary
        for name in _COUNTED:
            self.counts[name] += getattr(summary, name)
        if len(self.first) < _MOST_ROWS:
            self.first.append(summary)
        if summary.error and len(self.errors) < _MOST_ERRORS:
            self.errors.append(summary)

    def closing_line(self, seconds: float) -> str:
        """The whole run in one line."""
        n, total = self.counts, self.reports.total()
        share = f" ({100 * n['accepted'] / n['cells']:.1f} %)" if n["cells"] else ""
        before = f" · {self.held:,} read by an earlier run and not again" if self.held else ""
        twins = f" · {self.twins:,} the same bytes as another, read once" if self.twins else ""
        return (
            f"{total:,} report{'' if total == 1 else 's'}: {self.reports['accept']:,} accepted, {self.reports['review']:,} for review, "
            f"{self.reports['unreadable']:,} unreadable{twins}{before} · {n['cells']:,} cells: {n['accepted']:,} accepted{share}, "
            f"{n['review']:,} for review, of these {n['lost']:,} lost and {n['deduced']:,} deduced · "
            f"{n['findings']:,} finding{'' if n['findings'] == 1 else 's'} · {seconds:.1f} s"
        )

    def print_table(self, console: Console) -> None:
        """One row a report, the first ``_MOST_ROWS`` of them."""
        from rich.table import Table

        roomy = console.width >= _ROOMY
        table = Table(box=None, pad_edge=False)
        table.add_column("report", overflow="ellipsis")
        for name in ("form", "year", "agency", "decision") if roomy else ("form", "year", "decision"):
            table.add_column(name, no_wrap=True, min_width={"form": 15, "decision": 10}.get(name, 4))
        for name in (
            ("accepted", "review", "lost", "deduced", "findings") if roomy else ("ok", "rev.", "lost", "ded.", "find.")
        ):
            table.add_column(name, justify="right", no_wrap=True, min_width=max(3, len(name)))
        for s in self.first:
            table.add_row(*_row(s, roomy))
        console.print(table)
        if (more := self.reports.total() - self.held - len(self.first)) > 0:
            console.print(f"… and {more:,} more reports; --jsonl FILE writes the record of each")

    def print_errors(self, console: Console) -> None:
        """Why files could not be read, the first ``_MOST_ERRORS`` of them."""
        for s in self.errors:
            console.print(
                f"{visible(s.source)}: {s.error}: {visible(s.message)}", markup=False, highlight=False, soft_wrap=True
            )
        if (more := self.reports["unreadable"] - len(self.errors)) > 0:
            console.print(f"… and {more:,} more that cannot be read")


def _row(s: Summary, roomy: bool) -> Iterator[str]:
    from rich.markup import escape

    yield from (escape(visible(Path(s.source).name)), s.form or "–", str(s.year or "–"))
    if roomy:
        yield escape(visible(s.agency or "–"))
    yield f"[{_STYLES[s.decision]}]{s.decision}[/]"
    counts = (s.accepted, s.review, s.lost, s.deduced, s.findings)
    yield from (str(n) if s.cells else "–" for n in counts)


@contextmanager
def progress(console: Console, total: int | None, cost: Callable[[], str] | None = None) -> Iterator[Callable[[Tally], None]]:
    """A progress bar with rate, remaining time, outcomes and cost, called after each report; silent where nobody looks or little is to be done."""
    if (total is not None and total <= _MANY) or not sys.stderr.isatty():
        yield lambda tally: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "–/s")

    columns = (TextColumn("reports"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn(), TextColumn("{task.fields[outcomes]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total, outcomes="")

        told = 0.0

        def tell(tally: Tally) -> None:
            nonlocal told
            if (now := time.monotonic()) < told + _EVERY:
                return
            told = now
            n, r = tally.reports.total(), tally.reports
            said = f"{r['accept']:,} accepted · {r['review']:,} for review · {r['unreadable']:,} unreadable" + (f" · {cost()}" if cost else "")
            # What archives hold is only known once they are opened.
            bar.update(task, completed=n, total=None if total is None else max(total, n), outcomes=said)

        yield tell
