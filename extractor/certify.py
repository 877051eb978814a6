"""What counted errors prove, and what they do not: counts and a policy, or a scorecard, into a Certificate.

"Cannot certify" is an answer, with the number of reports that would be needed. Every bound counts reports: the cells of
one report are not independent, so twenty thousand cells of a hundred reports are a hundred trials.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from extractor.errors import GoujiError
from extractor.metrics import is_below, must_abstain, reports_needed, upper_bound
from extractor.policy import Counts, PolicySpec, SourceCounts, StepCounts, Verdicts, verdicts

if TYPE_CHECKING:
    from rich.console import Console

CERTIFIED = "certified"
_NOT_TESTED = "not tested: a step before it failed"


@dataclass(frozen=True, slots=True)
class Line:
    """One bound. ``bound`` is one-sided Clopper–Pearson; ``needed`` is the number of reports that would certify
    with as many errors as were found. ``note`` is ``certified``, or why not.
    """

    name: str
    reports: int
    errors: int
    bound: float
    needed: int
    certified: bool
    note: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The answer of ``gouji certify``. Shares are of reports; ``certified`` says that what is in use keeps the ceiling.

    ``risk`` is the share of reports with a wrong cell, were all of them accepted; ``must_review`` the least share of
    reports that any rule has to send to a person because of it (arXiv 2606.29054).
    """

    basis: str
    ceiling: float
    confidence: float
    certified: bool
    steps: tuple[Line, ...]
    classes: tuple[Line, ...]
    reports: tuple[Line, ...]
    risk: float | None
    must_review: float | None
    promised: tuple[str, ...]
    not_promised: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The certificate as JSON-able data."""
        return dataclasses.asdict(self)


def line(name: str, reports: int, errors: int, ceiling: float, confidence: float) -> Line:
    """The bound of ``errors`` in ``reports`` against a ceiling, in numbers and words."""
    proven = is_below(errors, reports, ceiling, confidence)
    needed = reports_needed(ceiling, confidence, errors)
    allowed = "without an error" if errors == 0 else f"with no more than {errors} wrong"
    lacking = f"needs {needed:,} reports {allowed}, has {reports:,}"
    too_often = errors > reports * ceiling and errors > 1  # one error in a few reports may still be chance
    note = CERTIFIED if proven else "cannot certify: " + ("wrong too often" if too_often else lacking)
    return Line(name, reports, errors, upper_bound(errors, reports, confidence), needed, proven, note)


def percent(share: float) -> str:
    """A share with two digits that count, never rounded to nothing."""
    return f"{100 * share:.2f} %" if share == 0 or share >= 0.001 else f"{100 * share:.2g} %"


# From the counts of the policy


def certify_counts(
    spec: PolicySpec, counts: Counts, ceiling: float | None = None, confidence: float | None = None
) -> Certificate:
    """What the policy's counts prove of the classes in use, at its own ceiling and confidence or at others.

    Certified: at least one step is in use, and every step in use keeps the ceiling asked for.
    """
    asked = spec.model_copy(update={"ceiling": ceiling or spec.ceiling, "confidence": confidence or spec.confidence})
    ours, theirs = verdicts(spec, counts), verdicts(asked, counts)
    in_use = sum(s.certified for s in ours.steps)
    proven = sum(s.certified for s in theirs.steps)
    source = counts.sources.get(spec.certified_on)
    certified = 0 < in_use <= proven
    steps = tuple(_step_lines(asked, theirs))
    real = tuple(_real_lines(asked, counts))
    risk = source.inexact / source.reports if source and source.reports else None
    used = source.steps[in_use - 1] if source and in_use else None
    return Certificate(
        basis=f"{spec.certified_on}: {source.about}" if source else f"{spec.certified_on}: nothing counted",
        ceiling=asked.ceiling,
        confidence=asked.confidence,
        certified=certified,
        steps=steps,
        classes=tuple(_class_lines(asked, theirs)),
        reports=real,
        risk=risk,
        must_review=None if risk is None else must_abstain(risk, asked.ceiling),
        promised=tuple(_promised(asked, source, used)) if certified and source and used else (),
        not_promised=tuple(_not_promised(asked, ours, used, real)),
    )


def _step_lines(spec: PolicySpec, found: Verdicts) -> Iterator[Line]:
    for n, s in enumerate(found.steps, 1):
        made = line(f"{n} {s.name}", s.reports, s.wrong, spec.ceiling, spec.confidence)
        if found.stale:
            made = dataclasses.replace(made, note="cannot certify: the sequence was changed after the count")
        elif not s.tested:
            made = dataclasses.replace(made, certified=False, note=_NOT_TESTED)
        yield made


def _class_lines(spec: PolicySpec, found: Verdicts) -> Iterator[Line]:
    """The classes by step; a class in no step comes last."""
    last = len(spec.sequence)
    for c in sorted(found.classes, key=lambda c: (last if c.step is None else c.step, -c.reports, c.name)):
        made = line(c.name, c.reports, c.wrong, spec.class_ceiling, spec.confidence)
        if c.reason and made.certified:
            made = dataclasses.replace(made, certified=False, note=f"not accepted: {c.reason}")
        yield made


def _real_lines(spec: PolicySpec, counts: Counts) -> Iterator[Line]:
    """What the sources that certify nothing would prove by themselves: the reports of the largest step they counted."""
    for name, source in counts.sources.items():
        if name != spec.certified_on and source.steps:
            s = source.steps[-1]
            yield line(f"{name}: {source.about}", s.reports, s.wrong, spec.ceiling, spec.confidence)


def _promised(spec: PolicySpec, source: SourceCounts, used: StepCounts) -> Iterator[str]:
    yield (
        f"With {spec.confidence:.0%} confidence: of reports like those counted ({source.about}) that hold a cell of "
        f"the steps in use, at most {percent(spec.ceiling)} hold a silent error. Found: {used.wrong} in {used.reports:,}."
    )
    yield (
        "The promise is of the whole walk through the steps, for an order that was fixed before anything was counted, "
        "and holds for any part of the classes."
    )


def _not_promised(
    spec: PolicySpec, found: Verdicts, used: StepCounts | None, real: Sequence[Line]
) -> Iterator[str]:
    if found.stale:
        yield "Anything: the sequence of the policy was changed after the count. Count again, on seeds not yet used."
    if not real:
        yield "Anything about real reports: none have been counted."
    for r in real:
        yield (
            f"Anything about real reports by itself: {r.name}: {r.errors} of {r.reports} hold an error, so at most "
            f"{percent(r.bound)} do; {r.needed:,} would be needed. They serve as a veto alone."
        )
    if used and used.strata:
        bounds = {name: upper_bound(w, n, spec.confidence) for name, (n, w) in used.strata.items()}
        worst = max(bounds, key=lambda name: bounds[name])
        n, w = used.strata[worst]
        yield (
            f"The ceiling for one kind of report: the mixture is what was counted. Worst: {worst}, {w} of {n:,}, at most "
            f"{percent(bounds[worst])} taken alone."
        )
        forms = [name.partition(" ")[2] for name in used.strata if name.startswith("form ")]
        if forms:
            yield f"Anything about a form that was not counted. Counted: {', '.join(forms)}."
    yield "A rate per cell: the cells of one report are not independent, so none is bounded here."
    yield f"All classes at once: each has its own bound at {spec.confidence:.0%}, and one in {round(1 / (1 - spec.confidence))} such bounds may fail."


# From a scorecard


class _Unit(BaseModel):
    report: str
    split: str
    exact: bool
    silent: int
    accepted_judged: int


class _Card(BaseModel):
    units: list[_Unit]


def certify_scorecard(data: Any, name: str, ceiling: float, confidence: float) -> Certificate:
    """What the golden reports of a scorecard (``gouji evaluate --json``) prove by themselves.

    Renderings of a report count once. Only locked reports certify: the reader was made on the others. GoujiError
    where ``data`` is no scorecard.
    """
    try:
        card = _Card.model_validate(data)
    except ValidationError as exc:
        raise GoujiError(f"{name}: not a scorecard; make one with `gouji evaluate GOLDEN --json FILE`") from exc
    by_report: dict[str, list[_Unit]] = {}
    for unit in card.units:
        by_report.setdefault(unit.report, []).append(unit)
    splits = {units[0].split for units in by_report.values()}
    lines = {s: _split_line(s, by_report, ceiling, confidence) for s in ("all", *sorted(splits))}
    locked = lines.get("locked", line("locked", 0, 0, ceiling, confidence))
    risk = sum(not all(u.exact for u in us) for us in by_report.values()) / len(by_report) if by_report else None
    return Certificate(
        basis=f"{name}: {len(by_report)} golden reports",
        ceiling=ceiling,
        confidence=confidence,
        certified=locked.certified,
        steps=(),
        classes=(),
        reports=tuple(lines.values()),
        risk=risk,
        must_review=None if risk is None else must_abstain(risk, ceiling),
        promised=(_golden_promise(locked, confidence, ceiling),) if locked.certified else (),
        not_promised=tuple(_golden_limits(locked, lines)),
    )


def _split_line(split: str, by_report: Mapping[str, Sequence[_Unit]], ceiling: float, confidence: float) -> Line:
    mine = [us for us in by_report.values() if split in ("all", us[0].split) and any(u.accepted_judged for u in us)]
    return line(split, len(mine), sum(any(u.silent for u in us) for us in mine), ceiling, confidence)


def _golden_promise(locked: Line, confidence: float, ceiling: float) -> str:
    return (
        f"With {confidence:.0%} confidence: of reports drawn as the locked ones were, and with an accepted cell, at most "
        f"{percent(ceiling)} hold a silent error. Found: {locked.errors} in {locked.reports:,}."
    )


def _golden_limits(locked: Line, lines: Mapping[str, Line]) -> Iterator[str]:
    if not locked.certified:
        yield (
            f"That ceiling: {locked.reports} locked reports with an accepted cell, {locked.errors} with a silent error, "
            f"bear no more than {percent(locked.bound)}."
        )
    if "dev" in lines:
        yield "Anything from the dev reports: the reader was made on them."
    yield "Anything about reports of another kind than these: they were chosen, not drawn."


# For people


def render(certificate: Certificate, console: Console) -> None:
    """Print a certificate: its lines as tables, then in words what can be promised and what cannot."""
    from rich.markup import escape
    from rich.table import Table

    def grid(title: str, lines: Sequence[Line]) -> None:
        if not lines:
            return
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for n, head in enumerate(("", "reports", "wrong", "at most", "")):
            table.add_column(head, justify="right" if 0 < n < 4 else "left", overflow="fold")
        for x in lines:
            table.add_row(escape(x.name), f"{x.reports:,}", f"{x.errors:,}", percent(x.bound), escape(x.note))
        console.print(table)

    c = certificate
    console.print(escape(f"counted on {c.basis}"), soft_wrap=True)
    verdict = CERTIFIED if c.certified else "cannot certify"
    said = f"{verdict}: ceiling {percent(c.ceiling)} of reports, {c.confidence:.0%} confidence"
    console.print(said, style="bold green" if c.certified else "bold red")
    grid("Steps, each with all before it", c.steps)
    grid("Classes, each against the ceiling of a class", c.classes)
    grid("Real reports", c.reports)
    if c.risk is not None and c.must_review is not None:
        console.print(
            f"{percent(c.risk)} of reports have a wrong cell, accepted or not: whatever accepts whole reports must send at "
            f"least {percent(c.must_review)} of them to a person to keep the ceiling.",
            soft_wrap=True,
        )
    for title, sentences in (("Can be promised", c.promised), ("Cannot be promised", c.not_promised)):
        console.print(title, style="bold")
        for sentence in sentences or ("nothing",):
            console.print(f"- {sentence}", markup=False, soft_wrap=True)
