"""Chat-control strings in documents, made ordinary text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

# Control strings of model families whose tokenizer may not be at hand: the text may be sent to any of them.
_COMMON = re.compile(
    r"<[|｜][^<>\n]{1,64}[|｜]>|</?s>|<(?:start|end)_of_turn>"
    r"|<(?:bos|eos|pad|unk|mask|image|tool_call|/tool_call)>"
    r"|\[/?(?:INST|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT)\]|<</?SYS>>|\[(?:CLS|SEP|PAD|MASK|UNK)\]"
)


def neutralise(text: str, special: Iterable[str] = ()) -> str:
    """Break every chat-control string with a space after its first character, so that none becomes a control token.

    Only spaces are added: with whitespace removed the text is unchanged, and text without such strings is returned
    as it is.

    Args:
        text: Text of a document.
        special: Control strings of the tokenizer that will read it, beside the common ones.
    """
    pattern = _pattern(tuple(special))
    while True:
        broken = pattern.sub(_split, text)
        if broken == text:
            return text
        text = broken


def mute(text: str, special: Iterable[str] = ()) -> str:
    """The text with the first character of every control string replaced, so that offsets stay.

    Its tokens are about as many as those of the neutralised text; for estimates only.
    """
    return _pattern(tuple(special)).sub(lambda match: f"({match.group()[1:]}", text)


def _ordered(special: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({s for s in special if len(s.strip()) > 1}, key=lambda s: (-len(s), s)))


def _split(match: re.Match[str]) -> str:
    found = match.group()
    return f"{found[0]} {found[1:]}"


@lru_cache(maxsize=32)
def _pattern(special: tuple[str, ...]) -> re.Pattern[str]:
    parts = [re.escape(s) for s in _ordered(special) if not s.isspace() and not s[1].isspace()]
    return re.compile("|".join([*parts, _COMMON.pattern]))
