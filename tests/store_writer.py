"""A process of its own that appends events to a store, and prints the key of each once it is stored."""

from __future__ import annotations

import sys

from extractor.effective import Action, State
from extractor.store import NewEvent, open_store


def main(url: str, report: int, run: int, reviewer: str, count: int) -> None:
    """Append ``count`` answers to the report's open cells, round and round."""
    with open_store(url) as store:
        fields = [c.field for c in store.cells(report) if c.state is State.OPEN]
        for n in range(count):
            key = f"{reviewer}-{n}"
            store.append(NewEvent(key, report, run, fields[n % len(fields)], Action.CORRECT, reviewer, value=str(n)))
            print(key, flush=True)  # noqa: T201 - who reads this knows that it is stored


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
