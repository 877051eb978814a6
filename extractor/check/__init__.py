"""Values against the form's edit rules: verdicts, causes, suspects, and text against table."""

from extractor.check.narrative import check_narrative
from extractor.check.rules import check_rules

__all__ = ["check_narrative", "check_rules"]
