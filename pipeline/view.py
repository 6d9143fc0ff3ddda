"""Kept and dropped text side by side: pieces for a terminal, and one self-contained page."""

from __future__ import annotations

import html
from collections.abc import Iterator
from string import Template
from typing import Literal, NamedTuple

from ctxpipe.compress.types import CompressedContext

Fate = Literal["kept", "protected", "dropped", "elided"]
PAGE_FOLDS = 1_500
"""Characters of one dropped stretch above which a page folds its middle away."""
PAGE_WHOLE = 4_000_000
"""Characters of all sources up to which a page holds every one of them; of longer ones, folds are left out."""


class Piece(NamedTuple):
    """A stretch of a document and what became of it; an elided one holds a remark in place of the text."""

    document: int
    text: str
    fate: Fate


def pieces(context: CompressedContext, *, longest: int | None = None) -> Iterator[Piece]:
    """Walk all documents, kept and dropped.

    Args:
        context: What was kept.
        longest: Most characters of a dropped stretch that is shown whole; of a longer one, both ends are.
    """
    for index, document in enumerate(context.documents):
        at = 0
        protected = iter([span for span in context.protected if span.document == index])
        mark = next(protected, None)
        for span in (span for span in context.spans if span.document == index):
            yield from _dropped(index, document.text[at : span.start], longest)
            at = span.start
            while mark is not None and mark.start < span.end:
                if mark.start > at:
                    yield Piece(index, document.text[at : mark.start], "kept")
                yield Piece(index, document.text[max(at, mark.start) : mark.end], "protected")
                at = max(at, mark.end)
                mark = next(protected, None)
            if span.end > at:
                yield Piece(index, document.text[at : span.end], "kept")
            at = max(at, span.end)
        yield from _dropped(index, document.text[at:], longest)


def _dropped(index: int, text: str, longest: int | None) -> Iterator[Piece]:
    if longest is None or len(text) <= longest:
        if text:
            yield Piece(index, text, "dropped")
        return
    side = longest // 2
    yield Piece(index, text[:side], "dropped")
    yield Piece(index, f" [... {len(text) - 2 * side:,} characters dropped ...] ", "elided")
    yield Piece(index, text[-side:], "dropped")


def page(context: CompressedContext) -> str:
    """One self-contained HTML page; every text from outside is escaped, and no script is in it."""
    whole = sum(len(document.text) for document in context.documents) <= PAGE_WHOLE
    bodies: list[list[str]] = [[] for _ in context.documents]
    for piece in pieces(context, longest=None if whole else PAGE_FOLDS):
        bodies[piece.document].append(_marked(piece))
    sections = [
        f"<section><h2>{html.escape(_printable(info.source))}</h2>"
        f'<p class="size">{info.tokens:,} tokens, {info.characters:,} characters, {info.kind}</p>'
        f'<div class="text">{"".join(body)}</div></section>'
        for info, body in zip(context.sources, bodies, strict=True)
    ]
    return _PAGE.substitute(
        question=html.escape(_printable(context.question or "no question")),
        source=f"{context.source_tokens:,}",
        kept=f"{context.kept_tokens:,}",
        budget=f"{context.budget:,}",
        rate=f"{context.rate:.1%}",
        rank=html.escape(context.rank),
        prune=html.escape(context.prune),
        tokenizer=html.escape(context.tokenizer),
        sections="\n".join(sections),
    )


def _marked(piece: Piece) -> str:
    text = html.escape(_printable(piece.text))
    if piece.fate == "kept":
        return text
    if piece.fate == "dropped" and len(piece.text) > PAGE_FOLDS:
        side = PAGE_FOLDS // 4
        first, middle, last = (
            html.escape(_printable(part)) for part in (piece.text[:side], piece.text[side:-side], piece.text[-side:])
        )
        folded = f"<details><summary>{len(piece.text) - 2 * side:,} more characters dropped</summary>{middle}</details>"
        return f'<span class="dropped">{first}</span>{folded}<span class="dropped">{last}</span>'
    return f'<span class="{piece.fate}">{text}</span>'


def _printable(text: str) -> str:
    """Control characters, which HTML does not allow, as their pictures."""
    return text.translate(_PICTURES)


_PICTURES = (
    {code: 0x2400 + code for code in range(32) if code not in (9, 10, 13)}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(55296, 57344), 65533)
)

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>ctxpipe: kept $kept of $source tokens</title>
<style>
:root { color-scheme: light dark; --ink: #111; --faint: #7d8187; --paper: #fff; --rule: #d8dade; --mark: #0b5fa5;
  --wash: #e6f0fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #f2f3f4; --faint: #767b82; --paper: #16181b; --rule: #33373c;
  --mark: #8cc4f5; --wash: #1c2f40; } }
body { margin: 0 auto; max-width: 56rem; padding: 1.25rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.25rem; margin: 0 0 .75rem; }
h2 { font-size: 1rem; margin: 2rem 0 .25rem; border-top: 1px solid var(--rule); padding-top: 1rem; }
.size { margin: 0 0 .5rem; color: var(--faint); font-size: .85rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .5rem 1rem; margin: 0; }
dt { color: var(--faint); font-size: .8rem; } dd { margin: 0; font-variant-numeric: tabular-nums; }
.key { margin: 1rem 0 0; font-size: .85rem; }
.text { white-space: pre-wrap; font: 14px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
details { color: var(--faint); border-left: 2px solid var(--rule); padding-left: .75rem; margin: .25rem 0; }
summary { cursor: pointer; font-style: italic; }
.dropped { color: var(--faint); opacity: .8; } .elided { color: var(--faint); font-style: italic; }
.protected { color: var(--mark); background: var(--wash); border-bottom: 1px solid var(--mark); }
@media print { .dropped { opacity: 1; } section { break-inside: auto; } }
</style>
</head>
<body>
<h1>$question</h1>
<dl>
<div><dt>Source tokens</dt><dd>$source</dd></div>
<div><dt>Kept tokens</dt><dd>$kept of $budget</dd></div>
<div><dt>Rate</dt><dd>$rate</dd></div>
<div><dt>Ranked by</dt><dd>$rank</dd></div>
<div><dt>Pruned by</dt><dd>$prune</dd></div>
<div><dt>Tokenizer</dt><dd>$tokenizer</dd></div>
</dl>
<p class="key">kept text, <span class="protected">protected text</span>, <span class="dropped">dropped text</span></p>
$sections
</body>
</html>
""")
