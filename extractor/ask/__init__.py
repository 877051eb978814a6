"""A report and a form to questions for a model, and its replies to candidates: a stage like ``parse``, blind to what that found.

Pure functions; who asks, pays and remembers is ``extractor.model``.
"""

from extractor.ask.asking import Asked, halves, questions, repair
from extractor.ask.reading import ModelReading, Outcome, candidates, gather
from extractor.ask.reply import RowReply, TableReply

__all__ = ["Asked", "ModelReading", "Outcome", "RowReply", "TableReply", "candidates", "gather", "halves", "questions", "repair"]
