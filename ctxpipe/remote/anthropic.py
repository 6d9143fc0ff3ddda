"""Counts tokens by Anthropic's API."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ctxpipe.errors import EngineError
from ctxpipe.remote.arrival import Arrival
from ctxpipe.remote.transport import Transport, find_key
from ctxpipe.remote.values import dig, parsed, whole

if TYPE_CHECKING:
    import httpx2

KEY_VARIABLE = "ANTHROPIC_API_KEY"
_BASE_VARIABLE = "ANTHROPIC_BASE_URL"
_BASE = "https://api.anthropic.com"
_SECONDS = 30.0
_VERSION = "2023-06-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnthropicCounter:
    """Counts texts in the tokens of one model.

    Attributes:
        model: Its name.
        transport: Sends requests.
    """

    model: str
    transport: Transport

    @classmethod
    def found(cls, model: str) -> AnthropicCounter | None:
        """One with the key of the environment; None without a key.

        Raises:
            UsageError: for a key that cannot be sent.
        """
        key = replace(find_key(None, (KEY_VARIABLE,)), header="x-api-key")
        base = (os.environ.get(_BASE_VARIABLE) or _BASE).rstrip("/")
        return cls(model=model, transport=Transport(base=base, key=key)) if key.secret else None

    def count(self, text: str) -> int:
        """Tokens of a text as the only message of a user, with those that the message adds; 0 for a blank text.

        Raises:
            EngineError: if the API does not count it.
        """
        if not text.strip():
            return 0
        body = {"model": self.model, "messages": [{"role": "user", "content": text}]}

        async def asked(client: httpx2.AsyncClient, _: Arrival) -> str:
            answer = await client.post("/v1/messages/count_tokens", json=body, headers={"anthropic-version": _VERSION})
            return answer.raise_for_status().text

        tokens = whole(dig(parsed(self.transport.run(asked, seconds=_SECONDS)), "input_tokens"))
        if tokens is None:
            raise EngineError(f"{self.transport.base} answered without a count")
        return tokens
