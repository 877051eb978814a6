"""On which other cells an answer about one cell bears: an estimate for the order of the queue, never a proof (``settle`` proves).

An answer that agrees to a figure at its place answers doubts about its row and its column, and with the other end of its row
doubts about what stands between (docs/decision.md §6b). A cell would be settled by it where these are all its open doubts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from extractor.codes import unanswered
from extractor.effective import Cell
from extractor.form import Form
from extractor.judge import NOT_CERTIFIED
from extractor.reconcile.answers import BETWEEN, OF_THE_COLUMN, OF_THE_ROW


def bearing(form: Form, cells: Sequence[Cell], waiting: Collection[int]) -> dict[int, frozenset[int]]:
    """For each waiting field with printed evidence, the other waiting fields that agreeing to it would help to settle."""
    doubts = {i: frozenset(unanswered(cells[i].codes)) for i in waiting if _shown(cells[i])}
    out: dict[int, set[int]] = {i: set() for i in doubts}
    for table in form.tables:
        for block in table.blocks:
            for i, j in _pairs(block.grid, doubts):
                out[i].add(j)
    return {i: frozenset(x) for i, x in out.items()}


def _shown(cell: Cell) -> bool:
    return cell.status == "printed" and cell.machine["evidence"] is not None


def _pairs(grid: Sequence[Sequence[int]], doubts: dict[int, frozenset[str]]) -> Iterator[tuple[int, int]]:
    """Fields i and j of one block, where an answer about i bears on j."""
    for row in grid:
        mine = [i for i in row if i in doubts]
        ends = {mine[0], mine[-1]} if len(mine) > 2 else set()
        for i in mine:
            for j in mine:
                if i != j and (_only(doubts[j], OF_THE_ROW) or (i in ends and j not in ends and _only(doubts[j], OF_THE_ROW | BETWEEN | OF_THE_COLUMN))):
                    yield i, j
    for column in zip(*grid, strict=True):
        of_the_column = [j for j in column if j in doubts and _only(doubts[j], OF_THE_COLUMN)]
        yield from ((i, j) for i in column if i in doubts for j in of_the_column if i != j)


def _only(doubts: frozenset[str], kinds: frozenset[str]) -> bool:
    """Whether all open doubts are of ``kinds``; without them the cell may be of a class that is certified."""
    return not doubts.isdisjoint(kinds) and doubts <= kinds | {NOT_CERTIFIED}
