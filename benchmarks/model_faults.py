"""Does every report end with a record, and is everything paid once, where 30 % of calls go wrong and the program is killed?

``python -m benchmarks.model_faults``. Generated reports of every shape, level and form lie in a folder, and
``gouji extract FOLDER --model always --yes --jsonl OUT`` reads it against a model server that is a process of its own and keeps its
own books: undisturbed, and side by side with it killed three times by ``kill -9`` at random points; then a tenth of the archive so
again with a server that heeds no idempotency keys, where a reply that was under way at a kill cannot be had again without paying.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.archive import Desk, wait, write_archive
from benchmarks.score import stamp, write_json
from benchmarks.served import books, server, tokens
from extractor.model.ledger import Ledger
from extractor.model.prices import load_prices
from extractor.model.replies import Replies

_KILLS = 3
_STALL = "20"
_FEWER = 10  # so many times fewer reports without idempotency: it shows what is lost, and nothing else depends on it
_VARIABLES = {"GOUJI_TIMEOUT": "3", "GOUJI_ATTEMPTS": "20", "GOUJI_BACKOFF": "0.02", "GOUJI_CONCURRENCY": "32"}
_DECISIONS = ("accept", "review", "unreadable")
_READER = "benchmarks.beside:read"


def read_through(archive: Path, served: Sequence[str], kill_at: Sequence[int]) -> dict[str, Any]:
    """One row: the whole archive read, the program killed when the server has had so many requests."""
    with tempfile.TemporaryDirectory() as folder, server(*served, script=_READER) as url:
        desk = Desk(Path(folder), archive, _VARIABLES)
        for requests in kill_at:
            _killed(url, desk, requests)
        process = desk.start(url)
        run = wait(process)
        if not desk.output.exists():
            raise RuntimeError(f"the program ended with {process.returncode} and no output: {desk.said()[-2000:]}")
        return _row(desk, books(url)) | {"last process": run}


def _killed(url: str, desk: Desk, requests: int) -> None:
    """Start the program, and kill it as soon as the server has had ``requests``."""
    with desk.start(url) as process:
        while books(url)["requests"] < requests:
            if process.poll() is not None:
                raise RuntimeError(f"the program ended before {requests} requests; kill it earlier: {desk.said()[-2000:]}")
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)


def _row(desk: Desk, counted: dict[str, Any]) -> dict[str, Any]:
    """What one run comes to; ``ledger`` is the client's whole store, ``server`` the server's books."""
    records = desk.records()
    unanswered = Counter(u["kind"] for r in records for u in _model(r)["unanswered"])
    with Replies(desk.store) as store:
        ledger = Ledger(load_prices(), store.entries()).total()
        stored = tokens(ledger.usage._asdict())
        refused = {(a.report, a.table, a.part) for a in store.every() if a.answered and _refuses(a.reply or "")}
        return {
            "reports": sum(1 for _ in desk.archive.iterdir()),
            "records": len(records),
            "decisions": dict(sorted(Counter(r["decision"] for r in records).items())),
            "questions": {name: sum(_model(r)[name] for r in records) for name in ("asked", "answered")},
            "unanswered": dict(sorted(unanswered.items())),
            "refusals not named": len(refused - _named(records)),
            "output sha256": hashlib.sha256(desk.output.read_bytes()).hexdigest(),
            "left behind": sorted(p.name for p in desk.folder.glob("*.part")),
            "answered calls": counted["answered"],
            "requests": counted["requests"],
            "faults": counted["faults"],
            "ledger": stored,
            "server": tokens(counted),
            "ledger equals server": stored == tokens(counted) and not ledger.uncounted,
            "requests of unknown outcome": store.unknown_outcomes(),
            "lost replies asked for again": store.repeated(),
            "charged and never received": counted["answered"] - sum(a.answered for a in store.every()),
        }


_NOT_ASKED: dict[str, Any] = {"asked": 0, "answered": 0, "unanswered": []}


def _model(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a record says of the model; a report that is no form is asked nothing."""
    found: Mapping[str, Any] = record.get("model", _NOT_ASKED)
    return found


def _refuses(reply: str) -> bool:
    """Whether a stored completion is a refusal, by the server's word for it."""
    try:
        choices = json.loads(reply)["choices"]
    except ValueError:
        return False
    return bool(choices and choices[0]["message"]["refusal"])


def _named(records: Sequence[Mapping[str, Any]]) -> set[tuple[str, str, str]]:
    """The questions that the records name as refused."""
    return {(r["sha256"], u["table"], u["part"]) for r in records for u in _model(r)["unanswered"] if u["kind"] == "refused"}


def run(reports: int, share: float, seed: int) -> dict[str, Any]:
    """The three rows, and what they must show."""
    served = ["--faults", str(share), "--seed", str(seed), "--stall", _STALL, "--latency", "0.02"]
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "reports"
        write_archive(archive, reports)
        few = Path(folder) / "few"
        write_archive(few, reports // _FEWER)
        kill_at = kill_points(reports, seed)
        with ThreadPoolExecutor(2) as side_by_side:
            undisturbed = side_by_side.submit(read_through, archive, served, ())
            three_kills = side_by_side.submit(read_through, archive, served, kill_at)
            calm, killed = undisturbed.result(), three_kills.result()
        forgetful = read_through(few, [*served, "--forgetful"], kill_points(reports // _FEWER, seed))
    rows = {"undisturbed": calm, "three kills": killed, "three kills, no idempotency": forgetful}
    return {"reports": reports, "variables": _VARIABLES, "killed at request": kill_at, "rows": rows, "shown": shown(calm, killed, forgetful)}


def kill_points(reports: int, seed: int) -> list[int]:
    """Requests at which the program is killed: at random among the first questions, of which a report has about three."""
    return sorted(Random(seed).sample(range(reports // 10, reports * 3 * 9 // 10), _KILLS))


def shown(calm: dict[str, Any], killed: dict[str, Any], forgetful: dict[str, Any]) -> dict[str, bool]:
    """What must be shown, and whether it is."""
    rows = (calm, killed, forgetful)
    return {
        "every report has a record with a decision": all(
            r["reports"] == r["records"] == sum(n for d, n in r["decisions"].items() if d in _DECISIONS) for r in rows
        ),
        "every refused question is named in its report's record": not any(r["refusals not named"] for r in rows),
        "no question is left unreachable": not any("unreachable" in r["unanswered"] for r in rows),
        "the ledger is the server's own count": calm["ledger equals server"] and killed["ledger equals server"],
        "answered calls as undisturbed": killed["answered calls"] == calm["answered calls"],
        "the output is byte for byte the undisturbed one": killed["output sha256"] == calm["output sha256"],
        "no half output is left behind": not any(r["left behind"] for r in rows),
        "what was charged and never received is known": all(
            0 <= r["charged and never received"] <= r["requests of unknown outcome"] + r["lost replies asked for again"] for r in rows
        ),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 1 where something that must be shown is not."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model_faults", description=__doc__)
    parser.add_argument("--reports", type=int, default=1000, help="generated reports, default 1000")
    parser.add_argument("--share", type=float, default=0.3, help="of calls that go wrong, default 0.3")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    result = run(given.reports, given.share, given.seed)
    for line in lines(result):
        print(line)
    if given.json:
        write_json(stamp("benchmarks.model_faults", argv) | result, given.json)
    return 0 if all(result["shown"].values()) else 1


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The result for people."""
    yield f"{result['reports']:,} reports; killed at request {', '.join(map(str, result['killed at request']))}"
    yield f"{'':30}{'reports':>8}{'requests':>9}{'answered':>9}{'tokens in':>11}{'tokens out':>11}{'ledger = server':>17}{'lost':>7}{'paid for':>9}{'s':>7}{'MiB':>7}   unanswered"
    for name, r in result["rows"].items():
        same, out = "yes" if r["ledger equals server"] else "no", ", ".join(f"{k} {n}" for k, n in r["unanswered"].items())
        last = r["last process"]
        yield (
            f"{name:30}{r['records']:8,}{r['requests']:9,}{r['answered calls']:9,}{r['server']['input']:11,}{r['server']['output']:11,}{same:>17}"
            f"{r['requests of unknown outcome'] + r['lost replies asked for again']:7}{r['charged and never received']:9}"
            f"{last['seconds']:7.1f}{last['MiB at most']:7.0f}   {out}"
        )
    for what, is_so in result["shown"].items():
        yield f"{'yes' if is_so else 'NO ':4}{what}"


if __name__ == "__main__":
    sys.exit(main())
