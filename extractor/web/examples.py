"""What the description of the service shows as examples: figures made up, form labels real."""

from __future__ import annotations

from typing import Any

TEXT = """社旗县人民政府2021年政府信息公开工作年度报告
二、主动公开政府信息情况
第二十条第（一）项
信息内容\t本年制发件数\t本年废止件数\t现行有效件数
规章\t0\t0\t0
行政规范性文件\t3\t1\t12
"""

CELL: dict[str, Any] = {
    "table": "proactive", "row": "licences", "column": "processed",
    "value": 1470, "status": "printed", "printed": "1,470", "evidence": {"start": 812, "end": 817},
    "confidence": 0.9998, "decision": "accept", "codes": ["RULE_PASSED"], "readings": {"rules": 1470},
}  # fmt: skip
FINDING: dict[str, Any] = {
    "rule": "REQ-OUTCOMES", "instance": "total", "verdict": "fail", "left": 5, "right": 0,
    "cells": ["requests/granted/total"], "blame": "report",
}  # fmt: skip
RECORD: dict[str, Any] = {
    "source": "a.txt", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "form": "disclosure-2021", "year": 2021, "agency": "社旗县人民政府", "decision": "review",
    "cells": [CELL], "findings": [FINDING], "extras": [],
    "usage": {"requests": 0, "input_tokens": 0, "output_tokens": 0, "cost": 0}, "error": None,
}  # fmt: skip
EVENT: dict[str, Any] = {
    "id": 1, "key": "5f0c7c1e-8d0b-4c1d-9a3e-0f6d3f1f2a11", "report": 1, "run": 1, "form": "disclosure-2021",
    "field": "proactive/licences/processed", "action": "correct", "value": "1,480", "figure": 1480, "reviewer": "li", "mode": "review",
    "seen_at": "2026-11-21T08:00:00.000+00:00", "decided_at": "2026-11-21T08:00:03.000+00:00",
    "recorded_at": "2026-11-21T08:00:03.120+00:00", "note": "", "cancels": None, "sha256": RECORD["sha256"],
    "printed": "1,470", "start": 812, "end": 817, "status": "printed", "shown": 1470, "part_of": None,
}  # fmt: skip
EFFECTIVE: dict[str, Any] = {
    "field": "proactive/licences/processed", "value": 1480, "status": "printed", "origin": "person", "state": "answered",
    "machine": CELL, "answer": EVENT, "history": [], "codes": ["RULE_PASSED", "PERSON"],
}  # fmt: skip
REPORT: dict[str, Any] = {
    "id": 1, "source": "a.txt", "sha256": RECORD["sha256"], "run": 1, "form": "disclosure-2021", "year": 2021,
    "agency": "社旗县人民政府", "decision": "review", "cells": 194, "accepted": 190, "review": 4, "blank": 0, "lost": 1, "deduced": 1,
    "findings": 1, "error": None, "message": "", "open": 3, "answered": 1, "settled": 0, "last_event": 1,
    "read_at": "2026-11-21T07:59:00+00:00",
}  # fmt: skip
RUN: dict[str, Any] = {
    "id": 1, "report": 1, "sha256": RECORD["sha256"], "stamp": {"version": "0.1.0"}, "decision": "review", "read_at": "2026-11-21T07:59:00+00:00",
}  # fmt: skip
JOB: dict[str, Any] = {
    "id": 1, "name": "2021.zip", "created_at": "2026-11-21T07:59:00.000+00:00", "cancelled": False, "files": 120,
    "states": {"done": 118, "running": 2}, "decisions": {"accept": 90, "review": 27, "unreadable": 1}, "state": "running",
}  # fmt: skip
JOB_FILE: dict[str, Any] = {
    "n": 1, "name": "2021/a.txt", "state": "done", "report": 1, "run": 1, "decision": "review", "error": None,
}  # fmt: skip
