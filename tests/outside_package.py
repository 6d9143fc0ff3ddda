"""A package as somebody else would write it: a ranker, a scorer, an engine and a reader, with its entry points."""

from __future__ import annotations

from pathlib import Path

MODULE = '''
import numpy as np

from ctxpipe import Document
from ctxpipe.compress.types import Identity
from ctxpipe.errors import ReadError
from ctxpipe.serving.types import Answer


class NearestRanker:
    """Cosine to the question by the embedder that is lent, each text's score kept in the cache that is lent."""

    name = "nearest"

    def __init__(self, resources=None, depth=1):
        self.resources, self.depth, self.computed = resources, depth, 0

    def with_resources(self, resources):
        made = NearestRanker(resources, self.depth)
        made.lender = self
        return made

    def rank(self, texts, question, on_progress=None):
        lent, rows = self.resources, []
        if lent.on_note:
            lent.on_note(f"nearest ranked {len(texts)} texts")
        asked = lent.embedder.encode([question])[0]
        for text in texts:
            key = f"{question} {text.text}".encode()
            known = lent.cache.get([key]) if lent.cache else {}
            if key not in known:
                self.lender.computed += 1
                known[key] = np.float32(lent.embedder.encode([text.text])[0] @ asked).tobytes()
                if lent.cache:
                    lent.cache.put(known)
            rows.append(np.frombuffer(known[key], dtype=np.float32)[0])
        return np.array(rows, dtype=np.float32)


class LongWordsScorer:
    """The longer, the better. Its scores may be kept."""

    name = "long-words"

    def __init__(self, model="short", extra=0):
        self.model, self.extra, self.computed = model, extra, 0

    def identity(self):
        return Identity(scorer=self.name, revision="1", settings=self.model)

    def score(self, texts, question, on_progress=None):
        self.computed += len(texts)
        sign = 1 if self.model == "short" else -1
        return [sign * (t.end - t.start).astype(np.float32) for t in texts]


class ParrotEngine:
    """Says how many words it was sent."""

    name, model, window = "parrot", "parrot-1", 4000

    def __init__(self, model="parrot-1", window=4000):
        self.model, self.window, self.tokenizer = model, window, "smollm2-135m"

    def count(self, messages):
        return sum(len(message.content) for message in messages) // 3

    def answer(self, messages, *, max_tokens, temperature=0.0, on_text=None):
        words = len(messages[-1].content.split())
        tokens = self.count(messages)
        return Answer(text=f"{words} words", model=self.model, prompt_tokens=tokens, completion_tokens=2,
                      finish_reason="stop", seconds=0.0)


class TurnedReader:
    """Reads files of texts that are written backwards, and says so."""

    def read(self, data, *, source, errors="strict"):
        if not data.startswith(b"DNE"):
            raise ReadError(source, "not written backwards")
        text = data.decode()[:2:-1]
        return Document(text=text, source=source, notes=("turned round",))
'''
ENTRY_POINTS = """
[ctxpipe.rankers]
nearest = outside_things:NearestRanker
[ctxpipe.scorers]
long-words = outside_things:LongWordsScorer
[ctxpipe.engines]
parrot = outside_things:ParrotEngine
[ctxpipe.readers]
turned = outside_things:TurnedReader
"""


def install(folder: Path) -> Path:
    """Put the package into a folder that is on the path, as pip would."""
    (folder / "outside_things.py").write_text(MODULE, encoding="utf-8")
    info = folder / "outside_things-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-things\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    return folder
