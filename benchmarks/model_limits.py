"""Do 64 calls in flight keep to limits of requests and of tokens a minute, use them up, and at what cost of CPU?

``python -m benchmarks.model_limits``. The server is a process of its own and counts every window of 60 s by its own clock. One
run is bound by requests, one by tokens; each is looked at over two windows of the limiter while more questions wait than fit.
A third run without limits measures the CPU of the client.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.score import stamp, write_json
from benchmarks.served import asker, books, finish, server
from benchmarks.standin import questions
from extractor.model.ledger import worst_case
from extractor.model.limits import MARGIN, WINDOW

IN_FLIGHT = 64
_WINDOWS = 2
# A limit below these is bound by something else: a window's worth of calls must fit into it at this latency.
_LATENCY = 0.5
_WARM_UP_REPORTS = 20


def limited(reports: int, rpm: int | None, tpm: int | None) -> dict[str, Any]:
    """One run under limits: the fullest window, and how much of the limits was used."""
    asking = ["--reports", str(reports), "--concurrency", str(IN_FLIGHT), "--timeout", "60"]
    asking += ["--rpm", str(rpm)] if rpm else []
    asking += ["--tpm", str(tpm)] if tpm else []
    with tempfile.TemporaryDirectory() as folder, server("--latency", str(_LATENCY)) as url:
        said = finish(asker(url, Path(folder) / "replies.sqlite", asking))
        counted = books(url, log=True)
    start, length = counted["log"][0][0], _WINDOWS * (WINDOW + MARGIN)
    inside = [n for at, n in counted["log"] if at < start + length]
    if len(inside) == len(counted["log"]):
        raise RuntimeError(f"all {len(inside)} calls fitted into {length:.0f} s: give more reports or lower limits")
    minutes = length / 60
    return {
        "requests a minute": rpm, "tokens a minute": tpm, "calls": counted["requests"], "outcomes": said["outcomes"],
        "most in flight": counted["most_flying"],
        "most requests in any 60 s": counted["most_requests"], "most tokens in any 60 s": counted["most_tokens"],
        "share of requests used": len(inside) / (rpm * minutes) if rpm else None,
        "share of tokens used": sum(inside) / (tpm * minutes) if tpm else None,
    }  # fmt: skip


def cpu(reports: int, repetitions: int) -> dict[str, Any]:
    """Milliseconds of client CPU a call without limits and faults, process after process."""
    took: list[float] = []
    with server() as url:
        for n in range(repetitions):
            with tempfile.TemporaryDirectory() as folder:
                asking = ["--reports", str(reports), "--concurrency", str(IN_FLIGHT), "--timeout", "60", "--warm-up", str(_WARM_UP_REPORTS)]
                said = finish(asker(url, Path(folder) / f"{n}.sqlite", asking))
            took.append(1000 * said["cpu_seconds"] / said["used"]["requests"])
    return {"calls": repetitions * reports * 3, "ms a call": [round(t, 3) for t in took], "median ms a call": sorted(took)[len(took) // 2]}


def run(reports: int, rpm: int, tpm: int, cpu_reports: int, repetitions: int) -> dict[str, Any]:
    """The three runs, and what they must show."""
    worst = max(u.input + u.output for u in map(worst_case, questions(30)))
    rows = {"bound by requests": limited(reports, rpm, None), "bound by tokens": limited(reports, None, tpm)}
    by_requests, by_tokens = rows.values()
    spent = cpu(cpu_reports, repetitions)
    return {
        "in flight": IN_FLIGHT, "most tokens one call may take": worst, "rows": rows, "cpu": spent,
        "shown": {
            "64 are in flight": all(r["most in flight"] == IN_FLIGHT for r in rows.values()),
            "never above the requests a minute": by_requests["most requests in any 60 s"] <= rpm,
            "never above the tokens a minute": by_tokens["most tokens in any 60 s"] <= tpm,
            "at least 90 % of the requests are used": by_requests["share of requests used"] >= 0.9,
            "at least 90 % of the tokens are used": by_tokens["share of tokens used"] >= 0.9,
            "at most 5 ms of client CPU a call": spent["median ms a call"] <= 5,
        },
    }  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 1 where something that must be shown is not."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model_limits", description=__doc__)
    parser.add_argument("--reports", type=int, default=900, help="stand-in reports of three questions each, default 900")
    parser.add_argument("--rpm", type=int, default=1200)
    parser.add_argument("--tpm", type=int, default=200_000)
    parser.add_argument("--cpu-reports", type=int, default=300)
    parser.add_argument("--repetitions", type=int, default=5, help="processes that the CPU is measured in, default 5")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    result = run(given.reports, given.rpm, given.tpm, given.cpu_reports, given.repetitions)
    for line in lines(result):
        print(line)
    if given.json:
        write_json(stamp("benchmarks.model_limits", argv) | result, given.json)
    return 0 if all(result["shown"].values()) else 1


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The result for people."""
    for name, r in result["rows"].items():
        shares = [f"{r[f'share of {what} used']:.1%} of the {what}" for what in ("requests", "tokens") if r[f"share of {what} used"]]
        yield (
            f"{name}: {r['calls']:,} calls, most in any 60 s {r['most requests in any 60 s']:,} requests and "
            f"{r['most tokens in any 60 s']:,} tokens, used {' and '.join(shares)}"
        )
    yield f"client CPU: {result['cpu']['median ms a call']:.2f} ms a call (median of {len(result['cpu']['ms a call'])} processes)"
    for what, shown in result["shown"].items():
        yield f"{'yes' if shown else 'NO ':4}{what}"


if __name__ == "__main__":
    sys.exit(main())
