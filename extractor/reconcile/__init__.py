"""Candidates to one reading a field or an open question: choose, deduce, prove. Ties stay ties.

Every doubt about a row is a set of other readings. The form's sums rule readings out (``choose``), determine
lost cells (``deduce``), and a cell whose every other reading is ruled out is proven (``prove``). What is printed is
never changed.
"""

from extractor.reconcile.answers import fix, narrow
from extractor.reconcile.choose import Settled
from extractor.reconcile.deduce import deduce
from extractor.reconcile.prove import prove
from extractor.reconcile.resolve import reconcile
from extractor.reconcile.second import second

__all__ = ["Settled", "deduce", "fix", "narrow", "prove", "reconcile", "second"]
