"""Answers to 25 questions about three manuals by models on this machine: how many are right, and their citations.

    python benchmarks/answers.py                          # both embedded models; writes results/answers.json
    python benchmarks/answers.py --tuning --models qwen2.5-coder-0.5b   # other questions, for choices; writes nothing

``answers.json`` has for each question the patterns that a right answer matches, all of them. They were read off the
manuals by hand. The words of every answer are in the results, so that they can be read again. The tuning questions are
about other parts of the three manuals and about three other ones. The manuals come from Debian's packages, which are
downloaded and unpacked once.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import manuals
from common import write

from ctxpipe import Document, Pipeline
from ctxpipe.models.cache import cache_root
from ctxpipe.pipeline.types import Run
from ctxpipe.serving.engines import Target

MODELS = ("qwen2.5-coder-0.5b", "smollm2-135m")
QUESTIONS = Path(__file__).with_name("answers.json")
PYTHON = "usr/share/doc/python3.11/html"
BOOKS = {
    "r-doc-pdf": manuals.MANUALS[0],
    "gnuplot-doc": manuals.MANUALS[1],
    "python3.11-doc": manuals.Manual("python3.11-doc", f"{PYTHON}/reference", ()),
}
TUNING_BOOKS = {
    "bash-doc": manuals.MANUALS[2],
    "R-intro": manuals.Manual("r-doc-pdf", "usr/share/R/doc/manual/R-intro.pdf", ()),
    "python-tutorial": manuals.Manual("python3.11-doc", f"{PYTHON}/tutorial", ()),
}
TIMEOUT = 3600.0
"""Seconds that an answer may take: what is measured is the answer, also on a busy machine."""


class Question(NamedTuple):
    """A question about a manual, and patterns that a right answer matches, all of them."""

    manual: str
    question: str
    answer: tuple[str, ...]

    def is_in(self, text: str) -> bool:
        """Whether a text holds the answer."""
        return all(re.search(pattern, text, re.IGNORECASE) for pattern in self.answer)


def questions(*, tuning: bool) -> tuple[Question, ...]:
    """The 25 that are measured, or those that choices were made on."""
    rows = json.loads(QUESTIONS.read_text(encoding="utf-8"))
    return tuple(
        Question(row["manual"], row["question"], tuple(row["answer"])) for row in rows if row["measured"] != tuning
    )


def books(folder: Path, *, tuning: bool) -> dict[str, Path]:
    """The manuals by their name."""
    wanted = BOOKS | TUNING_BOOKS if tuning else BOOKS
    return {name: manuals.unpacked(manual, folder) for name, manual in wanted.items()}


def asked(
    pipeline: Pipeline, documents: dict[str, tuple[Document, ...]], rows: Sequence[Question], options: Any
) -> Iterator[dict[str, Any]]:
    """What became of each question."""
    for row in rows:
        started = time.perf_counter()
        run = pipeline.query(documents[row.manual], question=row.question, **options)
        record = judged(row, run) | {"seconds": round(time.perf_counter() - started, 1)}
        print(json.dumps(record, ensure_ascii=False), flush=True)
        yield record


def judged(row: Question, run: Run) -> dict[str, Any]:
    """An answer and its citations against the patterns."""
    return {
        "manual": row.manual,
        "question": row.question,
        "right": row.is_in(run.answer.text),
        "kept": row.is_in(run.context.text),
        "answer": run.answer.text,
        "cited": [row.is_in(citation.text) for citation in run.citations],
        "citations": [" ".join(citation.text.split()) for citation in run.citations],
        "context_tokens": run.context.kept_tokens,
        "ask_seconds": round(run.timings["ask"], 1),
    }


def summary(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Shares over the questions, and over the citations."""
    cited = [holds for record in records for holds in record["cited"]]
    of_right = [record for record in records if record["right"] and record["cited"]]
    return {
        "questions": len(records),
        "kept": round(sum(record["kept"] for record in records) / len(records), 3),
        "right": round(sum(record["right"] for record in records) / len(records), 3),
        "citations": len(cited),
        "citations_that_hold_the_answer": round(sum(cited) / max(1, len(cited)), 3),
        "right_answers_with_citations": len(of_right),
        "first_citation_holds_the_answer": round(sum(r["cited"][0] for r in of_right) / max(1, len(of_right)), 3),
        "median_ask_seconds": sorted(record["ask_seconds"] for record in records)[len(records) // 2],
    }


def main() -> None:
    """Ask, print every answer, and write the summary."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--tuning", action="store_true")
    parser.add_argument("--budget", type=int)
    given = parser.parse_args()
    rows = questions(tuning=given.tuning)
    found = books(cache_root() / "manuals", tuning=given.tuning)
    reader = Pipeline()
    documents = {name: reader.read(str(path)) for name, path in found.items()}
    results = {}
    for model in given.models:
        pipeline = Pipeline(target=Target(model=model, timeout=TIMEOUT), max_tokens=128)
        records = list(asked(pipeline, documents, rows, {"budget": given.budget} if given.budget else {}))
        results[model] = summary(records) | {"answers": records}
        print(model, json.dumps(summary(records)), flush=True)
    if not given.tuning:
        write("answers", {"packages": manuals.versions(cache_root() / "manuals"), "models": results})


if __name__ == "__main__":
    main()
