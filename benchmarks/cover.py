"""Answers about all of a document by the embedded model: windows and notes beside everything, truncation and a ranking.

    ctxpipe serve --cpu --model qwen2.5-coder-0.5b --port 8000        # the same weights, eight requests at a time
    python benchmarks/cover.py ../shared/data --server http://127.0.0.1:8000 --out run-cover

Stories of squality and meetings of qmsum, one question of each, drawn by the seed; each is one document. ``rouge_l`` is
the best over the references; ``recall`` is the mean share of a reference's content words (stems without stop words)
that the answer has. The model is asked as a model on this machine is: the same prompts, windows and picked sentences.
Generated documents in which buildings are listed and counted are judged by code. A run that was stopped goes on in its
folder; ``--set`` chooses what is run, so that a long part can be given later.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, write
from summary import recall

from ctxpipe.compress.rank.bm25 import Vocabulary, function_words
from ctxpipe.evals import RunPlan, load_records, parse_arms, run
from ctxpipe.evals.statistics.bootstrap import bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design
from ctxpipe.evals.targets.generation import Generator
from ctxpipe.evals.types import Record
from ctxpipe.serving import OpenAIEngine
from ctxpipe.serving.local.engine import WELL_READ

MODEL = "qwen2.5-coder-0.5b"
SETS = {"squality": "squality/dev.jsonl.gz", "qmsum": "qmsum/val.jsonl.gz"}
TASKS = ("list", "count")
BUDGET = 1500
"""Tokens of every arm but ``raw``: the size of a window of ``cover``."""
ARMS = ("raw", f"none+none@{BUDGET}", f"spread+none@{BUDGET}", f"default@{BUDGET}", "cover")
COVER = "cover"
ANSWER_TOKENS = 256
TIMEOUT = 3600.0


class AsOnThisMachine(OpenAIEngine):
    """A server that is asked as the local engine is: see ``is_strict`` and ``well_read``."""

    name = "local"
    well_read = WELL_READ


def items(data: Path, name: str, limit: int, seed: int) -> list[dict[str, Any]]:
    """One question of each of ``limit`` documents."""
    with gzip.open(data / SETS[name], "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    of: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        of.setdefault(row["cluster"], []).append(row)
    clusters = sorted(of)
    random.Random(seed).shuffle(clusters)  # a larger limit adds documents, and changes no question
    drawn = [random.Random(f"{seed} {cluster}").choice(of[cluster]) for cluster in clusters[:limit]]
    kept = ("id", "dataset", "cluster", "question", "answers", "metric")
    return [{name: row[name] for name in kept} | {"documents": [{"title": "", "text": _text(row)}]} for row in drawn]


def _text(row: dict[str, Any]) -> str:
    meeting = row["dataset"].startswith("qmsum")
    return "\n".join(f"{part['title']}: {part['text']}" if meeting else part["text"] for part in row["documents"])


def suite(data: Path, name: str, limit: int, seed: int, out: Path) -> str:
    """The name or file that the evaluation is told."""
    if name in TASKS:
        return name
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.jsonl"
    rows = items(data, name, limit, seed)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def scored(record: Record, references: Sequence[str], vocabulary: Vocabulary) -> dict[str, Any]:
    """One line of the results."""
    row = {"id": record.id, "arm": record.arm, "status": record.status, "source_tokens": record.source_tokens}
    row |= {"prompt_tokens": record.prompt_tokens, "answer_tokens": record.completion_tokens, "answer": record.answer}
    row["score"] = round(record.scores.get("answer", 0.0), 4)
    if "rouge_l" in record.scores:
        row["recall"] = round(recall(record.answer, references, vocabulary)[0], 4)
    return row | {"seconds": round(sum(record.timings.values()), 1)}


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means of each arm, and cover against each other arm, paired over documents that both answered."""
    by_arm: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        if row["status"] == "ok":
            by_arm.setdefault(row["arm"], {})[row["id"]] = row
    result: dict[str, Any] = {}
    for arm, mine in by_arm.items():
        result[arm] = {"answered": len(mine)}
        for measure in ("score", "recall", "source_tokens", "prompt_tokens", "answer_tokens", "seconds"):
            values = [row[measure] for row in mine.values() if row.get(measure) is not None]
            if values:
                result[arm][measure] = round(float(np.mean(values)), 3)
        both = sorted(mine.keys() & by_arm.get(COVER, {}).keys()) if arm != COVER else []
        for measure in ("score", "recall"):
            if len(both) > 2 and measure in mine[both[0]]:
                gain = np.array([by_arm[COVER][i][measure] - mine[i][measure] for i in both])
                design = Design.of(both)
                low, high = expanded_interval(bootstrap_means(gain, design), design)
                result[arm][f"cover_minus_this_{measure}"] = [round(float(x), 3) for x in (gain.mean(), low, high)]
    return result


def main() -> None:
    """Run, print, and add the sets' results to the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--server", required=True, help="a server of the embedded model")
    parser.add_argument("--set", nargs="+", default=[*SETS], choices=[*SETS, *TASKS])
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--length", type=int, default=32_000, help="tokens of a generated document")
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    given = parser.parse_args()
    engine = AsOnThisMachine(given.server, timeout=TIMEOUT)
    generator = Generator(engine, max_tokens=ANSWER_TOKENS, concurrent=8)
    vocabulary = Vocabulary(function_words())
    place = RESULTS / "cover.json"
    results = json.loads(place.read_text(encoding="utf-8"))["sets"] if place.exists() else {}
    for name in given.set:
        folder = given.out / name
        plan = RunPlan(
            suites=(suite(given.data, name, given.limit, given.seed, given.out),),
            arms=tuple(parse_arms(given.arms.split(","))),
            out=folder,
            layers=(3,),
            limit=given.limit,
            seed=given.seed,
            lengths=(given.length,) if name in TASKS else (),
            tokenizer=MODEL,
        )
        run(plan, generator=generator, on_progress=lambda *now: print(*now, flush=True))
        with gzip.open(folder / "samples.jsonl.gz", "rt", encoding="utf-8") as lines:
            answers = {row["id"]: row["answers"] for row in map(json.loads, lines)}
        records = load_records(folder / "records.jsonl").records
        rows = [scored(record, answers[record.id], vocabulary) for record in records]
        results[name] = {"seed": given.seed, "arms": summary(rows), "rows": rows}
        print(name, json.dumps(results[name]["arms"], indent=1), flush=True)
        write("cover", {"model": MODEL, "budget": BUDGET, "answer_tokens": ANSWER_TOKENS, "sets": results})


if __name__ == "__main__":
    main()
