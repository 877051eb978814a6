"""Which classes of decisions may be accepted, and how sure each is: from counted errors and the ceiling of the policy.

``schemas/policy.yaml`` says how often a report may hold a silent error and in which order classes are tried;
``schemas/confidence.json`` holds the counts (``benchmarks/calibrate.py``). What follows from the two is worked out at
load, so that neither file can claim what the other does not bear: docs/adr/0006. Anything that was not counted is not
accepted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from extractor.errors import GoujiError
from extractor.form import default_folder
from extractor.metrics import fixed_sequence, is_below, jeffreys

_VERSION = 1
# Why a class is not accepted.
NO_STEP, STEP_NOT_CERTIFIED, CLASS_TOO_RARE, CLASS_TOO_WRONG, REAL_ERROR, ONLY_REAL = (
    "in no step",
    "its step is not certified",
    "too few reports",
    "too many errors",
    "wrong on real reports",
    "too few real reports",
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StepSpec(_Strict):
    """One step of the sequence: the classes that it adds (``*`` is any text), and why it stands where it does.

    ``evidence: real``: how often such a cell is wrong is an assumption of whoever makes reports up, so only real reports
    (golden, audit) can certify its classes. Such steps stand at the end and take no part in the walk.
    """

    name: str
    why: str
    classes: list[str] = Field(min_length=1)
    evidence: Literal["made", "real"] = "made"


class PolicySpec(_Strict):
    """``schemas/policy.yaml``. Shares are of reports, between 0 and 1."""

    ceiling: float = Field(gt=0, lt=1)
    class_ceiling: float = Field(gt=0, lt=1)
    confidence: float = Field(ge=0.5, lt=1)
    certified_on: str
    sequence: list[StepSpec] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [s.name for s in self.sequence]
        if len(set(names)) < len(names):
            raise ValueError("two steps have the same name; give each its own")
        kinds = [s.evidence for s in self.sequence]
        if kinds != sorted(kinds):
            raise ValueError("a step with `evidence: real` stands before one without; put it at the end")
        return self

    @property
    def walked(self) -> int:
        """How many steps, from the first, are certified by made-up reports."""
        return sum(s.evidence == "made" for s in self.sequence)

    @property
    def digest(self) -> str:
        """What ties counts to the order that they were made for: another order needs another count."""
        order = [[s.name, s.classes, s.evidence] for s in self.sequence]
        return hashlib.sha256(json.dumps(order).encode()).hexdigest()[:16]

    def step_of(self, decision_class: str) -> int | None:
        """The first step that takes this class; None where none does."""
        for n, step in enumerate(self.sequence):
            if any(_matches(decision_class, pattern) for pattern in step.classes):
                return n
        return None


def _matches(name: str, pattern: str) -> bool:
    """``fnmatchcase`` for ``*`` alone, without compiling a regular expression for each pattern at every start."""
    first, *rest = pattern.split("*")
    if not rest:
        return name == pattern
    at = len(first) if name.startswith(first) else -1
    for part in rest[:-1]:
        found = name.find(part, at) if at >= 0 else -1
        at = found + len(part) if found >= 0 else -1
    return 0 <= at <= len(name) - len(rest[-1]) and name.endswith(rest[-1])


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """One class in one source. ``cells`` and ``right`` are of all its cells.

    ``reports`` hold an eligible cell of the class, and ``wrong`` of them a wrong eligible one.
    """

    cells: int
    right: int
    reports: int
    wrong: int

    def __post_init__(self) -> None:
        _check_parts((self.right, self.cells), (self.wrong, self.reports))


@dataclass(frozen=True, slots=True)
class StepCounts:
    """One step with all before it: reports with an eligible cell of any of their classes, and how many with a wrong one.

    ``strata`` says the same of parts of the source: (reports, wrong) by name, such as one level of damage.
    """

    name: str
    reports: int
    wrong: int
    cells: int
    cells_wrong: int
    strata: Mapping[str, Sequence[int]]

    def __post_init__(self) -> None:
        parts = [(wrong, reports) for reports, wrong in self.strata.values()]
        _check_parts((self.wrong, self.reports), (self.cells_wrong, self.cells), *parts)


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """All that one source counted. ``reports`` were read, and ``inexact`` of them had a wrong cell, accepted or not."""

    about: str
    reports: int
    inexact: int
    classes: Mapping[str, ClassCounts]
    steps: tuple[StepCounts, ...]

    def __post_init__(self) -> None:
        _check_parts((self.inexact, self.reports))


@dataclass(frozen=True, slots=True)
class Counts:
    """``schemas/confidence.json``; ``sequence`` is the digest of the order that the steps were counted for.

    ``measured`` says what was counted, by which command and at which commit.
    """

    sequence: str = ""
    sources: Mapping[str, SourceCounts] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data; ``from_dict`` reads it."""
        return {"version": _VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Counts:
        """Read what ``to_dict`` wrote; KeyError, TypeError or ValueError for anything else."""
        if data["version"] != _VERSION:
            raise ValueError(f"version {data['version']!r} is not {_VERSION}")
        sources = {
            name: SourceCounts(**{
                **s,
                "classes": {k: ClassCounts(**c) for k, c in s["classes"].items()},
                "steps": tuple(StepCounts(**c) for c in s["steps"]),
            })
            for name, s in data["sources"].items()
        }  # fmt: skip
        return cls(str(data["sequence"]), sources, dict(data["measured"]))


def _check_parts(*pairs: tuple[int, int]) -> None:
    for part, whole in pairs:
        if not 0 <= part <= whole:
            raise ValueError(f"{part} of {whole} is no count")


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """One step of the sequence after the walk; ``tested`` is False behind the first that failed."""

    name: str
    reports: int
    wrong: int
    tested: bool
    certified: bool


@dataclass(frozen=True, slots=True)
class ClassVerdict:
    """One class; ``reason`` is empty where it is accepted, ``step`` None where no step takes it."""

    name: str
    step: int | None
    reports: int
    wrong: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What counts and policy allow together. ``stale``: the order was changed after the counts were made."""

    steps: tuple[StepVerdict, ...]
    classes: tuple[ClassVerdict, ...]
    stale: bool


def verdicts(spec: PolicySpec, counts: Counts) -> Verdicts:
    """Walk the sequence, then hold every class of its certified part against its own ceiling.

    Dropping a class never raises the share of reports with a silent error among those that the step counted,
    so the second part needs no allowance for the first (docs/adr/0006).
    """
    source = counts.sources.get(spec.certified_on)
    stale = source is not None and (counts.sequence != spec.digest or len(source.steps) != len(spec.sequence))
    counted = [(s.wrong, s.reports) for s in source.steps] if source and not stale else [(0, 0)] * len(spec.sequence)
    passed = fixed_sequence(counted[: spec.walked], spec.ceiling, spec.confidence)
    steps = tuple(
        StepVerdict(step.name, reports, wrong, n <= passed and n < spec.walked, n < passed)
        for n, (step, (wrong, reports)) in enumerate(zip(spec.sequence, counted, strict=True))
    )
    real = [s for name, s in counts.sources.items() if name != spec.certified_on]
    names = {name: c for name, c in source.classes.items() if c.reports} if source else {}
    classes = tuple(_class_verdict(spec, name, c, passed, real) for name, c in names.items())
    return Verdicts(steps, classes, stale)


def _class_verdict(
    spec: PolicySpec, name: str, counts: ClassCounts, passed: int, real: Sequence[SourceCounts]
) -> ClassVerdict:
    step = spec.step_of(name)
    reason = ""
    if step is None:
        reason = NO_STEP
    elif step >= spec.walked:
        reason = "" if _real_alone(spec, name, real) else ONLY_REAL
    elif step >= passed:
        reason = STEP_NOT_CERTIFIED
    elif not is_below(counts.wrong, counts.reports, spec.class_ceiling, spec.confidence):
        reason = CLASS_TOO_WRONG if counts.wrong > counts.reports * spec.class_ceiling else CLASS_TOO_RARE
    elif any(_speaks_against(spec, s.classes.get(name)) for s in real):
        reason = REAL_ERROR
    return ClassVerdict(name, step, counts.reports, counts.wrong, reason)


def _real_alone(spec: PolicySpec, name: str, real: Sequence[SourceCounts]) -> bool:
    """Real reports alone keep the class under its ceiling."""
    found = [c for s in real if (c := s.classes.get(name)) is not None]
    return is_below(sum(c.wrong for c in found), sum(c.reports for c in found), spec.class_ceiling, spec.confidence)


def _speaks_against(spec: PolicySpec, counts: ClassCounts | None) -> bool:
    """An error on a real report outweighs any number of generated ones, until real reports alone bear the ceiling."""
    if counts is None or not counts.wrong:
        return False
    return not is_below(counts.wrong, counts.reports, spec.class_ceiling, spec.confidence)


@dataclass(frozen=True)
class Policy:
    """What the decision asks of the policy: which classes may be accepted, and how often each was right."""

    accepted: frozenset[str] = frozenset()
    counts: Mapping[str, ClassCounts] = field(default_factory=dict)

    def accepts(self, decision_class: str) -> bool:
        """Whether an eligible cell of this class needs no person."""
        return decision_class in self.accepted

    def confidence(self, decision_class: str, outcome: str) -> float:
        """The measured share of right cells: of the class, else of a coarser one, else of all with this outcome; else ½.

        Coarser means without the last parts of the name: ``printed|single|anchored`` for ``printed|single|anchored|new``.
        """
        known = self.counts.get(decision_class)
        alike = [known] if known else self._coarser(decision_class)
        if not alike:
            alike = [c for name, c in self.counts.items() if (name in self.accepted) == (outcome == "accept")]
        return round(jeffreys(sum(c.right for c in alike), sum(c.cells for c in alike)), 6)

    def _coarser(self, name: str) -> list[ClassCounts]:
        """The classes that share the longest beginning with ``name``, which is none of them itself."""
        while name:
            if found := [c for other, c in self.counts.items() if other.startswith(f"{name}|")]:
                return found
            name = name.rpartition("|")[0]
        return []


def make_policy(spec: PolicySpec, counts: Counts) -> Policy:
    """The policy that follows from the two files."""
    accepted = frozenset(c.name for c in verdicts(spec, counts).classes if not c.reason)
    source = counts.sources.get(spec.certified_on)
    return Policy(accepted, source.classes if source else {})


@lru_cache(maxsize=4)
def load_policy(counts: str | None = None, rules: str | None = None) -> Policy:
    """The policy of the shipped files, or of a ``confidence.json`` and a ``policy.yaml`` of one's own.

    Without counts nothing is certified and nothing accepted. GoujiError names the file that cannot be used.
    """
    return make_policy(read_spec(rules), read_counts(counts))


def read_spec(path: str | None = None) -> PolicySpec:
    """``policy.yaml``, checked; GoujiError names the file, the entry and the next step."""
    file = Path(path) if path else default_folder() / "policy.yaml"
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return PolicySpec.model_validate(data)
    except OSError as exc:
        raise GoujiError(f"{file}: cannot be read ({exc.strerror or exc}); the policy is needed to accept anything") from exc
    except (UnicodeDecodeError, yaml.YAMLError) as exc:
        raise GoujiError(f"{file}: not YAML: {str(exc).splitlines()[0]}; correct it") from exc
    except ValidationError as exc:
        raise GoujiError(f"{file}: {_first(exc)}; docs/adr/0006 explains the entries") from exc


def read_counts(path: str | None = None) -> Counts:
    """``confidence.json``, checked; empty where there is no such file. GoujiError for one that is not of this version."""
    file = Path(path) if path else default_folder() / "confidence.json"
    if not file.is_file():
        return Counts()
    try:
        return Counts.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except OSError as exc:
        raise GoujiError(f"{file}: cannot be read ({exc.strerror or exc})") from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        said = f"{type(exc).__name__}: {exc}"
        raise GoujiError(f"{file}: not the counts of this version ({said}); delete it and run python -m benchmarks.calibrate") from exc


def _first(exc: ValidationError) -> str:
    error = exc.errors()[0]
    place = ".".join(str(x) for x in error["loc"])
    return f"{place}: {error['msg']}" if place else str(error["msg"])
