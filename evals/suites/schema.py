"""Samples from files: one JSON object a line, plain or gzipped, alone or in a folder.

The schema is ``id, dataset, cluster, documents [{title, text, gold?}], question, answers, metric`` and, where a set
has them, ``evidence [{doc, start, end}]``, ``stratum``, ``scale``, ``answer_rule``. Three spellings that public sets
use are read too: ``evidence_turns [[first, last]]`` (whole documents, both ends included), ``support`` sentences in a
document, and ``answer_type: multi-span`` (every answer is needed). Rows of LongBench and RULER are recognised too.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ctxpipe.errors import ReadError, UnknownNameError, UsageError
from ctxpipe.evals.suites.formats import in_schema
from ctxpipe.evals.suites.jsonl import read_objects
from ctxpipe.evals.types import AnswerRule, Evidence, Passage, Sample

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
"""Public sets by name, and where each lies in a data folder."""


def load_suite(name: str, root: str | Path, *, limit: int | None = None, seed: int | None = None) -> Iterator[Sample]:
    """Yield the samples of a known set.

    The stratum is the suite. A cluster gets the folder's name before it, so that the first article of one set is not
    taken for the first table of another, while the nested lengths of one set share their questions.

    Args:
        name: A name in ``SUITES``.
        root: The data folder.
        limit: As for ``read_samples``.
        seed: As for ``read_samples``.

    Raises:
        UnknownNameError: if there is no such suite.
        ReadError: if its file is missing or wrong.
    """
    if name not in SUITES:
        raise UnknownNameError("suite", name, SUITES)
    family = SUITES[name].split("/")[0]
    return (
        replace(sample, cluster=f"{family}/{sample.cluster}", stratum=name)
        for sample in read_samples(Path(root) / SUITES[name], limit=limit, seed=seed)
    )


def available_suites(root: str | Path) -> list[str]:
    """The known sets whose file is in a data folder, in the order of ``SUITES``."""
    return [name for name, place in SUITES.items() if (Path(root) / place).is_file()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a file, which are gone through twice where some are chosen.

    Attributes:
        path: The file; RULER names it after the task.
        name: What errors call it.
        unit: What they call a row.
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
        seed: Without one, the first ``limit`` lines are taken. With one, the choice is random and spread over clusters:
            each cluster gives one item before any gives two. A larger limit keeps the choice of a smaller one, and
            files that share clusters choose the same clusters.

    Raises:
        UsageError: for a limit below 1.
        ReadError: if a file cannot be read, a line lacks a field, or an id occurs twice; it names the line.
    """
    files = (Rows(path=p, name=str(p), unit="line", read=partial(read_objects, p)) for p in _files(Path(path)))
    return read_rows(files, limit=limit, seed=seed)


def read_rows(files: Iterable[Rows], *, limit: int | None = None, seed: int | None = None) -> Iterator[Sample]:
    """Yield the samples that rows are; as ``read_samples``."""
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {limit} leaves nothing to evaluate; it must be 1 or more")
    return _read_all(files, limit, seed)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(found for found in path.rglob("*.jsonl*") if found.name.endswith((".jsonl", ".jsonl.gz")))
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
    """Line numbers of a sample: hashes order clusters, and items in a cluster, so that equal clusters agree."""
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
    """Make a sample of a parsed line.

    Args:
        value: The JSON object.
        where: File and line, for the error.

    Raises:
        ReadError: if a field is missing or holds something else than it should; it names ``where`` and the field.
    """
    documents, support = _documents(value, where)
    dataset = _text(value, "dataset", where)
    stratum = value.get("stratum", dataset)
    return Sample(
        id=_text(value, "id", where),
        dataset=dataset,
        cluster=_text(value, "cluster", where),
        documents=documents,
        question=_text(value, "question", where),
        answers=_answers(value, where),
        metric=_text(value, "metric", where),
        evidence=_evidence(value, documents, where) or support,
        stratum=stratum if isinstance(stratum, str) else str(stratum),
        rule=_rule(value, where),
        scale=str(value.get("scale") or ""),
    )


def _need(value: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in value:
        raise ReadError(where, f"field {name!r} is missing")
    return value[name]


def _text(value: Mapping[str, Any], name: str, where: str) -> str:
    found = _need(value, name, where)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str):
        raise ReadError(where, f"field {name!r} is not a text")
    return found


def _answers(value: Mapping[str, Any], where: str) -> tuple[str, ...]:
    found = _need(value, "answers", where)
    if not isinstance(found, list) or not found or not all(isinstance(answer, str) for answer in found):
        raise ReadError(where, "field 'answers' is not a list of one or more texts")
    return tuple(found)


def _rule(value: Mapping[str, Any], where: str) -> AnswerRule:
    if value.get("answer_type") == "multi-span":
        return "all"
    match value.get("answer_rule", "any"):
        case "any":
            return "any"
        case "all":
            return "all"
        case other:
            raise ReadError(where, f"field 'answer_rule' is {other!r}; it must be any or all")


def _documents(value: Mapping[str, Any], where: str) -> tuple[tuple[Passage, ...], tuple[Evidence, ...]]:
    found = _need(value, "documents", where)
    if not isinstance(found, list) or not found:
        raise ReadError(where, "field 'documents' is not a list of one or more documents")
    passages, support = [], []
    for index, document in enumerate(found):
        if not isinstance(document, dict) or not isinstance(document.get("text"), str):
            raise ReadError(where, f"document {index} has no text")
        gold = document.get("gold")
        passages.append(Passage(text=document["text"], title=str(document.get("title") or ""), gold=gold))
        support += _support(document, index)
    return tuple(passages), tuple(support)


def _support(document: Mapping[str, Any], index: int) -> list[Evidence]:
    """Where the supporting sentences stand; one that was rewritten and is not in the text is passed over."""
    text: str = document["text"]
    spans = []
    for sentence, times in Counter(s.strip() for s in document.get("support") or () if s.strip()).items():
        start = -1
        for _ in range(times):
            start = text.find(sentence, start + 1)
            if start >= 0:
                spans.append(Evidence(document=index, start=start, end=start + len(sentence)))
    return spans


def _evidence(value: Mapping[str, Any], documents: tuple[Passage, ...], where: str) -> tuple[Evidence, ...]:
    try:
        spans = [(int(e["doc"]), int(e["start"]), int(e["end"])) for e in value.get("evidence") or ()]
        spans += [
            (turn, 0, len(documents[turn].text))
            for first, last in value.get("evidence_turns") or ()
            for turn in range(int(first), int(last) + 1)
        ]
        for document, start, end in spans:
            if document < 0 or not 0 <= start <= end <= len(documents[document].text):
                raise IndexError
    except (KeyError, TypeError, ValueError) as exc:
        raise ReadError(where, "field 'evidence' is not a list of {doc, start, end}") from exc
    except IndexError as exc:
        raise ReadError(where, "field 'evidence' points outside the documents") from exc
    return tuple(Evidence(document=document, start=start, end=end) for document, start, end in spans)
