"""A JSON document that is a chat: cut by turns, and still JSON of the same shape."""

from __future__ import annotations

import json
import time
from typing import NamedTuple

from ctxpipe.compress.chat.messages import CompressedMessages, compress_messages
from ctxpipe.compress.chat.shape import Message, list_member, messages_in
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.select.budget import check_size
from ctxpipe.compress.select.formats import Fragment, Plain, Written
from ctxpipe.compress.select.render import Layout, Rendered, write
from ctxpipe.compress.text.data.json_tree import scan
from ctxpipe.compress.types import CompressedContext, Document, SourceInfo
from ctxpipe.errors import ChatBudgetError

_ROUNDS = 8


class DocumentChat(NamedTuple):
    """A chat in a document: its messages, and where each stands in the text."""

    document: Document
    messages: list[Message]
    places: list[tuple[int, int]]


def chat_in(document: Document) -> DocumentChat | None:
    """The chat that a JSON document is: a list of messages, or an object with ``messages``; else None."""
    if document.kind != "json" or '"role"' not in document.text:
        return None
    try:
        value = json.loads(document.text)
    except (ValueError, RecursionError):
        return None
    messages = messages_in(value)
    if messages is None:
        return None
    nodes = scan(document.text)
    member = None if isinstance(value, list) else list_member(value)
    lists = [i for i, node in enumerate(nodes) if node.parent == 0 and node.key == member][-1:] if member else [0]
    places = [(node.start, node.end) for node in nodes if node.parent == lists[0]]
    return DocumentChat(document, messages, places)


def compress_chat(
    compressor: Compressor, chat: DocumentChat, *, question: str | None, budget: int | None, rate: float | None
) -> CompressedContext:
    """Keep what a chat needs in at most so many tokens of its JSON text; see ``compress_messages``.

    A message that is kept as it was is source; one whose text was cut is written anew, and counts as frame.

    Raises:
        UsageError: for a budget or rate that makes no sense.
        ChatBudgetError: when what must stay is more than the budget.
    """
    check_size(budget, rate)
    started = time.perf_counter()
    document, tokenizer = chat.document, compressor.tokenizer
    source_tokens = tokenizer.count_long(document.text)
    allowed = budget if budget is not None else max(1, int((rate or 0.0) * source_tokens))
    layout = Layout(Plain(), [""], tokenizer.special_strings)
    around = tokenizer.count(_render(chat, None, layout).text)
    aim = allowed
    for _ in range(_ROUNDS):
        # A message costs what its JSON costs with the comma and line break before it.
        made = compress_messages(
            compressor,
            chat.messages,
            budget=max(1, aim),
            question=question,
            cost=lambda message: tokenizer.count(json.dumps(message, ensure_ascii=False)) + 2,
            frame=around,
        )
        rendered = _render(chat, made, layout)
        tokens = tokenizer.count_long(rendered.text)
        if tokens <= allowed or rate == 1:
            break
        aim -= max(1, tokens - allowed)
    else:
        raise ChatBudgetError(tokens, allowed)
    return CompressedContext(
        text=rendered.text,
        spans=rendered.spans,
        documents=(document,),
        sources=(
            SourceInfo(source=document.source, kind=document.kind, characters=len(document.text), tokens=source_tokens),
        ),
        source_tokens=source_tokens,
        kept_tokens=tokens,
        budget=max(allowed, tokens),
        question=question,
        rank=compressor.rank if question else "none",
        prune=compressor.prune,
        tokenizer=tokenizer.name,
        excerpts=rendered.excerpts,
        frames=rendered.frames,
        timings={"chat": time.perf_counter() - started},
        notes=made.notes,
    )


def _render(chat: DocumentChat, made: CompressedMessages | None, layout: Layout) -> Rendered:
    """The document with the messages that are left; with none of them when nothing was made yet."""
    text = chat.document.text
    if made is not None and len(made.kept) == len(chat.messages) and not made.cut:
        fragments = [Fragment(text, 0, 0)]
        return write([chat.document], [Written("", 0, (), (), tuple(fragments))], layout)
    head, tail = chat.places[0][0], chat.places[-1][1]
    fragments = [Fragment(text[:head], 0, 0)]
    for number, (index, message) in enumerate(zip(made.kept, made.messages, strict=True) if made else ()):
        if number:
            fragments.append(Fragment(",\n"))
        start, end = chat.places[index]
        if index in made.cut:  # type: ignore[union-attr]  # there are messages only where something was made
            fragments.append(Fragment(json.dumps(message, ensure_ascii=False)))
        else:
            fragments.append(Fragment(text[start:end], 0, start))
    fragments.append(Fragment(text[tail:], 0, tail))
    return write([chat.document], [Written("", 0, (), (), tuple(fragments))], layout)
