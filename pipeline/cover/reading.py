"""Documents as windows that fit a target, counted exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import CompressedContext, Document
from ctxpipe.pipeline.cover.blocks import Block, blocks_of, counted
from ctxpipe.pipeline.cover.contexts import ContextWriter, in_whole, slices_of
from ctxpipe.pipeline.cover.windows import windows_of

_OVERLAP, _LEAD = 8, 8
"""The window divided by these: most tokens shared beyond one block, and of what a window's first block stands under."""
_HEAD = "[999] "
_CALM = 0.99
_TRIES = 20

CompressTo = Callable[[Sequence[Document], int], CompressedContext]
"""Compresses documents to a number of tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A row of blocks.

    Attributes:
        blocks: The blocks.
        lead: Whether what the first one stands under is written before it.
    """

    blocks: tuple[Block, ...]
    lead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Overlapping windows that together hold all text.

    Attributes:
        windows: The windows, in order.
        writer: Writes them.
        size: Most tokens of a written one.
        compress: Compresses a window to the size; None writes all of it.
    """

    windows: tuple[Window, ...]
    writer: ContextWriter
    size: int
    compress: CompressTo | None = None

    def context(self, window: Window) -> CompressedContext:
        """A window as it is sent."""
        if self.compress is None:
            return self.writer.window(window.blocks, lead=window.lead)
        slices = slices_of(self.writer.documents, window.blocks)
        context = self.compress([one.document for one in slices], self.size)
        return in_whole(context, slices, self.writer.documents)


def cut(writer: ContextWriter, size: int, *, compress: CompressTo | None = None, factor: int = 1) -> Windows:
    """Cut documents into windows.

    Args:
        writer: Has the documents.
        size: Most tokens of a window as it is sent.
        compress: Compresses each window to the size; without it a window is sent whole.
        factor: How many times ``size`` a window has before it is compressed.
    """
    documents, tokenizer = writer.documents, writer.tokenizer
    wide = size * factor
    label = max((f"{_HEAD}{name}, pp. 999-999\n" for name in writer.layout().labels), key=len, default=_HEAD)
    head = tokenizer.count(label) + 2
    blocks = blocks_of(documents, [outline(document) for document in documents], tokenizer, max(1, wide - head))
    texts = [documents[block.document].text for block in blocks]
    sizes = counted(tokenizer, [text[b.start : b.end] for text, b in zip(texts, blocks, strict=True)])
    costs = [int(tokens) + head for tokens in sizes]
    chains = ["\n".join(text[a:b] for a, b in block.chain) for text, block in zip(texts, blocks, strict=True)]
    leads = [int(tokens) + 3 if chain else 0 for tokens, chain in zip(counted(tokenizer, chains), chains, strict=True)]
    leads = [lead if lead <= wide // _LEAD else wide for lead in leads]
    made = Windows(windows=(), writer=writer, size=size, compress=compress)
    limit = wide
    for _ in range(_TRIES):
        rows = windows_of(costs, limit, overlap=wide // _OVERLAP, leads=leads, owner=[b.document for b in blocks])
        windows = tuple(
            Window(blocks=tuple(blocks[first:last]), lead=costs[first] + leads[first] <= limit) for first, last in rows
        )
        made = replace(made, windows=windows)
        most = max((writer.window(w.blocks, lead=w.lead).kept_tokens for w in windows), default=0)
        if compress is not None or most <= wide:
            break
        # The sum over blocks need not be what the whole counts, in rare texts.
        limit = min(limit - 1, int(limit * wide / most * _CALM))
    return made
