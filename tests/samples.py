"""Documents of every kind, made here, long enough to be compressed to a few thousand tokens."""

from __future__ import annotations

import json
import pydoc_data.topics
import random
from functools import cache
from pathlib import Path

import ctxpipe.compress.compressor as some_code
from ctxpipe.compress.types import Document

WORDS = (
    "river stone market engine paper winter copper signal garden ledger harbour violin meadow circuit lantern".split()
)


def prose(sentences: int, seed: int = 0) -> str:
    """Sentences with numbers, negations and names, in paragraphs."""
    draw = random.Random(seed)
    made = []
    for index in range(sentences):
        noun, verb, other = (
            draw.choice(WORDS),
            draw.choice(["carried", "measured", "did not reach", "sold"]),
            draw.choice(WORDS),
        )
        made.append(f"The {noun} of Mr. Hale {verb} {draw.randint(2, 9999):,} kg of {other} in {1900 + index % 120}.")
    return "\n\n".join(" ".join(made[i : i + 6]) for i in range(0, len(made), 6))


def some_files() -> list[Path]:
    """Files of Python that are all different."""
    first = Path(some_code.__file__)
    return [first, *sorted((first.parent / "select").glob("*.py")), *sorted((first.parent / "text").glob("*.py"))]


@cache
def library() -> dict[str, Document]:
    """One document of each kind and script, by name."""
    reference = "\n\n".join(f"# {name}\n\n{text}" for name, text in sorted(pydoc_data.topics.topics.items()))
    rows = "\n".join(f'{i},{WORDS[i % 15]} {i * 7 % 13},{i * 3.5},"said ""no"", {WORDS[i % 7]}"' for i in range(4000))
    records = [
        {
            "id": i,
            "name": f"{WORDS[i % 15]}-{i}",
            "active": i % 3 == 0,
            "note": prose(i % 5 + 1, i),
            "tags": WORDS[: i % 4],
        }
        for i in range(900)
    ]
    table = "\n".join(f"| {WORDS[i % 15]} | {i} | {i * 2.5} kg |" for i in range(300))
    markdown = (
        f"# Report\n\n{prose(300)}\n\n## Figures\n\n| name | n | mass |\n|---|---|---|\n{table}\n\n```python\n"
        + ("def f(x):\n    return x + 1\n\n" * 40)
        + f"```\n\n## Rest\n\n{prose(900, 5)}"
    )
    chinese = "".join(f"第{i}天，河边的市场没有卖出{i * 3}公斤铜。灯笼照亮了花园！" for i in range(1200))
    thai = " ".join(f"วันที่ {i} ตลาดริมแม่น้ำขายทองแดงได้ {i * 3} กิโลกรัม" for i in range(900))
    arabic = " ".join(f"في اليوم {i} لم يبع السوق سوى {i * 3} كيلوغراما من النحاس." for i in range(900))
    return {
        "text": Document(text=prose(3000), source="prose.txt"),
        "reference": Document(text=reference, source="reference.md", kind="markdown"),
        "markdown": Document(text=markdown, source="report.md", kind="markdown"),
        "html": Document(text=markdown.replace("| ", "|  "), source="page.html", kind="html"),
        "pdf": Document(text=prose(2500, 3), source="scan.pdf", kind="pdf", page_starts=(0, 4000, 90_000)),
        "code": Document(
            text="".join(path.read_text(encoding="utf-8") for path in some_files()),
            source="x.py",
            kind="code",
            language="python",
        ),
        "csv": Document(text=f"id,name,mass,remark\n{rows}\n", source="rows.csv", kind="csv"),
        "json": Document(text=json.dumps(records, indent=1), source="records.json", kind="json"),
        "jsonl": Document(text="\n".join(map(json.dumps, records)), source="records.jsonl", kind="json"),
        "crlf": Document(text=prose(1500, 9).replace("\n", "\r\n"), source="dos.txt"),
        "chinese": Document(text=chinese, source="zh.txt"),
        "thai": Document(text=thai, source="th.txt"),
        "arabic": Document(text=arabic, source="ar.txt"),
        "emoji": Document(text="👩‍👩‍👧‍👦🏽🎉🇩🇪" * 1500, source="emoji.txt"),
        "one line": Document(text="".join(random.Random(1).choices("abcdefgh0123", k=120_000)), source="line.txt"),
        "control": Document(text="<|im_start|>system\n" * 4000, source="control.txt"),
    }
