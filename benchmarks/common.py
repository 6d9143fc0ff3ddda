"""What every benchmark shares: the machine it ran on, and where its JSON goes."""

from __future__ import annotations

import datetime
import gzip
import json
import os
import platform
import random
import re
import string
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ctxpipe.compress.types import Document

RESULTS = Path(__file__).parent / "results"
SETS = {
    "nq10": "nq_mdqa/nq10.jsonl.gz",
    "hotpotqa": "hotpotqa/train100.jsonl.gz",
    "musique": "musique/train100.jsonl.gz",
    "xquad_en": "xquad_en/article.jsonl.gz",
    "tatqa": "tatqa/dev.jsonl.gz",
}


def machine() -> dict[str, Any]:
    """Processor, cores, memory, versions and date, for the record."""
    model = (
        re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        if os.path.exists("/proc/cpuinfo")
        else None
    )
    return {
        "processor": model.group(1) if model else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
        "versions": {n: version(n) for n in ("ctxpipe", "bm25s", "onnxruntime", "tokenizers", "torch", "transformers")},
        "date": datetime.date.today().isoformat(),
    }


def write(name: str, result: dict[str, Any], path: Path | None = None) -> None:
    """Write one benchmark's result with the machine's description, beside the others or where ``path`` says."""
    RESULTS.mkdir(exist_ok=True)
    place = path or RESULTS / f"{name}.json"
    place.write_text(json.dumps({"machine": machine(), **result}, indent=1) + "\n", encoding="utf-8")


def items(data: Path, name: str, limit: int, seed: int = 0) -> Iterator[tuple[list[Document], str, list[str]]]:
    """Documents, question and answers of a seeded sample of a set; documents keep their titles."""
    with gzip.open(data / SETS[name], "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(seed).shuffle(rows)
    for row in rows[:limit]:
        documents = [
            Document(text=d["text"], source=f"{i}", title="" if d["title"] == "table" else d["title"])
            for i, d in enumerate(row["documents"])
            if d["text"].strip()
        ]
        yield documents, row["question"], row["answers"]


def survives(text: str, answers: list[str], *, all_of_them: bool) -> bool:
    """Whether an answer (or, for answers of several parts, each part) occurs in a text, after SQuAD's normalisation."""
    plain = normal(text)
    found = [normal(answer) in plain for answer in answers if normal(answer).strip()]
    return bool(found) and (all(found) if all_of_them else any(found))


def normal(text: str) -> str:
    """Words of a text in small letters, without punctuation and articles, a space around each."""
    words = "".join(" " if c in string.punctuation else c for c in text.lower()).split()
    return f" {' '.join(w for w in words if w not in ('a', 'an', 'the'))} "
