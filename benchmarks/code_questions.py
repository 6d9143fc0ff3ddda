"""Questions about three packages of Python's standard library: does the kept text hold the function that answers?

    python benchmarks/code_questions.py --budgets 2000,6000 --methods default,hybrid,bm25

``code_questions.json`` holds sixty questions and the functions that answer each, which must exist in the interpreter
that runs this. A question counts when the kept text holds, of one of its functions, the signature, the class above it
and more than half of the lines of its body, docstring and empty lines aside. One half of the questions (``choice``) may
guide a change of the ranking, the other (``report``) may not. Methods are compared in pairs, with 95% intervals.
"""

from __future__ import annotations

import argparse
import ast
import json
import sysconfig
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import RESULTS, write

from ctxpipe import Pipeline
from ctxpipe.compress.types import CompressedContext, Document
from ctxpipe.evals.statistics.tango import tango_interval
from ctxpipe.pipeline.readers.read import read

QUESTIONS = Path(__file__).parent / "code_questions.json"
LIBRARY = Path(sysconfig.get_path("stdlib"))
METHODS: dict[str, dict[str, str]] = {"default": {}, "hybrid": {"rank": "hybrid"}, "bm25": {"rank": "bm25"}}
HALVES = ("choice", "report")
MOST = 0.5

Lines = list[tuple[int, int]]
"""Character offsets of lines, without the whitespace around them."""


class Function(NamedTuple):
    """A function that answers: the lines of the classes above it, of its signature and of its body."""

    source: str
    classes: Lines
    signature: Lines
    body: Lines


class Outcome(NamedTuple):
    """What a kept text holds of the best of a question's functions."""

    found: bool
    signature: bool
    body: float


def function(answer: str) -> Function:
    """Find ``email/message.py:Message.get_payload`` in the standard library.

    Raises:
        SystemExit: if it is not there.
    """
    source, _, name = answer.partition(":")
    text = (LIBRARY / source).read_text(encoding="utf-8")
    starts = np.cumsum([0, *(len(line) for line in text.splitlines(keepends=True))])
    node: ast.AST = ast.parse(text)
    classes: Lines = []
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for part in name.split("."):
        found = [n for n in ast.walk(node) if isinstance(n, kinds) and n.name == part]
        if not found:
            raise SystemExit(f"{answer} is not in the standard library of this Python")
        if isinstance(node, ast.ClassDef):
            classes += list(_lines(text, starts, node.lineno, node.lineno))
        node = found[0]
    found_function = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
    if found_function is None or found_function.end_lineno is None:
        raise SystemExit(f"{answer} is no function")
    body = found_function.body
    first = body[1] if ast.get_docstring(found_function) is not None and len(body) > 1 else body[0]
    return Function(
        source=str(LIBRARY / source),
        classes=classes,
        signature=[
            line for line in _lines(text, starts, found_function.lineno, body[0].lineno - 1) if text[line[0]] != "#"
        ],
        body=list(_lines(text, starts, first.lineno, found_function.end_lineno)),
    )


def _lines(text: str, starts: Sequence[int], first: int, last: int) -> Iterator[tuple[int, int]]:
    for number in range(first, max(first, last) + 1):
        start, end = int(starts[number - 1]), int(starts[number])
        line = text[start:end]
        if line.strip():
            yield start + len(line) - len(line.lstrip()), start + len(line.rstrip())


def outcome(context: CompressedContext, functions: Sequence[Function]) -> Outcome:
    """What a context holds of the function of which it holds most."""
    return max(_held(context, one) for one in functions)


def _held(context: CompressedContext, wanted: Function) -> Outcome:
    spans = [(s.start, s.end) for s in context.spans if context.documents[s.document].source == wanted.source]

    def share(lines: Lines) -> float:
        return sum(any(a <= start and end <= b for a, b in spans) for start, end in lines) / max(1, len(lines))

    signature = share(wanted.signature) == 1
    body = share(wanted.body)
    classes = not wanted.classes or share(wanted.classes) == 1
    return Outcome(signature and classes and body > MOST, signature, body)


def measured(
    rows: Sequence[dict[str, Any]], answers: dict[str, list[Function]], pipelines: dict[str, Pipeline], budget: int
) -> dict[str, Any]:
    """All questions at one budget."""
    packages: dict[str, tuple[Document, ...]] = {}
    outcomes: dict[str, list[Outcome]] = {method: [] for method in pipelines}
    seconds = dict.fromkeys(pipelines, 0.0)
    for row in rows:
        folders = [str(LIBRARY / package) for package in row["packages"]]
        documents = packages.setdefault(",".join(folders), read(folders).documents)
        functions = answers[row["id"]]
        for method, pipeline in pipelines.items():
            started = time.perf_counter()
            context = pipeline.compress(documents, question=row["question"], budget=budget)
            seconds[method] += time.perf_counter() - started
            outcomes[method].append(outcome(context, functions))
    found = {method: [one.found for one in ones] for method, ones in outcomes.items()}
    first = next(iter(pipelines))
    return {
        "budget": budget,
        "methods": {method: _summary(rows, outcomes[method], seconds[method]) for method in pipelines},
        f"{first}_less": {m: _lead(found[first], found[m]) for m in found if m != first},
        "missed": {
            method: [row["id"] for row, one in zip(rows, ones, strict=True) if not one.found]
            for method, ones in outcomes.items()
        },
    }


def _summary(rows: Sequence[dict[str, Any]], ones: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    def mean(values: Sequence[float]) -> float:
        return round(float(np.mean(values)), 4) if values else 0.0

    return {
        "found": mean([one.found for one in ones]),
        **{
            f"found_{half}": mean([one.found for row, one in zip(rows, ones, strict=True) if row["half"] == half])
            for half in HALVES
        },
        **{
            f"found_{package}": mean(
                [one.found for row, one in zip(rows, ones, strict=True) if row["packages"][0] == package]
            )
            for package in dict.fromkeys(row["packages"][0] for row in rows)
        },
        "signature": mean([one.signature for one in ones]),
        "body_lines": mean([one.body for one in ones]),
        "seconds_a_question": round(seconds / len(ones), 2),
    }


def _lead(first: Sequence[bool], other: Sequence[bool]) -> dict[str, float]:
    gains = sum(a and not b for a, b in zip(first, other, strict=True))
    losses = sum(b and not a for a, b in zip(first, other, strict=True))
    low, high = tango_interval(losses, gains, len(first))
    return {"difference": round((gains - losses) / len(first), 4), "low": round(low, 4), "high": round(high, 4)}


def main() -> None:
    """Ask all questions of each method, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budgets", default="2000,6000", help="tokens, with commas")
    parser.add_argument("--methods", default=",".join(METHODS), help="the first is compared with the others")
    parser.add_argument("--half", choices=HALVES, help="only these questions")
    parser.add_argument("--limit", type=int, help="only the first of them")
    parser.add_argument("--show", metavar="ID", help="print what the first method keeps for one question, and stop")
    parser.add_argument("--out", type=Path, default=RESULTS / "code-questions.json")
    given = parser.parse_args()
    rows = [row for row in json.loads(QUESTIONS.read_text(encoding="utf-8")) if given.half in (None, row["half"])]
    rows = rows[: given.limit]
    answers = {row["id"]: [function(answer) for answer in row["answers"]] for row in rows}
    pipelines = {method: Pipeline(**METHODS[method]) for method in given.methods.split(",")}
    budgets = [int(budget) for budget in given.budgets.split(",")]
    if given.show:
        row = next(row for row in rows if row["id"] == given.show)
        documents = read([str(LIBRARY / package) for package in row["packages"]]).documents
        context = next(iter(pipelines.values())).compress(documents, question=row["question"], budget=budgets[0])
        print(row["question"], row["answers"], outcome(context, answers[row["id"]]))
        print(context.text)
        return
    runs = []
    for budget in budgets:
        runs.append(measured(rows, answers, pipelines, budget))
        for method, summary in runs[-1]["methods"].items():
            print(f"{budget:>6}  {method:10}" + "".join(f"  {k} {v:.3f}" for k, v in summary.items()), flush=True)
        print(json.dumps({k: v for k, v in runs[-1].items() if k != "methods"}), flush=True)
    write("code-questions", {"questions": len(rows), "runs": runs}, given.out)


if __name__ == "__main__":
    main()
