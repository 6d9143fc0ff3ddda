"""Cuts a chat to a budget of estimated tokens; runs in a worker process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ctxpipe.compress.chat.held import cut_text
from ctxpipe.compress.chat.messages import PER_CHAT, PER_MESSAGE, compress_messages
from ctxpipe.compress.chat.shape import document_place, texts, with_texts
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.select.formats import Plain
from ctxpipe.errors import ChatBudgetError
from ctxpipe.pipeline.gateway.question import asked_last, parted, question_of

Message = dict[str, Any]

PER_PICTURE = 512
"""Tokens that a part which is no text is taken to have; the server's count of the whole corrects it."""
_LEAST = 64
"""Tokens below which a last user turn is not cut."""
_SHARES = (8, 16, 32, 64)
"""A text of the last user turn is long above such a part of the room; the first at which cutting those is enough."""
_TEXTS = ("text", "input_text", "output_text")
_UNSEEN = frozenset({"role", "content", "name", "tool_call_id", "cache_control"})
_BINARY = frozenset({"source", "image_url", "input_audio", "audio_url", "video_url", "file", "file_data", "file_id"})


class Cutter:
    """Cuts chats with one tokenizer and one ranker.

    Args:
        compressor: Ranks turns and cuts texts.
    """

    def __init__(self, compressor: Compressor) -> None:
        self.compressor = replace(compressor, format=Plain(), marks=False)
        self.tokenizer = compressor.tokenizer.name

    def warm(self) -> None:
        """Load the models."""
        text = " ".join(f"Sentence {i} of a text that is longer than it may be." for i in range(40))
        self._cut(text, 64, "Which sentence is it?")

    def cost(self, message: Mapping[str, Any]) -> int:
        """Estimated tokens of a message: its texts, whatever else a template writes, and pictures."""
        said = list(texts(message))
        pictures = 0
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if not isinstance(part, Mapping) or part.get("type") in _TEXTS or document_place(part) is not None:
                continue
            if _BINARY & part.keys():
                pictures += 1
            elif part.get("type") != "tool_use":  # stands among the calls
                said.append(json.dumps(part, ensure_ascii=False))
        said += [json.dumps(v, ensure_ascii=False) for key, v in message.items() if v and key not in _UNSEEN]
        lengths = self.compressor.tokenizer.count_many(said) if said else ()
        return PER_MESSAGE + sum(map(int, lengths)) + PER_PICTURE * pictures

    def estimate(self, messages: Sequence[Message], tools: Sequence[Any] | None) -> int:
        """Estimated tokens of a chat."""
        frame = PER_CHAT + (self.compressor.tokenizer.count(json.dumps(tools, ensure_ascii=False)) if tools else 0)
        return frame + sum(map(self.cost, messages))

    def fit(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Cut a chat.

        Args:
            job: ``messages``; ``fixed``, how many of them stay as they are; ``tools``; ``share``, the budget as a share
                of the estimated tokens, or ``budget``, in estimated tokens.

        Returns:
            ``kept``, pairs of index and message; ``cut``, how many of them are shorter than they were; ``estimate`` of
            what is left, ``source_estimate`` of all.

        Raises:
            ChatBudgetError: when what must stay is more than the budget.
        """
        messages, fixed = list(job["messages"]), job["fixed"]
        whole = self.estimate(messages, job["tools"])
        budget = job["budget"] if job.get("budget") is not None else int(job["share"] * whole)
        base = whole - sum(map(self.cost, messages[fixed:]))
        question = question_of(messages)
        if budget - base < 1 or (fixed and budget - base < budget // 4):
            raise ChatBudgetError(base, max(1, budget))
        new = messages[fixed:]
        asked = self._with_short_question(new, budget - base, question) if not fixed else new
        made = compress_messages(
            self.compressor, asked, budget=budget - base, question=question, cost=self.cost, frame=0
        )
        if len(new) - 1 not in made.kept:  # an answer that is begun, or results: what comes next goes on from there
            raise ChatBudgetError(base + self.cost(new[-1]), budget)
        kept = [(i, m) for i, m in enumerate(messages[:fixed])]
        kept += [(fixed + i, m) for i, m in zip(made.kept, made.messages, strict=True)]
        return {
            "kept": kept,
            "cut": sum(message != messages[i] for i, message in kept),
            "estimate": base + made.kept_tokens,
            "source_estimate": whole,
        }

    def _with_short_question(self, messages: list[Message], budget: int, question: str | None) -> list[Message]:
        """The chat with its last user turn cut, where that with the instructions is more than the budget.

        Its short texts stay, and the long ones share what is left.
        """
        asked = asked_last(messages)
        others = sum(self.cost(m) for m in messages if m.get("role") in ("system", "developer"))
        whole, room = sum(self.cost(messages[index]) for index in asked), budget - others
        if not asked or whole <= room:
            return messages
        lengths = [(text, self.compressor.tokenizer.count(text)) for index in asked for text in texts(messages[index])]
        for share in _SHARES:
            long = [(text, length) for text, length in lengths if length > room // share]
            total = sum(length for _, length in long)
            left = room - (whole - total)
            if left >= _LEAST:
                break
        else:
            raise ChatBudgetError(others + whole, budget)
        new = {text: self._cut_around(text, max(1, left * length // total), question) for text, length in long}
        return [with_texts(message, new) if index in asked else message for index, message in enumerate(messages)]

    def _cut_around(self, text: str, most: int, question: str | None) -> str:
        """A text in at most so many tokens, with short first and last paragraphs whole."""
        parts = parted(text)
        asked = question or parts.question
        count = self.compressor.tokenizer.count
        gap = parts.body[len(parts.body.rstrip()) :]
        room = most - count(parts.head) - count(gap + parts.tail)
        while room > most // 2:
            made = f"{parts.head}{self._cut(parts.body, room, asked)}{gap}{parts.tail}"
            over = count(made) - most
            if over <= 0:
                return made
            room -= over
        return self._cut(text, most, asked)

    def _cut(self, text: str, most: int, question: str) -> str:
        return cut_text(self.compressor, text, most, question)


def make_cutter(tokenizer: str | None, rank: str) -> Cutter:
    """Load a tokenizer (the embedded one if it is None or out of reach) and a ranker.

    Raises:
        CtxpipeError: if the ranker is unknown or its model cannot be loaded.
    """
    from ctxpipe.compress.rank.cached import RememberingEmbedder
    from ctxpipe.compress.rank.resources import DEFAULT_EMBEDDER, Resources
    from ctxpipe.compress.rankers import make_ranker
    from ctxpipe.compress.scorers import SCORERS
    from ctxpipe.models.tokenizer import TargetTokenizer
    from ctxpipe.pipeline.gateway.lengths import RememberedLengths
    from ctxpipe.pipeline.gateway.ranking import Remembered
    from ctxpipe.pipeline.target import DEFAULT_TOKENIZER

    notes: list[str] = []
    embedder = RememberingEmbedder.of(DEFAULT_EMBEDDER, None, notes.append)
    ranker = make_ranker(rank, Resources(embedder=embedder, cache=None, on_note=None))
    loaded = TargetTokenizer.load(tokenizer or DEFAULT_TOKENIZER)
    compressor = Compressor(
        tokenizer=replace(loaded, encoder=RememberedLengths(loaded.encoder)),
        ranker=None if ranker is None else Remembered(ranker),
        scorer=SCORERS.create("none"),
        rank=rank,
        prune="none",
    )
    return Cutter(compressor)
