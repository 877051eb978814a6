"""The frame of every HTML page that is written to a file: nothing runs in it, nothing is loaded by it, light and dark."""

from __future__ import annotations

from html import escape

_CSS = """
:root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--line:#d5d5d5;--dim:#666;--bad:#b3261e;--mark:#ffe08a;--soft:#8881}
@media (prefers-color-scheme:dark){
:root{--ink:#e6e6e6;--paper:#161616;--line:#3a3a3a;--dim:#9a9a9a;--bad:#ff8a80;--mark:#6b5200;--soft:#8883}}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);
background:var(--paper);margin:2rem auto;max-width:76rem;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}.wide{overflow-x:auto}
caption{text-align:left;color:var(--dim)}
th,td{border-bottom:1px solid var(--line);padding:.2rem .7rem .2rem 0;text-align:left;vertical-align:top}
td:first-child{white-space:nowrap}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code,.snip{font-family:ui-monospace,"Noto Sans Mono CJK SC",monospace;font-size:.9em;overflow-wrap:anywhere}
details{margin:.4rem 0}summary{cursor:pointer}svg{max-width:100%;height:auto}figure{margin:.5rem 0 1.5rem}
"""


def document(title: str, body: str, css: str = "") -> str:
    """A whole page around ``body``, which is HTML already; its policy forbids scripts and every request."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_CSS}{css}</style></head>\n<body>\n{body}\n</body></html>\n"
    )
