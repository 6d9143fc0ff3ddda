"""Answers about windows on disk, by a hash of what was asked, so that a killed run can be continued."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ctxpipe.compress.cache.score_cache import ScoreCache
from ctxpipe.serving.types import Answer, Engine, Message

FILE = "answers-1.sqlite3"
_MEGABYTES = 64


class AnswerStore:
    """Stored answers of one engine.

    Args:
        engine: The engine that is asked.
        path: The file; None stores nothing. Only its owner may read it, because answers quote documents.
    """

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self.path = path
        self._asked = f"{engine.name}\0{engine.model}"
        self._cache = None if path is None else ScoreCache(path, megabytes=_MEGABYTES)

    @classmethod
    def beside(cls, engine: Engine, scores: ScoreCache | None) -> AnswerStore:
        """A store in the folder of the score cache; without a score cache nothing is stored."""
        return cls(engine, None if scores is None else scores.path.with_name(FILE))

    def get(self, messages: Sequence[Message], max_tokens: int) -> Answer | None:
        """The stored answer to a request."""
        if self._cache is None:
            return None
        key = self._key(messages, max_tokens)
        value = self._cache.get([key]).get(key)
        if value is None:
            return None
        try:
            return Answer(**json.loads(value))
        except (TypeError, ValueError):  # of another version, or damaged
            return None

    def put(self, messages: Sequence[Message], max_tokens: int, answer: Answer) -> None:
        """Store an answer at once."""
        if self._cache is None or self.path is None:
            return
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600, exist_ok=True)
        fields = {
            "text": answer.text,
            "model": answer.model,
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "finish_reason": answer.finish_reason,
            "seconds": answer.seconds,
        }
        self._cache.put({self._key(messages, max_tokens): json.dumps(fields).encode()})

    def _key(self, messages: Sequence[Message], max_tokens: int) -> bytes:
        asked = [self._asked, max_tokens, *([turn.role, turn.content] for turn in messages)]
        return hashlib.sha256(json.dumps(asked).encode()).digest()
