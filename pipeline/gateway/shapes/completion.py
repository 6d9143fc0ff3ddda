"""``/v1/completions``."""

from __future__ import annotations

from collections.abc import Sequence

from ctxpipe.pipeline.gateway.shapes.shape import Body, Counting, Kept, Message, given, whole_number

_USUAL_ANSWER = 16
"""Tokens of an answer where the request names none, in OpenAI's API."""


class Completion:
    """A prompt that is one text. Several prompts, and those of token ids, are left to the server."""

    name = "completion"

    def messages(self, body: Body) -> list[Message] | None:
        """The prompt as what a user said; None where its tokens are asked for, or the server cuts it itself."""
        text = _text(body)
        exact = any(body.get(name) for name in ("echo", "suffix", "truncate_prompt_tokens", "prompt_embeds"))
        exact = exact or body.get("prompt_logprobs") is not None
        return None if text is None or exact else [{"role": "user", "content": text}]

    def write(self, body: Body, kept: Kept) -> Body:
        """With what is left of the prompt."""
        text = kept[0]["content"]
        return {**body, "prompt": [text] if isinstance(body["prompt"], list) else text}

    def answer_room(self, body: Body) -> int | None:
        """What ``max_tokens`` says, else what the API takes."""
        return whole_number(body, "max_tokens") or _USUAL_ANSWER

    def countings(self, body: Body) -> Sequence[Counting]:
        """The text alone, which no template changes."""
        asked = {**given(body, "model", "add_special_tokens"), "prompt": _text(body) or ""}
        return [Counting("root", "/tokenize", asked, "count")]


def _text(body: Body) -> str | None:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    return prompt if isinstance(prompt, str) and prompt else None
