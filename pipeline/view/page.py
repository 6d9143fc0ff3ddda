"""A self-contained HTML page of kept and dropped text, without scripts or requests."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from string import Template

from ctxpipe.compress.types import CompressedContext
from ctxpipe.pipeline.view.pieces import Piece, sent
from ctxpipe.pipeline.view.sections import Section, sections
from ctxpipe.pipeline.view.style import STYLE

FOLD = 300
"""Length of a dropped stretch, in characters, above which its middle is folded."""

ENDS = 100
"""Characters that are shown on each side of a fold."""

WHOLE = 4_000_000
"""Total characters of the sources up to which the page contains everything; above, folded text is left out."""

SENT = 4000
"""Characters up to which the context as it is sent is shown open."""

OPEN = 20
"""Number of documents with kept text that are shown open; further ones are folded to limit the page's length."""


def page(context: CompressedContext) -> str:
    """The page: documents with kept text first, then the others, folded. Every text from outside is escaped."""
    whole = sum(len(document.text) for document in context.documents) <= WHOLE
    every = sections(context, longest=None if whole else FOLD)
    kept = [section for section in every if section.kept]
    dropped = [section for section in every if not section.kept]
    return _PAGE.substitute(
        style=STYLE,
        question=_escaped(context.question or "no question"),
        source=f"{context.source_tokens:,}",
        kept=f"{context.kept_tokens:,}",
        budget=f"{context.budget:,}",
        rate=f"{context.rate:.1%}",
        rank=_escaped(context.rank),
        prune=_escaped(context.prune),
        tokenizer=_escaped(context.tokenizer),
        notes=_notes(context.notes),
        sent=_sent(context),
        index=_index(kept, len(every)),
        open="\n".join(map(_open, kept[:OPEN])),
        more=_group(kept[OPEN:], "more with kept text"),
        dropped=_group(dropped, "without kept text"),
    )


def _notes(notes: Sequence[str]) -> str:
    return "".join(f'<p class="notes">{_escaped(note)}</p>' for note in notes)


def _sent(context: CompressedContext) -> str:
    """The context as it is sent, labels and marks told from the sources' text; open where it is short."""
    body = "".join(
        f'<span class="frame">{_escaped(text)}</span>' if frame else _escaped(text) for text, frame in sent(context)
    )
    about = f"{_counted(len(context.excerpts), 'excerpt')}, {_counted(context.kept_tokens, 'token')}"
    is_open = " open" if len(context.text) <= SENT else ""
    return (
        f'<details class="sent"{is_open}>'
        f'<summary>The context as it is sent <span class="count">{about}</span></summary>'
        f'<div class="text">{body}</div></details>'
    )


def _index(kept: Sequence[Section], total: int) -> str:
    lines = "".join(
        f'<li><a href="#d{s.number}">{_escaped(s.source)}</a><span class="count">{_share(s)}</span></li>' for s in kept
    )
    return f"<h2>Text was kept from {len(kept):,} of {_counted(total, 'document')}</h2><ol>{lines}</ol>"


def _share(section: Section) -> str:
    return f"{section.kept:.1%} kept"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _size(section: Section) -> str:
    return f"{_counted(section.tokens, 'token')}, {_counted(section.characters, 'character')}, {section.kind}"


def _pages(section: Section) -> str:
    """Where in a document with pages text was kept."""
    if not section.pages:
        return ""
    return f" · page{'s' * (len(section.pages) > 1)} {', '.join(f'{page:,}' for page in section.pages)}"


def _open(section: Section) -> str:
    return (
        f'<section id="d{section.number}"><h2>{_escaped(section.source)}</h2>'
        f'<p class="size">{_share(section)} of {_size(section)}{_pages(section)} · <a href="#top">index</a></p>'
        f"{_text(section)}</section>"
    )


def _group(sections: Sequence[Section], what: str) -> str:
    """Documents that are folded, one by one, within a fold for all of them."""
    if not sections:
        return ""
    lines = "".join(
        f'<details id="d{section.number}"><summary>{_escaped(section.source)} <span class="count">'
        f"{f'{_share(section)} of ' if section.kept else ''}{_size(section)}{_pages(section)}</span></summary>"
        f"{_text(section)}</details>"
        for section in sections
    )
    return f'<details class="rest"><summary>{_counted(len(sections), "document")} {what}</summary>{lines}</details>'


def _text(section: Section) -> str:
    """A document's text; long dropped stretches are folded where they separate kept ones."""
    return f'<div class="text">{"".join(_pieces(section.pieces, fold=section.kept > 0))}</div>'


def _pieces(pieces: Iterable[Piece], *, fold: bool) -> Iterable[str]:
    for piece in pieces:
        if piece.fate == "dropped" and fold and len(piece.text) > FOLD:
            yield _folded(piece.text)
        elif piece.fate == "dropped":
            yield f'<span class="dropped">{_escaped(piece.text)}</span>'
        elif piece.fate == "elided":
            yield f'<span class="elided">{_escaped(piece.text)}</span>'
        else:
            yield f'<mark class="{piece.fate}">{_escaped(piece.text)}</mark>'


def _folded(text: str) -> str:
    first, last = _break_before(text, ENDS), _break_after(text, len(text) - ENDS)
    return (
        f'<span class="dropped">{_escaped(text[:first])}</span>'
        f'<details class="fold"><summary>{last - first:,} more characters dropped</summary>'
        f'<span class="dropped">{_escaped(text[first:last])}</span></details>'
        f'<span class="dropped">{_escaped(text[last:])}</span>'
    )


def _break_before(text: str, at: int) -> int:
    """The last end of a line before a position, else of a word; the position itself if there is none."""
    breaks = (text.rfind(sign, 0, at) + 1 for sign in "\n ")
    return next(filter(None, breaks), at)


def _break_after(text: str, at: int) -> int:
    """The first start of a line after a position, else of a word; the position itself if there is none."""
    breaks = (text.find(sign, at) + 1 for sign in "\n ")
    return next(filter(None, breaks), at)


def _escaped(text: str) -> str:
    """Text escaped for HTML; control characters, which HTML forbids, become symbols."""
    return html.escape(text.translate(_PICTURES))


_PICTURES = (
    {code: 0x2400 + code for code in range(32) if code not in (9, 10, 13)}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(55296, 57344), 65533)
)

_PAGE = Template("""<!doctype html>
<html lang="en" id="top">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>ctxpipe: kept $kept of $source tokens</title>
<style>$style</style>
</head>
<body>
<header>
<h1>$question</h1>
<dl>
<div><dt>Source</dt><dd>$source tokens</dd></div>
<div><dt>Kept</dt><dd>$kept tokens ($rate)</dd></div>
<div><dt>Budget</dt><dd>$budget tokens</dd></div>
<div><dt>Ranked by</dt><dd>$rank</dd></div>
<div><dt>Pruned by</dt><dd>$prune</dd></div>
<div><dt>Tokenizer</dt><dd>$tokenizer</dd></div>
</dl>
$notes
<ul class="legend">
<li><mark>Marked text</mark> was kept.</li>
<li><mark class="protected">Underlined text</mark> was kept and is protected: it is never split, and the words around it
are dropped first. Protected are numbers with their units, negations, addresses, identifiers, headings, table rows, and
what <code>--keep</code> or <code>--force-tokens</code> names.</li>
<li><span class="dropped">Plain grey text</span> was dropped.</li>
<li><span class="frame">Labels and marks</span> in the context that is sent are not text of a document.</li>
</ul>
</header>
$sent
<nav>$index</nav>
<main>
$open
$more
$dropped
</main>
</body>
</html>
""")
