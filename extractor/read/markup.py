r"""Whether a text is HTML, and what has to be undone before its tags can be read.

HTML is recognised by its tags, never by the file name: Chinese texts hold ``<…条例>`` as quotation
marks, and those stay text. Pages reach us inside JSON and scripts (``\"``, ``\u003c``) and as entities.
"""

from __future__ import annotations

import html
import re

# A footnote mark must not become a digit of the figure before it: raised and lowered digits stay apart.
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

_BACKSLASHES = r"(?<!\\)\\{1,8}"  # looked for at the start of a run only, or a long run takes for ever
_LT = rf"(?:<|&lt;|{_BACKSLASHES}(?:u003c|x3c))"
_STRUCTURE = re.compile(_LT + r"(?:!doctype\s+html|(?:html|body|table|tbody|tr|td|th)(?=[\s>/\\&]))", re.IGNORECASE)
_BLOCK_CLOSED = re.compile(_LT + r"\\{0,8}/(?:p|div|h[1-6]|li|section|article)\s{0,9}(?:>|&gt;|\\)", re.IGNORECASE)
_REMNANT = re.compile(r"</?(br|b|strong|i|em|u|span|font|center|sup|sub)\b[^<>\n]{0,200}>|&nbsp;", re.IGNORECASE)
_CELL = re.compile(r"<(?:table|tr|td|th)(?=[\s>/\\])", re.IGNORECASE)
_ENTITY_CELL = re.compile(r"&lt;(?:table|tr|td|th)(?=[\s/&])", re.IGNORECASE)
_ESCAPED = re.compile(rf"=\\{{1,8}}[\"']|<\\{{1,8}}/|{_BACKSLASHES}(?:u003c|x3c)", re.IGNORECASE)
_ESCAPE = re.compile(_BACKSLASHES + r"(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([\"'/nrtbf]))", re.IGNORECASE)
_LETTERS = {"n": "\n", "r": " ", "t": " ", "b": "", "f": " "}
_SCRIPT = re.compile(r"<(?:script\b|(\\{0,8}/)script\s{0,9}>)", re.IGNORECASE)
_OUTER = re.compile(r"<(?:(/?)table\b|(!doctype|html|body)\b|(?:p|div|br|li|h[1-6])(?=[\s/>]))", re.IGNORECASE)
_PIPE_ROW = re.compile(r"^[ \t]{0,9}\|.*\|[ \t]*$", re.MULTILINE)
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>", re.IGNORECASE)


def looks_marked(text: str) -> bool:
    """Whether rendering has anything to do: a cheap question that most texts answer with no."""
    if "<" in text or "&" in text or "\\" in text:
        return is_html(text) or _REMNANT.search(text) is not None
    return False


def is_html(text: str) -> bool:
    """Whether ``text`` is HTML: a tag of a page or a table, or the end of a block."""
    return _STRUCTURE.search(text) is not None or _BLOCK_CLOSED.search(text) is not None


def without_remnants(text: str) -> str:
    """Return plain ``text`` without stray tags: ``<br>`` ends a line, but is a blank inside a row."""
    return "\n".join(_line_without_remnants(line) if "<" in line or "&" in line else line for line in text.split("\n"))


def _line_without_remnants(line: str) -> str:
    in_row = "|" in line or "\t" in line

    def plain(match: re.Match[str]) -> str:
        name = (match[1] or "").lower()
        if name == "br":
            return " " if in_row else "\n"
        return " " if name in ("", "sup", "sub") else ""  # 3<sup>1</sup> is not 31

    return _REMNANT.sub(plain, line)


def unwrapped(text: str) -> tuple[str, tuple[str, ...]]:
    """Undo what hides HTML: backslash escapes, entities, and scripts that write the only tables."""
    source = _XML_DECLARATION.sub("", text, count=1) if _XML_DECLARATION.match(text) else text
    source, scripts = _scripts(source)
    undone = False
    if not _CELL.search(source) and (marked := [script for script in scripts if is_html(script)]):
        # A saved page whose script writes the tables: the markup in it is read as part of the page.
        source += "".join(f"\n<div>{_unescaped(script)}</div>" for script in marked)
        undone = True
    if _ESCAPED.search(source):
        source, undone = _unescaped(source), True
    if not _CELL.search(source) and _ENTITY_CELL.search(source):
        source, undone = html.unescape(source), True
    return source, ("HTML_UNESCAPED",) if undone else ()


def _scripts(source: str) -> tuple[str, list[str]]:
    """Return ``source`` without its scripts, and the markup inside each script (first ``<`` to last ``>``)."""
    kept: list[str] = []
    scripts: list[str] = []
    start, opened = 0, -1
    for match in _SCRIPT.finditer(source):
        if not match[1] and opened < 0:
            kept.append(source[start : match.start()])
            start = opened = match.end()
        elif match[1] and opened >= 0:
            scripts.append(_markup(source[opened : match.start()].partition(">")[2]))
            start, opened = match.end(), -1
    return "".join(kept) + source[start:], scripts


def _markup(code: str) -> str:
    first = min((code.find(mark) for mark in ("<", "\\") if mark in code), default=0)
    last = max(code.rfind(">"), code.rfind("\\u003e") + 5, code.rfind("\\u003E") + 5)
    return code[first : last + 1]


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else _LETTERS.get(match[3], match[3])

    text = _ESCAPE.sub(character, text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # pairs written as two escapes


def keeps_lines(source: str) -> bool:
    """Whether line ends outside tables count: text or markdown with tables in HTML, as OCR tools write it."""
    depth, blocks = 0, False
    for match in _OUTER.finditer(source):
        if match[2]:
            return False
        if match[0].lower().endswith("table"):
            depth = max(0, depth - 1) if match[1] else depth + 1
        elif depth == 0:
            blocks = True
    if not blocks or len(_PIPE_ROW.findall(source)) > 1:
        return True
    lines = [line for line in source.split("\n") if line.strip()]
    return sum("<" in line for line in lines) * 5 < len(lines)
