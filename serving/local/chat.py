"""A chat as token ids. The contents of messages are data: no text in them can become a control token."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ctxpipe.errors import EngineError, ModelError
from ctxpipe.serving.types import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# For models without a chat template.
PLAIN = (
    "{{ start }}{% for message in messages %}{{ message.role | capitalize }}: {{ message.content }}\n\n"
    "{% endfor %}Assistant:"
)
_BRACKETED = re.compile(r"<.+>|\[.+\]", re.DOTALL)


class ChatRenderer:
    """Renders messages with a tokenizer's chat template, or as plain turns if it has none.

    Control tokens are the tokenizer's special tokens and its other added tokens of a bracketed form such as
    ``<tool_call>``. If the tokens of a content include one, its string is broken with a space.

    Args:
        tokenizer: A tokenizer of transformers.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer

    def ids(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of the whole prompt: template, special tokens and generation prompt included.

        Raises:
            EngineError: if the template refuses these messages, or a content cannot be made harmless.
        """
        return self._encode(self._render([{"role": m.role, "content": self.harmless(m.content)} for m in messages]))

    def harmless(self, content: str) -> str:
        """The content; any control strings in it are broken with a space."""
        if not self._controls(content):
            return content
        broken = _break(self._pattern, content)
        if left := self._controls(broken):
            names = self._tokenizer.convert_ids_to_tokens(sorted(left))
            raise EngineError(f"a message holds text that this tokenizer always reads as {' '.join(names)}")
        return broken

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return ids

    def _controls(self, content: str) -> set[int]:
        return self._control.keys() & set(self._encode(content))

    def _render(self, turns: list[dict[str, str]]) -> str:
        from jinja2 import TemplateError

        try:
            return self._apply(turns)
        except TemplateError as exc:
            if len(turns) < 2 or turns[0]["role"] != "system":
                raise EngineError(f"the model's chat template does not take these messages: {exc}") from exc
        # Templates without a system role refuse one; for their models it goes to the start of the first turn.
        head, first, *rest = turns
        return self._render([{**first, "content": f"{head['content']}\n\n{first['content']}"}, *rest])

    def _apply(self, turns: list[dict[str, str]]) -> str:
        template: dict[str, Any] = {}
        if not self._tokenizer.chat_template:
            template = {"chat_template": PLAIN, "start": self._start}
        text = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **template)
        if not isinstance(text, str):
            raise ModelError("the tokenizer's chat template does not return text")
        return text

    @cached_property
    def _start(self) -> str:
        """The token that the tokenizer puts before a text, if any."""
        tokenizer = self._tokenizer
        begins = tokenizer("a", verbose=False)["input_ids"][:1] == [tokenizer.bos_token_id]
        return str(tokenizer.bos_token) if begins and tokenizer.bos_token else ""

    @cached_property
    def _control(self) -> dict[int, str]:
        special = set(self._tokenizer.all_special_ids)
        return {
            number: token.content
            for number, token in self._tokenizer.added_tokens_decoder.items()
            if (token.special or number in special or _BRACKETED.fullmatch(token.content))
            and number != self._tokenizer.unk_token_id
        }

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # Stripped, because a name with a space at either end would match again after every break.
        strings = sorted({s.strip() for s in self._control.values() if len(s.strip()) > 1}, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, strings)) or "(?!)")


def _break(pattern: re.Pattern[str], text: str) -> str:
    # A break can complete an overlapping string, so this repeats until nothing is found.
    while True:
        broken = pattern.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)
        if broken == text:
            return text
        text = broken
