"""Files that hold files: ZIP, TAR, gzip, bzip2, xz and JSON lines, within one another too (docs/archives.md).

Nothing is ever written to the disk, names are labels only, and no more is held than one member (and a ZIP within an archive).
"""

from extractor.read.containers.base import Input, Limits, PassedOver, Run, Stream, too_large
from extractor.read.containers.walk import count, reports

__all__ = ["Input", "Limits", "PassedOver", "Run", "Stream", "count", "reports", "too_large"]
