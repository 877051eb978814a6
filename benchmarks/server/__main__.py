"""The server as a process: ``python -m benchmarks.server``. Its first line on standard output is its base URL.

It ends when its standard input is closed, so that it never outlives the program that started it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from benchmarks.server import Fault, ModelServer, Options, Script


def script_named(name: str) -> Script:
    """The function ``module:function``; it takes the messages of a question and gives the text of the answer."""
    module, _, function = name.partition(":")
    script: Script = getattr(import_module(module), function)
    return script


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    parser.add_argument("--script", type=script_named, required=True, metavar="MODULE:FUNCTION")
    parser.add_argument("--faults", type=float, default=0.0, metavar="SHARE", help="of calls that go wrong, by seed")
    parser.add_argument("--kinds", type=lambda t: tuple(Fault[n] for n in t.split(",")), default=tuple(Fault), metavar="NAME,…")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--stall", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--forgetful", action="store_true", help="heed no idempotency keys, as many providers do not")
    given = parser.parse_args(argv)
    options = Options(
        given.script, given.seed, given.faults, given.kinds, given.latency, stall=given.stall, idempotent=not given.forgetful
    )
    with ModelServer(options, given.port) as server:
        print(server.url, flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
