"""Reason codes: why a cell was accepted, sent to a person, or not found. One sentence each, never renamed.

``FLAG``: a person must look. ``DOUBT``: a person must look, unless something answers it. ``INFO``: recorded, sends
nobody. docs/decision.md defines when each is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Code(NamedTuple):
    """What a code does (flag, doubt or info) and what it says to a person."""

    kind: str
    says: str


FLAG, DOUBT, INFO = "flag", "doubt", "info"
PERSON = "PERSON"

CELL_CODES: dict[str, Code] = {
    # where the figure belongs
    "LABEL_FUZZY": Code(DOUBT, "The row label is damaged and was matched by likeness; its neighbours do not settle it."),
    "LABEL_TRUNCATED": Code(DOUBT, "Only the beginning of the row label is there and its rest was not found."),
    "LABEL_BY_NEIGHBOURS": Code(INFO, "The row label is damaged, and the intact labels before and after leave one row."),
    "COUNT_SHORT": Code(DOUBT, "The row holds fewer figures than the form has columns."),
    "COUNT_LONG": Code(DOUBT, "The row holds more figures than the form has columns."),
    "ROWS_DRIFT": Code(DOUBT, "Rows of this table have cells too many, and this row could be one of them although its figures fit."),
    "EQUAL_READINGS": Code(INFO, "The row holds a stray figure, and every possible reading gives this cell the same value."),
    "EDGE_CUT": Code(INFO, "Several rows in a run end early: the right edge of the page was cut off."),
    "HEADER_BINDS": Code(INFO, "The header lacks columns, and the rows under it hold as many figures as it shows: they stand in its columns."),
    "CHOSEN_BY_SUM": Code(INFO, "Of several readings of this row, those that keep the form's sums agree on this cell."),
    "AMBIGUOUS_PLACE": Code(DOUBT, "The text no longer says which figure belongs to this cell."),
    "PLACED_BY_COUNT": Code(DOUBT, "Labels and figures stand apart; the figures were placed by counting them in the form's order."),
    "COLUMN_MAJOR": Code(DOUBT, "The figures stand column by column and were turned back into rows."),
    "ROWS_MAY_BE_SLIPPED": Code(DOUBT, "Figures stand before the first row label and are missing after the last: rows may be slipped by one."),
    "ROW_EMPTIED": Code(DOUBT, "Another row of this table has its label and no figures, so the figures may have slipped by a row."),
    "ROW_REPEATED": Code(FLAG, "The row stands in the text more than once with different figures."),
    "LABELS_INTERLEAVED": Code(FLAG, "Header words stand between the figures, so their order is in doubt."),
    "LINES_DEDUPLICATED": Code(FLAG, "Repeated lines were removed from this text, so figures equal to an earlier line are gone."),
    "HEADER_NOT_SEEN": Code(DOUBT, "No column header of this block was found."),
    "HEADER_PATH_WRONG": Code(FLAG, "The column headers printed over this row are not the form's."),
    "HEADER_INCOMPLETE": Code(DOUBT, "The header over this row lacks columns of the form, and the row lacks figures."),
    "HEADER_PARTIAL": Code(INFO, "The header over this row lacks columns of the form, while the row has every figure and its sum holds."),
    "ROWS_REORDERED": Code(INFO, "The rows of this table stand in another order than the form's."),
    "OFF_LINE": Code(FLAG, "The figure stands on a line of its own, while those of the other rows stand beside their labels."),
    "NEXT_LABEL_LOST": Code(DOUBT, "The next row's label is not in the text, so these figures may be the next row's."),
    "LABELS_DETACHED": Code(DOUBT, "Several labels have no figures beside them, so standing beside its label proves nothing for a figure here."),
    "WIDTH_VARIES": Code(INFO, "Other rows of this table have too few or too many cells."),
    "ROW_UNMARKED": Code(INFO, "Nothing but blanks or line ends divides the figures of this row."),
    "ROWS_RAGGED": Code(DOUBT, "Nothing marks the rows of this table, and some have too few figures and others too many."),
    "HEADER_ORDER": Code(FLAG, "The column headers stand in another order than the form's."),
    "STRAY_FIGURE": Code(DOUBT, "A figure stands beside the row that belongs to no cell."),
    # what the figure is
    "FIGURE_GARBLED": Code(DOUBT, "Something beside this row holds digits and could not be read as a figure."),
    "DIGITS_SPLIT": Code(DOUBT, "The digits of this figure stand apart inside one cell."),
    "GLUED_PROVEN": Code(INFO, "The figures of this row are glued together, and every way to cut them that keeps the form's sums gives this one."),
    "READINGS_CUT": Code(INFO, "The row can be read in more ways than are kept, so what the kept ones agree on proves nothing."),
    "ONE_CUT": Code(INFO, "The figures of this row are glued together, and there is one way to cut them into as many figures as columns."),
    "DIGITS_GLUED": Code(DOUBT, "The figures of this row are glued together and were cut apart."),
    "LOOKALIKE_DIGIT": Code(DOUBT, "A letter stands where a digit belongs."),
    "GROUPING_IRREGULAR": Code(DOUBT, "The thousands separators do not group by three."),
    "NUMERAL_NORMALISED": Code(INFO, "A sign, separator or unit was read together with the digits."),
    "TYPE_INVALID": Code(FLAG, "The figure is not of the kind that this cell holds."),
    "UNIT_UNCLEAR": Code(FLAG, "The unit of this amount is not printed, or its header prints one that the form does not have."),
    "BLANK_OR_ZERO": Code(DOUBT, "The cell is empty, and nothing shows whether that means none."),
    "BLANK_SEEN": Code(INFO, "The cell is empty and surely there: the row shows all its cells, and figures in others."),
    "BLANK_AS_ZERO_HOLDS": Code(INFO, "The cell is empty, and every sum it belongs to holds with it as none."),
    # the second reader
    "AGREED": Code(INFO, "The model reads the same; that proves nothing, for what misleads one reader may mislead the other."),
    "MODEL_DISAGREES": Code(DOUBT, "The model reads another figure, or none, at a place that nothing speaks against."),
    "MODEL_DOUBTED": Code(INFO, "The model says something else, and its own answer is in doubt; it is kept beside the cell."),
    "MODEL_ONLY": Code(DOUBT, "The model alone found this figure; the rules could not place it."),
    # arithmetic
    "RULE_PASSED": Code(INFO, "Every hard rule that could be checked for this cell holds."),
    "RULE_FAILED": Code(DOUBT, "A hard rule fails and this cell is among those that could be at fault."),
    "RULE_FAILED_ELSEWHERE": Code(INFO, "A hard rule that this cell belongs to fails, and the fault lies in other cells."),
    "NO_RULE_COVERS": Code(INFO, "No hard rule of the form covers this cell; its place alone speaks for it."),
    "UNSUPPORTED": Code(INFO, "The form has sums for this cell, and none could be checked because other cells are missing."),
    # proof
    "PROVEN": Code(INFO, "Every other reading of the text that gives this cell another value breaks the form's sums."),
    "MISPRINT": Code(INFO, "A hard rule fails although the text shows one intact reading: the report misprints, and the figure stays as printed."),
    "LINE_UNFILLED": Code(INFO, "Figures of one row that the sums want otherwise are all printed as 0: the report left the row unfilled."),
    "CONFIRMED": Code(INFO, "Two sums of the form leave the same value for this cell."),
    "RESTS_ON_DOUBT": Code(FLAG, "A cell that this value was deduced from is itself in doubt."),
    "CLASS_NOT_CERTIFIED": Code(FLAG, "Too few cells of this class have been counted to promise how often it is wrong."),
    # coverage
    "ANCHORED": Code(INFO, "Nothing speaks against the place and the figure of this cell that is not answered."),
    "FIELD_LOST": Code(FLAG, "The text no longer holds this cell."),
    "TABLE_NOT_FOUND": Code(FLAG, "The table of this cell is not in the text."),
    "DEDUCED": Code(INFO, "The text no longer holds this cell; the printed cells and hard rules leave one possible value."),
    "EDITION_UNCERTAIN": Code(FLAG, "The labels do not decide which form this is."),
    "OCR_TEXT": Code(FLAG, "The figures of this report were recognised from a picture, where a digit misread looks like any other."),
    "EDITION_MIXED": Code(INFO, "Labels of another form stand in the text as well."),
    "FORM_DRAFT": Code(FLAG, "The form is a draft: everything goes to a person."),
}

# What a model's answer came to, beside the codes above (docs/model-reader.md). The doubts stand on its candidates; the others
# say why an answer gave none, so no cell carries them.
MODEL_CODES: dict[str, Code] = {
    "MODEL_NOT_GROUNDED": Code(INFO, "What the model read does not stand where it said."),
    "MODEL_TOKEN_SHARED": Code(INFO, "The model gave one figure of the text for several cells."),
    "MODEL_OMITTED": Code(INFO, "The model did not answer this row, or not all of its cells."),
    "MODEL_REPEATED": Code(INFO, "The model answered this row more than once."),
    "MODEL_INVENTED": Code(INFO, "The model answered a row that was not asked for, or more cells than the row has."),
    "MODEL_ILLEGIBLE": Code(INFO, "The model says that something stands there which it cannot read."),
    "MODEL_OTHER_ROW": Code(DOUBT, "The model took this figure from beside the label of another row."),
    "MODEL_ORDER": Code(DOUBT, "The model took the figures of this row in another order, or from other columns, than they stand in."),
    "MODEL_ROW_UNEVEN": Code(DOUBT, "Another answer of this row is not in the text, or passes over a cell that is: its cells may be miscounted."),
}

# What people's answers add (docs/decision.md §6b); no run of the program gives these.
PERSON_CODES: dict[str, Code] = {
    PERSON: Code(INFO, "A person said what this cell is."),
    "PERSON_PROVES": Code(INFO, "What a person said about other cells of this table leaves this reading alone."),
    "AUDIT_DIFFERS": Code(FLAG, "A person who did not see this value keyed another one."),
}

CODES = {**CELL_CODES, **MODEL_CODES, **PERSON_CODES}

# Doubts that one code answers; all others are answered by PROVEN.
ANSWERS: dict[str, str] = {"RULE_FAILED": "MISPRINT", "BLANK_OR_ZERO": "BLANK_SEEN", "DIGITS_GLUED": "ONE_CUT"}


# Doubts that arithmetic adds after the proofs were made: no proof has looked at them.
_AFTER_PROOF = frozenset({"RULE_FAILED", "HEADER_INCOMPLETE"})


# What reading noticed about a file as a whole; the record carries these as ``notes``.
NOTES: dict[str, str] = {
    "ENCODING_GUESSED": "No mark says how the file is encoded; it was found by trial.",
    "TRUNCATED_CHARACTER": "The file ends in the middle of a character.",
    "REPLACEMENT_CHARACTERS": "The text holds characters that an earlier conversion could not read.",
    "MOJIBAKE": "The text was decoded wrongly before it came here.",
    "CONTROL_CHARACTERS": "Control characters were read as blanks.",
    "HTML_UNESCAPED": "The page or a table in it was wrapped in a string and was unwrapped.",
    "HTML_HIDDEN": "Hidden rows, cells or words were left out.",
    "HTML_REMNANTS": "Remnants of HTML in plain text were removed.",
    "PDF_PAGE_MARKS": "Page numbers and running heads were left out.",
    "PDF_PAGES_NEED_OCR": "Pages, or large parts of pages, are pictures that were not read.",
    "PDF_OCR_LAYER": "The text is the invisible layer that an OCR program put over a scan.",
    "OCR_TEXT": "Text was recognised from pictures.",
    "PDF_NO_UNICODE": "A font does not say which characters it prints; these were read as unknown ones.",
    "PDF_HIDDEN": "Invisible text was left out.",
    "PDF_OUTSIDE_PAGE": "Text beyond the edges of its page was left out.",
    "PDF_PARTLY_RULED": "The lines of a table do not divide all of its cells, so it was read by its blanks.",
    "PDF_CROWDED": "A page holds more objects or lines than are looked at; its tables were read by their blanks.",
    "OFFICE_HIDDEN": "Hidden words, rows, columns or sheets were left out.",
    "OFFICE_DELETED": "Words, rows or cells whose deletion is tracked were left out.",
    "OFFICE_NUMBERING": "Automatic numbers of a kind that is not known were left out.",
    "OFFICE_FOOTNOTES": "Footnotes were left out; their marks stand raised.",
    "OFFICE_PICTURES": "Pictures or charts were not read.",
    "OFFICE_EMBEDDED": "A document embedded in this one was not read.",
    "OFFICE_FORMAT": "Numbers in a format that is not known are shown without it.",
    "OFFICE_UNCALCULATED": "Formulas whose value was not saved with them are shown as ####.",
    "CONVERTED_LIBREOFFICE": "LibreOffice converted the file before it was read.",
    "CONVERTED_ANTIWORD": "antiword converted the file to plain text before it was read.",
}


DOUBTED_NOTES = frozenset({"OCR_TEXT"})
"""Notes about a file that are codes of every cell in it as well."""


def is_flag(code: str) -> bool:
    """True where ``code`` sends a cell to a person, unless it is a doubt that a proof answers."""
    return CODES[code].kind != INFO


def is_doubt(code: str) -> bool:
    """True where a proof can answer ``code``."""
    return CODES[code].kind == DOUBT


def unanswered(codes: Iterable[str]) -> list[str]:
    """The codes that send a cell to a person: every flag, and every doubt that nothing answers (docs/decision.md §4)."""
    codes = list(codes)
    proven = "PROVEN" in codes
    return [
        c for c in codes
        if (k := CODES[c].kind) == FLAG or (k == DOUBT and not (proven and c not in _AFTER_PROOF) and ANSWERS.get(c) not in codes)
    ]  # fmt: skip
