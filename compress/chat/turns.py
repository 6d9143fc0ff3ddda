"""Messages in turns: what is kept or left out together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ctxpipe.compress.chat.shape import INSTRUCTIONS, Message, calls, is_result, texts
from ctxpipe.compress.rank.bm25 import function_words

_CORRECTS = re.compile(
    r"""\W{0,3}(?:(?:no|nope|wait|sorry|oops|nein|halt|sorry|non|pardon|perdón|perdona|não|desculpe|нет)\s*[,.;:!–—-]
    |(?:actually|correction|i\ meant|that\ was\ wrong|my\ mistake|eigentlich|korrektur|ich\ meinte
      |en\ fait|je\ voulais\ dire|en\ realidad|quise\ decir|corrección|na\ verdade)\b)""",
    re.IGNORECASE | re.VERBOSE,
)
"""What a message begins with that takes back one before it."""
_WORD = re.compile(r"\w{3,}")
_EARLIER = 50
"""Turns before a correction that it may mean."""
_READ = 4000
"""Characters of a text in which its words are looked for."""


class Turn(NamedTuple):
    """Messages that are kept or left out together.

    Attributes:
        messages: Their indices, ascending.
        stays: Whether it is kept in any case: instructions, and the last thing that the user said.
        under: Index of the turn without which it makes no sense, or -1: tool calls stand under the question that they
            were made for.
        takes_back: Index of an earlier turn that it corrects, or -1: the one without the other would be wrong.
    """

    messages: tuple[int, ...]
    stays: bool = False
    under: int = -1
    takes_back: int = -1


def turns(messages: Sequence[Message]) -> list[Turn]:
    """The turns of a chat, in order of their first message.

    A question and the answers to it are one turn, so that roles go on taking turns when one is left out. So is what the
    user takes back in the next message ("No, it is 5."); where the words are those of an earlier turn, that is taken
    back. A message that
    calls tools, or several in a row, and all the results are one turn under it. Instructions, and the last question
    with what was answered to it so far, stay; the tool calls made for it may go.
    """
    asked = [index for index, message in enumerate(messages) if _asks(message)]
    last = asked[-1] if asked else -1
    chat: list[Turn] = []
    open_question = -1
    index = 0
    while index < len(messages):
        message = messages[index]
        if message.get("role") in INSTRUCTIONS:
            chat.append(Turn((index,), stays=True))
            index += 1
        elif calls(message) or is_result(message):
            end = index + 1
            while end < len(messages) and (is_result(messages[end]) or _calls_in_a_row(messages, end)):
                end += 1
            chat.append(Turn(tuple(range(index, end)), under=open_question))
            index = end
        elif _asks(message) and not (index and (_asks(messages[index - 1]) or (index != last and _corrects(message)))):
            open_question = len(chat)
            chat.append(Turn((index,), stays=index == last))
            index += 1
        elif _asks(message) and not _asks(messages[index - 1]) and (earlier := _meant(chat, messages, index)) >= 0:
            open_question = len(chat)
            chat.append(Turn((index,), takes_back=earlier))
            index += 1
        elif open_question >= 0:
            turn = chat[open_question]
            chat[open_question] = turn._replace(messages=(*turn.messages, index), stays=turn.stays or index == last)
            index += 1
        else:
            open_question = len(chat)
            chat.append(Turn((index,)))
            index += 1
    return chat


def _calls_in_a_row(messages: Sequence[Message], index: int) -> bool:
    """Whether a message calls tools beside those of the message before, whose results come later."""
    return calls(messages[index]) and not is_result(messages[index - 1])


def _corrects(message: Message) -> bool:
    """Whether a message takes back what was said before it."""
    said = next(texts(message), "")
    return _CORRECTS.match(said) is not None


def _meant(chat: Sequence[Turn], messages: Sequence[Message], index: int) -> int:
    """The turn that a correction means by the rare words that they share; -1 for the last one."""
    asked = [i for i, turn in enumerate(chat) if _asks(messages[turn.messages[0]])][-_EARLIER:]
    said = [_words(messages[m] for m in chat[i].messages) for i in asked]
    turns_with = Counter(word for words in said for word in words)
    words = _words([messages[index]])
    shared = [sum(1 / turns_with[word] for word in words & other) for other in said]
    best = max(range(len(asked)), key=lambda place: (shared[place], place), default=-1)
    return asked[best] if 0 <= best < len(asked) - 1 else -1


def _words(messages: Iterable[Message]) -> frozenset[str]:
    words = (word for message in messages for text in texts(message) for word in _WORD.findall(text[:_READ].lower()))
    return frozenset(words) - function_words()


def _asks(message: Message) -> bool:
    return message.get("role") == "user" and not is_result(message)
