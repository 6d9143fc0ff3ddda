"""Puts the checkout on the path, where the recipe stands, and makes data in its schema."""

from __future__ import annotations

import gzip
import json
import random
import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:
    sys.path.append(ROOT)

NOUNS = "river stone market engine copper signal garden ledger harbour violin meadow circuit lantern anvil".split()
TOWNS = "Arden Belmor Corvale Dunmere Eastby Farrow Glenholt Harwick Ilmouth Jarrow Kelso Lorne".split()


def sentence(draw: random.Random, noun: str, town: str) -> str:
    return f"The {noun} of {town} was {draw.choice(['built', 'sold', 'found', 'moved'])} in {draw.randint(1000, 1999)}."


def made_item(draw: random.Random, number: int, source: str) -> dict:
    """A question about one sentence of one of three passages."""
    passages = []
    for place in range(3):
        town = f"{draw.choice(TOWNS)} {number}-{place}"
        nouns = draw.sample(NOUNS, 4)
        passages.append((town, nouns, [sentence(draw, noun, town) for noun in nouns]))
    gold = draw.randrange(3)
    town, nouns, lines = passages[gold]
    asked = draw.randrange(4)
    text = " ".join(lines)
    year = lines[asked].split()[-1].rstrip(".")
    start = text.index(lines[asked]) + lines[asked].index(year)
    return {
        "id": f"{source}/{number}",
        "question": f"When did something happen to the {nouns[asked]} of {town}?",
        "passages": [{"title": name, "text": " ".join(parts)} for name, _, parts in passages],
        "answers": [year],
        "evidence": [{"passage": gold, "start": start, "end": start + len(year)}],
        "evidence_type": "answer_span",
        "license": "made up",
    }


def write_rows(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def chained(item: dict) -> dict:
    """The same item with evidence in a second passage too."""
    other = (item["evidence"][0]["passage"] + 1) % 3
    end = item["passages"][other]["text"].index(".") + 1
    return item | {"evidence": [*item["evidence"], {"passage": other, "start": 0, "end": end}]}


@pytest.fixture(scope="session")
def made_data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of training files and of evaluation sets; the latter hold one question and one passage of the former."""
    root = tmp_path_factory.mktemp("made")
    draw = random.Random(0)
    single = [made_item(draw, number, "squad_misc") for number in range(90)]
    hops = [chained(made_item(draw, 1000 + number, "hotpot_samples")) for number in range(40)]
    refused = [made_item(draw, 2000 + number, "wice") for number in range(5)]
    write_rows(root / "training" / "squad_misc.jsonl.gz", single)
    write_rows(root / "training" / "hotpot_samples.jsonl.gz", hops)
    write_rows(root / "training" / "wice.jsonl.gz", refused)
    gold = single[1]["passages"][single[1]["evidence"][0]["passage"]]
    known = {"documents": [{"title": "", "text": "Other words."}], "question": single[0]["question"].upper() + "!"}
    write_rows(root / "data" / "set" / "dev.jsonl.gz", [known, {"documents": [gold], "question": "What?"}])
    return root / "training", root / "data"
