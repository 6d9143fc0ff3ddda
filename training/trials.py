"""Development questions over documents of some thousand tokens, cut and ranked as the pipeline does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ctxpipe.compress.learned.model import PassageReader
from ctxpipe.compress.learned.passages import Shares, shares
from ctxpipe.compress.learned.ranker import Look
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.rank.bm25 import bm25
from ctxpipe.compress.rank.hybrid import HybridRanker
from ctxpipe.compress.select import pool
from ctxpipe.compress.types import Document
from training.compose import FROM, compose
from training.files import Progress, read_json
from training.metrics import Floats
from training.overlap import evaluation_texts
from training.prepare import clean
from training.schema import Item, fraction
from training.sources import COMPOSED, SOURCES, document_name, used
from training.split import split

LEAST_CHARACTERS = 9_000
"""Of a question's documents; until there are as many, passages of other questions of its file are added, those first
that share most words with the question."""
CHARACTERS_PER_TOKEN = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One question, its sentences, and which of them hold evidence.

    Attributes:
        source: Name of the file.
        evidence: For each document with evidence the sentences that hold some.
        kind: ``all`` of the documents are needed, ``any`` of them, or a ``share`` of the sentences counts.
        look: What reads them; holds the fusion's scores.
    """

    source: str
    evidence: tuple[tuple[int, ...], ...]
    kind: str
    look: Look

    def depths(self, scores: Floats) -> Floats:
        """Which shares of the tokens must be kept, best sentences first, until evidence is among them.

        One share for ``any`` evidence and one for ``all`` of it, 0 to 1; of kind ``share`` one for each sentence.
        """
        order = np.argsort(-scores, kind="stable")
        share = np.empty(len(order))
        share[order] = np.cumsum(self.look.size[order]) / self.look.size.sum()
        first = [share[list(held)].min() for held in self.evidence]
        if self.kind == "share":
            return share[[i for held in self.evidence for i in held]]
        return np.array([max(first) if self.kind == "all" else min(first)])

    def survival(self, scores: Floats, rate: float) -> float:
        """How much evidence is kept, 0 to 1, when the best sentences up to a share of the tokens are."""
        return float((self.depths(scores) <= rate).mean())


def development(data: Path, evaluation: Path, examples: Path) -> list[Item]:
    """The items that ``training.prepare`` held back for development, made again from its options.

    Questions composed of theirs come with them.
    """
    options = read_json(examples / "report.json")["options"]
    files = {name: data / f"{name}.jsonl.gz" for name in used() if (data / f"{name}.jsonl.gz").is_file()}
    known = evaluation_texts(evaluation)
    items, _ = clean(files, known, options["share"], Progress("reading"))
    held = split(items, options["dev"])[1]
    if not options["composed"]:
        return held
    return held + compose(held, options["dev_items"], options["seed"], known.questions)


def drawn(items: Sequence[Item], names: Sequence[str], most: int) -> list[Item]:
    """Up to ``most`` answerable items of each file; their ids alone decide which."""
    found: list[Item] = []
    for name in names:
        mine = [item for item in items if item.source == name and item.evidence]
        found.extend(sorted(mine, key=lambda item: fraction(f"trial:{item.id}"))[:most])
    return found


def trials(
    items: Sequence[Item], among: Sequence[Item], model: PassageReader, embedder: Any, *, trust: bool = False
) -> Iterator[Trial]:
    """Cut and rank documents of each item.

    Args:
        items: The questions.
        among: Items whose passages may be added.
        model: What will read.
        embedder: For the fusion.
        trust: Whether passages are read that the pipeline would leave to the fusion.
    """
    fusion = HybridRanker(embedder=embedder)
    alike = {name: FROM if name == COMPOSED else {name} for name in {item.source for item in items}}
    others = {name: [item for item in among if item.source in names] for name, names in alike.items()}
    progress = Progress("fusion")
    for number, item in enumerate(items, start=1):
        documents, marked = _documents(item, others[item.source])
        collection = Collection.of(documents)
        every = np.arange(len(collection.passages.start))
        candidates = pool.candidates_of(collection.outlines, collection.chunks(every))
        texts = pool.ranking_texts(documents, candidates)
        held: dict[int, list[int]] = {}
        for index, (unit, document) in enumerate(zip(candidates.units, candidates.document, strict=True)):
            if any(a < unit.end and unit.start < b for a, b in marked.get(document, ())):
                held.setdefault(document, []).append(index)
        progress(number, len(items))
        if not held:
            continue
        look = Look(model, texts, item.question, fusion.rank(texts, item.question).astype(np.float64))
        if trust:
            look.passages = [passage._replace(readable=len(passage.body) > 0) for passage in look.passages]
        source = SOURCES[item.source]
        kind = "share" if source.turns else "all" if source.hops else "any"
        evidence = tuple(tuple(members) for members in held.values())
        yield Trial(source=item.source, evidence=evidence, kind=kind, look=look)


def script(trial: Trial) -> Shares:
    """What the rule looks at, over all of a trial's passages."""
    ids = np.concatenate([passage.body for passage in trial.look.passages])
    return shares(ids, trial.look.model.layout.words)


def _documents(item: Item, others: Sequence[Item]) -> tuple[list[Document], dict[int, list[tuple[int, int]]]]:
    marked: dict[int, list[tuple[int, int]]] = {}
    for span in item.evidence:
        marked.setdefault(span.passage, []).append((span.start, span.end))
    parts = [(document_name(item, p), p.title, p.text) for p in item.passages]
    seen = {name for name, _, _ in parts}
    length = sum(len(text) for _, _, text in parts)
    more = [(document_name(o, p), p.title, p.text) for o in others for p in o.passages]
    more = [part for part in dict.fromkeys(more) if part[0] not in seen]
    likeness = bm25([f"{title} {text}" for _, title, text in more], item.question)
    for index in np.argsort(-likeness, kind="stable").tolist():
        if length >= LEAST_CHARACTERS:
            break
        parts.append(more[index])
        length += len(more[index][2])
    order = list(range(len(parts)))
    if len(parts) > len(item.passages):  # what was asked about must not stand first each time
        order = sorted(order, key=lambda index: fraction(f"{item.id}:{index}"))
    place = {old: new for new, old in enumerate(order)}
    documents = [Document(text=parts[i][2], source=str(new), title=parts[i][1]) for new, i in enumerate(order)]
    return documents, {place[index]: spans for index, spans in marked.items()}
