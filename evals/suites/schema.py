"""Samples from JSON lines, plain or gzipped, in a file or a folder.

The schema is ``id, dataset, cluster, documents [{title, text, gold?}], question, answers, metric`` and, where a set
has them, ``evidence [{doc, start, end}]``, ``stratum``, ``scale``, ``answer_rule``, ``twins [{names, value}]``, and of
a document ``source`` (a file name) and ``page_starts``. Three spellings that public sets use are read too:
``evidence_turns [[first, last]]`` (whole documents, both ends included), ``support`` sentences in a document, and
``answer_type: multi-span`` (every answer is needed). Rows of LongBench and RULER are recognised too.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

from annotated_types import MinLen
from pydantic import BeforeValidator, SkipValidation

from ctxpipe.errors import ReadError, UnknownNameError, UsageError
from ctxpipe.evals.suites.formats import in_schema
from ctxpipe.evals.suites.jsonl import read_objects
from ctxpipe.evals.types import AnswerRule, Evidence, Passage, Sample, Twin
from ctxpipe.json_form import parsed

SUITES: Mapping[str, str] = {
    "nq5": "nq_mdqa/nq5.jsonl.gz",
    "nq10": "nq_mdqa/nq10.jsonl.gz",
    "nq30": "nq_mdqa/nq30.jsonl.gz",
    "xquad_en": "xquad_en/article.jsonl.gz",
    "hotpotqa": "hotpotqa/train100.jsonl.gz",
    "musique": "musique/train100.jsonl.gz",
    "tatqa": "tatqa/dev.jsonl.gz",
    "qmsum": "qmsum/val.jsonl.gz",
    "squality": "squality/dev.jsonl.gz",
    "kv75": "kv75/kv75_200.jsonl.gz",
}
"""Public sets by name, with their place in a data folder."""


def load_suite(name: str, root: str | Path, *, limit: int | None = None, seed: int | None = None) -> Iterator[Sample]:
    """Yield the samples of a known set.

    The stratum is the suite. The folder's name is put before each cluster, so that clusters of different sets differ
    and the lengths of one set share theirs.

    Args:
        name: A name in ``SUITES``.
        root: The data folder.
        limit: See ``read_samples``.
        seed: See ``read_samples``.

    Raises:
        UnknownNameError: if there is no such suite.
        ReadError: if its file is missing or invalid.
    """
    if name not in SUITES:
        raise UnknownNameError("suite", name, SUITES)
    family = SUITES[name].split("/")[0]
    return (
        replace(sample, cluster=f"{family}/{sample.cluster}", stratum=name)
        for sample in read_samples(Path(root) / SUITES[name], limit=limit, seed=seed)
    )


def available_suites(root: str | Path) -> list[str]:
    """The public sets that are in a data folder, in the order of ``SUITES``."""
    return [name for name, place in SUITES.items() if (Path(root) / place).is_file()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a file. They are read twice if only some are chosen.

    Attributes:
        path: The file; RULER names it after the task.
        name: Its name in errors.
        unit: Name of a row in errors.
        read: Yields the number of each row, counted from 1, and its object.
    """

    path: Path
    name: str
    unit: str
    read: Callable[[], Iterable[tuple[int, Mapping[str, Any]]]]


def read_samples(path: str | Path, *, limit: int | None = None, seed: int | None = None) -> Iterator[Sample]:
    """Yield samples, one at a time, in the order of the files.

    Args:
        path: A ``.jsonl`` or ``.jsonl.gz`` file, or a folder in which all such files are read, sorted by path.
        limit: Most samples of each file; None for all.
        seed: Without a seed, the first ``limit`` lines are taken. With one, the choice is random and spread over
            clusters: each cluster gives one item before any gives two. A larger limit includes the choice of a
            smaller one, and files that share clusters choose the same clusters.

    Raises:
        UsageError: for a limit below 1.
        ReadError: if a file cannot be read, a line lacks a field, or an id occurs twice; it names the line.
    """
    files = (Rows(path=p, name=str(p), unit="line", read=partial(read_objects, p)) for p in _files(Path(path)))
    return read_rows(files, limit=limit, seed=seed)


def read_rows(files: Iterable[Rows], *, limit: int | None = None, seed: int | None = None) -> Iterator[Sample]:
    """Yield the samples of rows; see ``read_samples``."""
    if limit is not None and limit < 1:
        raise UsageError(f"the limit must be at least 1, not {limit}")
    return _read_all(files, limit, seed)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*.jsonl*") if file.name.endswith((".jsonl", ".jsonl.gz")))
    if not files:
        raise ReadError(str(path), "no .jsonl or .jsonl.gz file in this folder")
    return files


def _read_all(files: Iterable[Rows], limit: int | None, seed: int | None) -> Iterator[Sample]:
    seen: dict[str, str] = {}
    for file in files:
        chosen = None if limit is None or seed is None else _choose(file, limit, seed)
        taken = 0
        for number, value in file.read():
            if chosen is not None and number not in chosen:
                continue
            where = f"{file.name}, {file.unit} {number}"
            sample = parse_sample(in_schema(value, file.path, where), where)
            if sample.id in seen:
                raise ReadError(where, f"id {sample.id!r} was already used in {seen[sample.id]}")
            seen[sample.id] = where
            yield sample
            taken += 1
            if taken == limit:
                break


def _choose(file: Rows, limit: int, seed: int) -> set[int]:
    """Line numbers of a random choice: clusters, and items in a cluster, are ordered by hash, so files agree."""
    by_cluster: defaultdict[str, list[tuple[bytes, int]]] = defaultdict(list)
    for number, row in file.read():
        value = in_schema(row, file.path, f"{file.name}, {file.unit} {number}")
        cluster = str(value.get("cluster", ""))
        tail = str(value.get("id", number)).rsplit("/", 1)[-1]
        by_cluster[cluster].append((_hash(seed, cluster, tail), number))
    ranked = (
        (turn, _hash(seed, cluster), number)
        for cluster, items in by_cluster.items()
        for turn, (_, number) in enumerate(sorted(items))
    )
    return {number for _, _, number in heapq.nsmallest(limit, ranked)}


def _hash(seed: int, *parts: str) -> bytes:
    return hashlib.blake2b("\0".join((str(seed), *parts)).encode(errors="surrogatepass"), digest_size=8).digest()


def parse_sample(value: Mapping[str, Any], where: str = "sample") -> Sample:
    """Make a sample from a parsed line.

    Args:
        value: The JSON object.
        where: File and line, for the error.

    Raises:
        ReadError: if a field is missing or has an invalid value; it names ``where`` and the field.
    """
    line = parsed(_Line, value, where)
    return Sample(
        id=line.id,
        dataset=line.dataset,
        cluster=line.cluster,
        documents=tuple(_passage(one) for one in line.documents),
        question=line.question,
        answers=tuple(line.answers),
        metric=line.metric,
        evidence=_evidence(line, where) or tuple(_support(line.documents)),
        stratum=line.dataset if line.stratum is None else line.stratum,
        rule="all" if line.answer_type == "multi-span" else line.answer_rule,
        scale=line.scale,
        twins=_twins(line, where),
    )


_Name = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]
_Word = Annotated[str, BeforeValidator(lambda value: str(value or ""))]
_T = TypeVar("_T")
_Several = Annotated[list[_T], BeforeValidator(lambda value: value or [])]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    text: str
    title: _Word = ""
    gold: SkipValidation[bool | None] = None
    support: _Several[str] = field(default_factory=list)
    source: _Word = ""
    page_starts: _Several[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    doc: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line, in the schema and in the forms of public sets."""

    documents: Annotated[list[_Document], MinLen(1)]
    id: _Name
    dataset: _Name
    cluster: _Name
    question: _Name
    answers: Annotated[list[str], MinLen(1)]
    metric: _Name
    evidence: _Several[_Stretch] = field(default_factory=list)
    evidence_turns: _Several[tuple[int, int]] = field(default_factory=list)
    stratum: Annotated[str, BeforeValidator(str)] | None = None
    answer_type: Any = None
    answer_rule: AnswerRule = "any"
    scale: _Word = ""
    twins: _Several[Twin] = field(default_factory=list)


def _passage(document: _Document) -> Passage:
    return Passage(
        text=document.text,
        title=document.title,
        gold=document.gold,
        source=document.source,
        page_starts=tuple(document.page_starts),
    )


def _twins(line: _Line, where: str) -> tuple[Twin, ...]:
    if len({len(twin.names) for twin in line.twins}) > 1 or not all(twin.names and twin.value for twin in line.twins):
        raise ReadError(where, "field 'twins' holds one without name or value, or with more names than another")
    return tuple(line.twins)


def _support(documents: Iterable[_Document]) -> Iterator[Evidence]:
    """The places of the supporting sentences; a sentence that is not in the text is skipped."""
    for index, document in enumerate(documents):
        for sentence, times in Counter(s.strip() for s in document.support if s.strip()).items():
            start = -1
            for _ in range(times):
                start = document.text.find(sentence, start + 1)
                if start >= 0:
                    yield Evidence(document=index, start=start, end=start + len(sentence))


def _evidence(line: _Line, where: str) -> tuple[Evidence, ...]:
    sizes = [len(document.text) for document in line.documents]
    spans = [(one.doc, one.start, one.end) for one in line.evidence]
    try:
        spans += [(i, 0, sizes[i]) for first, last in line.evidence_turns for i in range(first, last + 1)]
        if any(i < 0 or not 0 <= start <= end <= sizes[i] for i, start, end in spans):
            raise IndexError
    except IndexError as exc:
        raise ReadError(where, "field 'evidence' points outside the documents") from exc
    return tuple(Evidence(document=document, start=start, end=end) for document, start, end in spans)
