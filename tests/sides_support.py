"""What the tests of readers side by side share: a golden set of generated reports, and replies that scripted readers wrote.

The replies are fixtures: no model was ever asked.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.damage import Case, make_case
from benchmarks.readers import READERS, key_of
from extractor.ask import questions
from extractor.consult import ALWAYS, consult
from extractor.evaluate import BOTH, MODEL, RULES, evaluate
from extractor.form import load_forms
from extractor.golden import HEADER, load_golden
from extractor.model.prices import Prices, load_prices
from extractor.model.question import Answer, Question
from extractor.model.reading import settled
from extractor.model.replies import Replies
from extractor.pipeline import Draft, draft, extract_path
from extractor.read import read_bytes
from extractor.recorded import Recorded, choose_model
from extractor.scores import Scorecard
from extractor.sidebyside import score_recorded, together

ROOT = Path(__file__).resolve().parent.parent
FORMS = load_forms()
NAME = "gpt-4.1-mini"  # a name with a price; nothing of that model is in here
USED = {"prompt_tokens": 1000, "completion_tokens": 100}


# Fixtures: a golden set of generated reports, and replies that a scripted reader wrote


def golden_of(folder: Path, cases: Sequence[Case]) -> Path:
    """A golden set of generated reports, one a folder, labelled with the truth that they were made from."""
    ids = []
    for case in cases:
        place = folder / case.name
        place.mkdir(parents=True)
        (place / f"source{case.suffix}").write_bytes(case.data)
        form = next(f for f in FORMS if f.id == case.form_id)
        meta = {
            "id": case.name, "form": case.form_id, "year": case.year, "agency": case.agency, "findings": [], "extras": [], "keyers": [],
            "sources": [{"file": f"source{case.suffix}", "shape": case.shape, "cut": False}], "settled": [], "excluded_reason": None,
        }  # fmt: skip
        (place / "meta.yaml").write_text(yaml.safe_dump(meta, allow_unicode=True), encoding="utf-8")
        with (place / "cells.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(HEADER)
            for field, truth in zip(form.fields, case.truth, strict=True):
                (status,) = truth.statuses
                value, printed = (truth.value, truth.printed) if status == "printed" else ("", "")
                rows.writerow([field.id, status, value, printed, "agreed", ""])
        ids.append(case.name)
    (folder / "splits.yaml").write_text(yaml.safe_dump({"issuers": [{"issuer": "x", "split": "dev", "reports": ids}]}), encoding="utf-8")
    return folder


def body(text: str, usage: Mapping[str, int] | None = USED) -> str:
    """A completion as a server sends it."""
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return json.dumps({"model": NAME, "choices": [choice]} | ({"usage": dict(usage)} if usage else {}))


@dataclass
class Writing:
    """Answers as a scripted reader does, and writes question and reply into a store; what is no whole table gets no row."""

    store: Replies
    begun: Draft
    case: Case
    reader: str
    usage: Mapping[str, int] | None
    model: str

    async def ask(self, question: Question) -> Answer:
        """The answer, out of the store."""
        begun = self.begun
        whole = {a.question: a for a in questions(begun.form, begun.document, begun.events, begun.segments)}
        text = json.dumps({"table": question.table, "rows": []})
        if question in whole:
            text = READERS[self.reader](whole[question], key_of(self.case, begun.form))
        self.store.finish(self.store.begin(question, self.model, "{}", "t"), 200, body(text, self.usage))
        answer = settled(question, self.store.attempts(question.key(self.model)), 1)
        assert answer is not None
        return answer


def record(path: Path, cases: Sequence[Case], reader: str, usage: Mapping[str, int] | None = USED, model: str = NAME) -> Path:
    """A store with a reply to everything that is asked about ``cases``."""
    with Replies(path) as store:
        for case in cases:
            begun = draft(read_bytes(case.data, case.name), FORMS)
            assert isinstance(begun, Draft)
            asyncio.run(consult(begun, [Writing(store, begun, case, reader, usage, model)], ALWAYS))
    return path


def scored(folder: Path, store: Path, readers: Sequence[str] = (RULES, MODEL, BOTH), prices: Prices | None = None) -> Scorecard:
    reports = load_golden(folder, FORMS)
    cards = {RULES: evaluate(reports, lambda path: extract_path(path, FORMS), FORMS)} if RULES in readers else {}
    with Replies(store, create=False) as replies:
        recorded = Recorded(replies, choose_model(replies, ""), FORMS, 3)
        cards |= score_recorded(reports, recorded, FORMS, readers, {})
        return together({name: cards[name] for name in readers}, reports, recorded, FORMS, prices or load_prices())


MISPRINTED = 27  # a seed whose report misprints two totals
CLEAN = tuple(make_case(FORMS[n % 2], 40 + n, shape, "clean") for n, shape in enumerate(("tab-rows", "html")))


