"""Does every question end with an outcome, and is everything paid once, where 30 % of calls go wrong and the process is killed?

``python -m benchmarks.model_faults``. The server is a process of its own and keeps its own books. The same questions are asked
undisturbed; with three ``kill -9`` at random points; and so again of a server that heeds no idempotency keys, where a reply that was
under way at the kill cannot be had again without paying.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.score import stamp, write_json
from benchmarks.served import asker, books, finish, server, tokens

_KILLS = 3
_STALL = "20"


def asked_through(served: Sequence[str], asking: Sequence[str], kill_at: Sequence[int]) -> dict[str, Any]:
    """One row: all questions asked, the process killed when the server has had so many requests."""
    with tempfile.TemporaryDirectory() as folder, server(*served) as url:
        store = Path(folder) / "replies.sqlite"
        for requests in kill_at:
            _killed(url, store, asking, requests)
        said = finish(asker(url, store, asking))
        counted = books(url)
    return _row(said, counted)


def _killed(url: str, store: Path, asking: Sequence[str], requests: int) -> None:
    """Start the program, and kill it as soon as the server has had ``requests``."""
    with asker(url, store, asking) as process:
        while books(url)["requests"] < requests:
            if process.poll() is not None:
                raise RuntimeError(f"the asking program ended before {requests} requests; kill it earlier")
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)


def _row(said: Mapping[str, Any], counted: dict[str, Any]) -> dict[str, Any]:
    """What one run comes to; ``ledger`` is the client's whole store, ``server`` the server's books."""
    return {
        "outcomes": said["outcomes"],
        "answers not to the question": said["wrong"],
        "answered calls": counted["answered"],
        "requests": counted["requests"],
        "faults": counted["faults"],
        "ledger": tokens(said["stored"]),
        "server": tokens(counted),
        "ledger equals server": tokens(said["stored"]) == tokens(counted) and not said["uncounted"],
        "requests of unknown outcome": said["unknown"],
        "lost replies asked for again": said["repeated"],
        "charged and never received": counted["answered"] - said["completions"],
        "seconds of the last process": round(said["seconds"], 2),
    }


def run(reports: int, share: float, seed: int, concurrency: int) -> dict[str, Any]:
    """The three rows, and what they must show."""
    served = ["--faults", str(share), "--seed", str(seed), "--stall", _STALL, "--latency", "0.02"]
    asking = ["--reports", str(reports), "--concurrency", str(concurrency)]
    calm = asked_through(served, asking, ())
    draw = Random(seed)
    kill_at = sorted(draw.sample(range(calm["requests"] // 20, calm["requests"] * 9 // 10), _KILLS))
    killed = asked_through(served, asking, kill_at)
    forgetful = asked_through([*served, "--forgetful"], asking, kill_at)
    questions = sum(calm["outcomes"].values())
    return {
        "questions": questions,
        "killed at request": kill_at,
        "rows": {"undisturbed": calm, "three kills": killed, "three kills, no idempotency": forgetful},
        "shown": {
            "every question has an outcome": all(sum(r["outcomes"].values()) == questions for r in (calm, killed, forgetful)),
            "no question is left unreachable": "unreachable" not in calm["outcomes"] | killed["outcomes"] | forgetful["outcomes"],
            "the ledger is the server's own count": calm["ledger equals server"] and killed["ledger equals server"],
            "answered calls as undisturbed": killed["answered calls"] == calm["answered calls"] and killed["outcomes"] == calm["outcomes"],
            "what was charged and never received is known": all(
                0 <= r["charged and never received"] <= r["requests of unknown outcome"] + r["lost replies asked for again"]
                for r in (calm, killed, forgetful)
            ),
            "every answer is to its question": not any(r["answers not to the question"] for r in (calm, killed, forgetful)),
        },
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 1 where something that must be shown is not."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model_faults", description=__doc__)
    parser.add_argument("--reports", type=int, default=1000, help="stand-in reports of three questions each, default 1000")
    parser.add_argument("--share", type=float, default=0.3, help="of calls that go wrong, default 0.3")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    result = run(given.reports, given.share, given.seed, given.concurrency)
    for line in lines(result):
        print(line)
    if given.json:
        write_json(stamp("benchmarks.model_faults", argv) | result, given.json)
    return 0 if all(result["shown"].values()) else 1


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The result for people."""
    yield f"{result['questions']:,} questions; killed at request {', '.join(map(str, result['killed at request']))}"
    yield f"{'':30}{'requests':>9}{'answered':>9}{'tokens in':>11}{'tokens out':>11}{'ledger = server':>17}{'lost':>7}{'paid for':>9}   outcomes"
    for name, r in result["rows"].items():
        same, out = "yes" if r["ledger equals server"] else "no", ", ".join(f"{k} {n}" for k, n in r["outcomes"].items())
        yield (
            f"{name:30}{r['requests']:9,}{r['answered calls']:9,}{r['server']['input']:11,}{r['server']['output']:11,}"
            f"{same:>17}{r['requests of unknown outcome'] + r['lost replies asked for again']:7}{r['charged and never received']:9}   {out}"
        )
    for what, shown in result["shown"].items():
        yield f"{'yes' if shown else 'NO ':4}{what}"


if __name__ == "__main__":
    sys.exit(main())
