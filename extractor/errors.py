"""The exception tree.

GoujiError
├── FormError          a form file is wrong: names the file, the place and the next step (exit 2)
├── GoldenError        the golden set is wrong or incomplete (exit 2)
├── PromptError        a prompt file is wrong: names the file, the place and the next step (exit 2)
├── EndpointError      a model's server does not do what a command needs (exit 1: the same command may do later)
└── ReportUnreadable   one report cannot be read: becomes an ``unreadable`` record, the run goes on

What a *report* gets wrong is never an exception: it is a finding or a reason code.
"""

from __future__ import annotations


class GoujiError(Exception):
    """Base of everything this package raises on purpose."""


class FormError(GoujiError):
    """A form definition cannot be used; the message names the file and the entry."""


class GoldenError(GoujiError):
    """The golden set cannot be used; the message names the folder and the entry."""


class PromptError(GoujiError):
    """A prompt file cannot be used; the message names the file and the entry."""


class EndpointError(GoujiError):
    """A model's server refused, or could not be reached; the message says what to do."""


class ReportUnreadable(GoujiError):
    """One report cannot be read.

    ``code`` is stable (``EMPTY_FILE``, ``BINARY_FILE`` …), ``message`` says what to do next.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
