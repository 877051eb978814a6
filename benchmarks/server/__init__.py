"""A model server that speaks real HTTP on loopback: scripted answers, faults by seed, a batch endpoint, and its own books.

It lies here and not in ``tests/`` because benchmarks run it as a process (``python -m benchmarks.server``) and tests
import benchmarks, never the other way round. It knows nothing of ``extractor``: what it counts is counted independently.
Standard library only.
"""

from benchmarks.server.answer import Options, Script
from benchmarks.server.faults import Fault
from benchmarks.server.http import ModelServer

__all__ = ["Fault", "ModelServer", "Options", "Script"]
