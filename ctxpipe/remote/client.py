"""The SDK's client, which takes keep-alives in a stream for what they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class Events:
    """Events of a stream that hold something.

    A comment such as ``: ping`` ends in an empty line, as an event does. After an event with an id the SDK's decoder
    makes an event without data of it, which is no JSON, and the stream would fail.

    Args:
        decoder: The SDK's decoder.
    """

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder

    async def aiter_bytes(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        """The events in the pieces of a response."""
        async for event in self._decoder.aiter_bytes(pieces):
            if event.data.strip():
                yield event


def make_client(**options: Any) -> AsyncOpenAI:
    """A client of the SDK; ``options`` are those of ``openai.AsyncOpenAI``."""
    import openai

    class Client(openai.AsyncOpenAI):
        def _make_sse_decoder(self) -> Any:
            return Events(super()._make_sse_decoder())

    return Client(**options)
