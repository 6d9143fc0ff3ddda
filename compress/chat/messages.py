"""Chats within a budget: whole turns, the least wanted left out, long contents cut like documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ctxpipe.compress.chat.held import cut_text
from ctxpipe.compress.chat.shape import (
    INSTRUCTIONS,
    Message,
    calls_made,
    document_place,
    is_answer,
    is_result,
    is_text,
    is_tool_part,
    messages_in,
    parts,
    texts,
    with_texts,
)
from ctxpipe.compress.chat.turns import Turn, turns
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.select.formats import Plain
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.types import RankingText
from ctxpipe.errors import ChatBudgetError, UsageError

PER_MESSAGE, PER_CHAT = 4, 3
"""Tokens that a chat template is taken to add to a message, and to a chat."""
_SHARE = 8
"""A text longer than this part of the budget is cut when the whole does not fit."""
_SHORTEST = 48
"""Tokens to which a text may at least be cut."""

Cost = Callable[[Message], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedMessages:
    """A chat within a budget.

    Attributes:
        messages: What is left, in order; no message is empty that was not.
        kept_tokens: Their tokens with tools, never more than ``budget``.
        source_tokens: Tokens of the whole chat with tools.
        budget: Tokens allowed.
        kept: Index in the given chat of each message.
        cut: Indices, in the given chat, of messages whose content was cut.
        notes: What a person should know of how it went, one line each.
    """

    messages: tuple[dict[str, Any], ...]
    kept_tokens: int
    source_tokens: int
    budget: int
    kept: tuple[int, ...]
    cut: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def message_tokens(tokenizer: Tokenizer, message: Message) -> int:
    """Tokens of a message: its texts, its calls as JSON, and ``PER_MESSAGE``. Pictures and sounds are not counted."""
    content = message.get("content")
    said = [content] if isinstance(content, str) else []
    for key in ("tool_calls", "function_call"):
        if message.get(key):
            said.append(json.dumps(message[key], ensure_ascii=False))
    for part in parts(message):
        if is_text(part):
            said.append(part["text"])
        elif is_tool_part(part) or document_place(part) is not None:
            said.append(json.dumps(part, ensure_ascii=False))
    return PER_MESSAGE + sum(tokenizer.count(text) for text in said)


def compress_messages(
    compressor: Compressor,
    messages: Sequence[Message],
    *,
    budget: int,
    question: str | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    cost: Cost | None = None,
    frame: int = PER_CHAT,
) -> CompressedMessages:
    """Keep what a chat needs within a budget.

    System and developer messages and the last user turn stay whole; tools are not changed, and count. A tool call and
    its results are kept or left out together, and so are a question and the answer to it. Without a question the
    oldest turns go first; with one, the least relevant. Long texts of turns that do not fit are cut like documents,
    and marked.

    Args:
        compressor: Ranks turns and cuts long texts.
        messages: The chat, in OpenAI's form.
        budget: Most tokens.
        question: What the kept turns should serve; None to keep the latest.
        tools: Schemas of the tools that may be called.
        cost: Tokens of a message; ``message_tokens`` unless given.
        frame: Tokens beside messages and tools.

    Raises:
        UsageError: for a budget below 1, or messages without roles or content.
        ChatBudgetError: when what must stay is more than the budget.
    """
    if budget < 1:
        raise UsageError(f"the budget must be at least 1 token, not {budget}")
    if messages_in(list(messages)) is None:
        raise UsageError("a chat is a list of messages, each with a known role and a content or tool calls")
    costs = cost or (lambda message: message_tokens(compressor.tokenizer, message))
    base = frame + (compressor.tokenizer.count(json.dumps(list(tools), ensure_ascii=False)) if tools else 0)
    return _Chat(compressor, messages, budget, question, costs, base).compressed()


class _Chat:
    """One chat and what is known of it."""

    def __init__(
        self,
        compressor: Compressor,
        messages: Sequence[Message],
        budget: int,
        question: str | None,
        cost: Cost,
        base: int,
    ) -> None:
        self.compressor = compressor
        self.messages = messages
        self.budget = budget
        self.question = question
        self.cost = cost
        self.base = base
        self.turns = turns(messages)
        self.corrections: dict[int, list[int]] = {}
        """Turns that take back another, by that one."""
        for index, turn in enumerate(self.turns):
            if turn.takes_back >= 0:
                self.corrections.setdefault(turn.takes_back, []).append(index)
        self.costs = [cost(message) for message in messages]
        # If the chat ends in results of tools, the model reads them next, so the calls stay too. If it ends in what the
        # assistant says, the model may have to go on from there.
        last = len(messages) - 1
        self.has_results = is_result(messages[last])
        ends = self.has_results or is_answer(messages[last])
        self.ending = next((i for i, turn in enumerate(self.turns) if ends and turn.messages[-1] == last), -1)

    def compressed(self) -> CompressedMessages:
        total = self.base + sum(self.costs)
        if total <= self.budget:
            return self._result({i: dict(m) for i, m in enumerate(self.messages)}, total)
        stays = self.base + sum(self.costs[i] for turn in self.turns if turn.stays for i in self._fixed(turn))
        if stays > self.budget:
            raise ChatBudgetError(stays, self.budget)
        kept: dict[int, dict[str, Any]] = {
            i: dict(self.messages[i]) for t in self.turns if t.stays for i in self._fixed(t)
        }
        used = stays
        taken = {index for index, turn in enumerate(self.turns) if turn.stays and not self._open(index)}
        order = self._order()
        usual = self.budget // _SHARE
        needs = [sum(min(self.costs[i], usual) for i in self._open(turn)) for turn in order]
        behind = sum(needs)
        for index, need in zip(order, needs, strict=True):
            behind -= need
            turn = self.turns[index]
            wanted = [i for i in dict.fromkeys((index, turn.under, *self._bound(index))) if i >= 0 and i not in taken]
            room = self.budget - used
            fitting = self._fitting([i for t in wanted for i in self._open(t) if i not in kept], room, behind)
            if fitting is None:
                if index == self.ending and self.has_results:
                    raise ChatBudgetError(used + sum(self.costs[i] for i in turn.messages), self.budget)
                if self.question is None and not turn.stays:
                    break  # what is older than a turn that does not fit would be out of its context
                continue
            made, tokens = fitting
            kept.update(made)
            taken.update(wanted)
            used += tokens
        return self._result(kept, used)

    def _bound(self, index: int) -> list[int]:
        """The turns that correct one, or that it corrects."""
        first = self.turns[index].takes_back
        first = index if first < 0 else first
        return [first, *self.corrections[first]] if first in self.corrections else []

    def _fixed(self, turn: Turn) -> list[int]:
        """Of a turn that stays: instructions, and what the user said last; the answers to it so far may be cut."""
        return [i for i in turn.messages if self.messages[i].get("role") in (*INSTRUCTIONS, "user")]

    def _open(self, index: int) -> list[int]:
        """Messages of a turn about which nothing is decided yet."""
        turn = self.turns[index]
        return [i for i in turn.messages if i not in self._fixed(turn)] if turn.stays else list(turn.messages)

    def _order(self) -> list[int]:
        """Turns, the most relevant first; results of tools, or an answer, that no message follows come before all.

        What tools gave back for the most relevant question comes right after it: its answer rests on that.
        """
        order = self._wanted()
        best = next((i for i in order if not self.turns[i].stays), -1) if self.question is not None else -1
        best = self.turns[best].under if best >= 0 and self.turns[best].under >= 0 else best
        return sorted(order, key=lambda i: (i != self.ending, i != best, best < 0 or self.turns[i].under != best))

    def _wanted(self) -> list[int]:
        places = [i for i, turn in enumerate(self.turns) if not turn.stays or self._fixed(turn) != list(turn.messages)]
        recent = sorted(places, key=lambda i: -self.turns[i].messages[-1])
        ranker = self.compressor.ranker
        if self.question is None or ranker is None or len(recent) < 2:
            return recent
        scores = ranker.rank([self._ranked(i, group) for group, i in enumerate(recent)], self.question)
        return [recent[i] for i in np.argsort(-scores, kind="stable").tolist()]

    def _ranked(self, index: int, group: int) -> RankingText:
        """A turn as a ranker sees it: what tools gave back answers the question that they were called for."""
        turn = self.turns[index]
        said = [text for m in turn.messages for text in (*calls_made(self.messages[m]), *texts(self.messages[m]))]
        asked = texts(self.messages[self.turns[turn.under].messages[0]]) if turn.under >= 0 else ()
        return RankingText(text="\n".join(said), headings=tuple(asked), group=group)

    def _fitting(self, wanted: Iterable[int], room: int, others: int) -> tuple[dict[int, dict[str, Any]], int] | None:
        """Messages unchanged if they fit, else with their long texts cut; None if they do not fit even then.

        Args:
            wanted: The messages.
            room: Most tokens.
            others: Tokens that less relevant turns need. Long texts get the rest of the room.
        """
        index = list(wanted)
        whole = sum(self.costs[i] for i in index)
        if whole <= room:
            return {i: dict(self.messages[i]) for i in index}, whole
        if sum(min(self.costs[i], PER_MESSAGE) for i in index) >= room:
            return None
        usual = self.budget // _SHARE
        for part in dict.fromkeys((self._widest(index, room - others), usual, usual // 2, _SHORTEST)):
            made = {i: self._cut(i, max(_SHORTEST, part)) for i in index}
            tokens = sum(self.cost(message) for message in made.values())
            if tokens <= room and all(_says(message, self.messages[i]) for i, message in made.items()):
                return made, tokens
        return None

    def _widest(self, index: Sequence[int], room: int) -> int:
        """Tokens that each long text may keep if the messages share this room; at least the usual part."""
        usual = self.budget // _SHARE
        long = [i for i in index if self.costs[i] > usual]
        short = sum(self.costs[i] for i in index if i not in long)
        return max(usual, (room - short) // max(1, len(long)) - PER_MESSAGE)

    def _cut(self, index: int, longest: int) -> dict[str, Any]:
        """A message with its long texts cut to so many tokens."""
        new = {
            text: self._cut_text(text, longest)
            for text in texts(self.messages[index])
            if self.compressor.tokenizer.count(text) > longest
        }
        return with_texts(self.messages[index], new)

    def _cut_text(self, text: str, longest: int) -> str:
        plain = replace(self.compressor, format=Plain(), marks=False)
        return cut_text(plain, text, longest, self.question or self._last_words)

    @property
    def _last_words(self) -> str:
        """What the user said last, in place of a question."""
        said = [text for message in self.messages if message.get("role") == "user" for text in texts(message)]
        return said[-1][-500:] if said else ""

    def _result(self, kept: Mapping[int, dict[str, Any]], used: int) -> CompressedMessages:
        places = sorted(kept)
        left = sum(any(i not in kept for i in turn.messages) for turn in self.turns)
        cut = tuple(i for i in places if kept[i] != dict(self.messages[i]))
        notes = []
        if left:
            notes.append(f"{left:,} of {len(self.turns):,} turns of the chat were left out")
        if cut:
            notes.append(f"the text of {len(cut):,} messages was cut")
        return CompressedMessages(
            messages=tuple(kept[i] for i in places),
            kept_tokens=used,
            source_tokens=self.base + sum(self.costs),
            budget=self.budget,
            kept=tuple(places),
            cut=cut,
            notes=tuple(notes),
        )


def _says(message: Message, before: Message) -> bool:
    """Whether none of a message's texts became empty."""
    return all(new.strip() or not old.strip() for new, old in zip(texts(message), texts(before), strict=True))
