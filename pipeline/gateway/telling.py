"""Adds what an answer rests on to the answer, whole or streamed."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import anyio

from ctxpipe.pipeline.gateway.corpora.held import Held, told_of
from ctxpipe.pipeline.gateway.target import to_json

_EVENT_END = re.compile(rb"\r?\n\r?\n")
_LAST = ("message_stop", "response.completed", "response.incomplete", "response.failed")
"""Types of the events that end a stream in Anthropic's form and in that of responses."""
_MOST_EVENT = 2**20
"""Bytes of one event above which a stream is passed on as it is."""
_MOST_SAID = 2**20
"""Characters of an answer that are looked at."""
_CHUNK = ("id", "object", "created", "model")


class CorpusTeller:
    """Tells what answers from a corpus rest on.

    Args:
        held: What the model read.
    """

    def __init__(self, held: Held) -> None:
        self._held = held

    async def whole(self, answer: dict[str, Any], summary: Mapping[str, Any]) -> dict[str, Any]:
        """An answer with ``ctxpipe`` beside its other members; an error as it is.

        Args:
            answer: In any of the four forms.
            summary: What was done.
        """
        if answer.get("error"):
            return answer
        return {**answer, "ctxpipe": await self._told("".join(_said(answer)), summary)}

    async def stream(self, parts: AsyncIterator[bytes], summary: Mapping[str, Any]) -> AsyncIterator[bytes]:
        """A stream of events with one more before the last one; the others pass as they are.

        Args:
            parts: Bytes of the stream.
            summary: What was done.
        """
        said: list[str] = []
        length, rest, told = 0, b"", False
        first: dict[str, Any] = {}
        async for part in parts:
            rest += part
            events, rest = _events(rest)
            for event in events:
                value = _value(event)
                if not told and (value == "[DONE]" or _is_last(value)):
                    told = True
                    yield _own(first, await self._told("".join(said), summary))
                elif isinstance(value, dict) and length < _MOST_SAID:
                    first = first or {name: value[name] for name in _CHUNK if name in value}
                    new = "".join(_added(value))
                    length += len(new)
                    said.append(new)
                yield event
            if len(rest) > _MOST_EVENT:
                yield rest
                rest = b""
        if rest:
            yield rest

    async def _told(self, answer: str, summary: Mapping[str, Any]) -> dict[str, Any]:
        found = await anyio.to_thread.run_sync(told_of, answer[:_MOST_SAID], self._held)
        return {**summary, **found}


def _events(data: bytes) -> tuple[list[bytes], bytes]:
    """The complete events of some bytes, each with its end, and what is left."""
    events, start = [], 0
    for match in _EVENT_END.finditer(data):
        events.append(data[start : match.end()])
        start = match.end()
    return events, data[start:]


def _value(event: bytes) -> object:
    """The data of an event: parsed JSON, else the text."""
    lines = [line[5:].strip() for line in event.splitlines() if line.startswith(b"data:")]
    text = b"\n".join(lines).decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _is_last(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") in _LAST


def _own(first: Mapping[str, Any], told: Mapping[str, Any]) -> bytes:
    """The event of the gateway's own: a chunk without choices in OpenAI's form, else one of a type of its own."""
    if "object" in first:
        return b"data: " + to_json({**first, "choices": [], "ctxpipe": told}) + b"\n\n"
    return b"event: ctxpipe\ndata: " + to_json({"type": "ctxpipe", "ctxpipe": told}) + b"\n\n"


def _said(answer: Mapping[str, Any]) -> Iterator[str]:
    """The texts of an answer: of the first choice, or of all items."""
    choice = next(iter(_objects(answer.get("choices"))), None)
    if choice is not None:
        message = choice.get("message")
        yield from _texts(message.get("content") if isinstance(message, dict) else choice.get("text"))
    for item in _objects(answer.get("output")):
        yield from _texts(item.get("content"))
    yield from _texts(answer.get("content"))


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for part in _objects(content):
        if part.get("type") in ("text", "output_text") and isinstance(part.get("text"), str):
            yield part["text"]


def _added(event: Mapping[str, Any]) -> Iterator[str]:
    """The text that one event of a stream adds to the answer."""
    for choice in _objects(event.get("choices")):
        delta = choice.get("delta")
        text = delta.get("content") if isinstance(delta, dict) else choice.get("text")
        if choice.get("index", 0) == 0 and isinstance(text, str):
            yield text
    delta = event.get("delta")
    if event.get("type") == "response.output_text.delta" and isinstance(delta, str):
        yield delta
    if isinstance(delta, dict) and delta.get("type") == "text_delta" and isinstance(delta.get("text"), str):
        yield delta["text"]


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
