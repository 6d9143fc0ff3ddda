"""JSON below a line of text: cut by members, and still JSON."""

from __future__ import annotations

import json
import time

import pytest
from units_support import above

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

ROWS = [
    {"town": town, "loss": 7 * at, "note": "counted by hand in May " * 3}
    for at, town in enumerate(("Hull", "York", "Truro", "Ely"))
]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("value", [ROWS, {"rows": ROWS, "page": 1}], ids=["list", "object"])
def test_records_below_a_line_are_kept_whole(indent: int | None, value: object) -> None:
    text = "The query returned 4 rows (of 120):\n" + json.dumps(value, indent=indent) + "\nIt took 3 ms.\n"
    made = Pipeline(rank="bm25").compress(
        [Document(text=text, source="x")], question="What is the loss of Truro?", rate=0.5
    )
    said = made.text
    assert said.startswith("The query returned 4 rows (of 120):")
    found = json.loads(said[said.index("[" if value is ROWS else "{") :].removesuffix("It took 3 ms."))
    rows = found if isinstance(found, list) else found["rows"]
    assert {"town": "Truro", "loss": 14, "note": ROWS[2]["note"]} in rows


def test_members_stand_under_what_introduces_them() -> None:
    text = (
        "Rows of Kent:\n" + json.dumps(ROWS, indent=1) + "\n\nRows of Fife:\n" + json.dumps(ROWS[::-1], indent=1) + "\n"
    )
    assert above(text, '"loss": 21')[0] == "Rows of Kent:"
    assert above(text[text.index("Rows of Fife") :], '"loss": 21')[0] == "Rows of Fife:"


def test_what_python_prints_is_cut_by_records() -> None:
    rows = [
        {"town": town, "owner": "Ann's boat", "sold": None, "loss": 7 * at}
        for at, town in enumerate(("Hull", "York", "Ely", "Ayr", "Rye"))
    ]
    text = f"Rows: {rows!r}\nThat is all.\n"
    made = [u for u in outline(Document(text=text, source="x")).units(0, len(text)) if u.kind == "member"]
    assert [text[u.start : u.end] for u in made if u.close < 0] == [repr(row) for row in rows]
    assert above(text, "'loss': 14") == ["Rows:", "["]


@pytest.mark.parametrize(
    "text",
    [
        "[1] Smith, A history.\n[2] Hill, Boats.\n",
        '{"a": 1\nNo JSON, though it is long enough to be.\n' * 3,
        "{x}\n" * 40,
    ],
)
def test_other_brackets_are_text(text: str) -> None:
    made = outline(Document(text=text, source="x")).units(0, len(text))
    assert all(unit.kind != "member" for unit in made)


def test_brackets_that_never_close_take_little_time() -> None:
    start = time.process_time()
    outline(Document(text='[["a",\n' * 100_000, source="x"))
    assert time.process_time() - start < 20


def test_lines_of_a_log_that_end_in_json_are_records() -> None:
    text = "".join(
        f'handler: {{"request": {at}, "path": "/boats/{at}", "status": "open", "took": "{at} ms"}}\n' for at in range(9)
    )
    made = outline(Document(text=text, source="x")).units(0, len(text))
    assert all(unit.kind != "member" for unit in made)
