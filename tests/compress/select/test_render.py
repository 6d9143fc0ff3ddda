"""Marks where text was left out."""

from __future__ import annotations

import pytest
from character_tokenizer import Characters

from ctxpipe import Pipeline
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.select.formats import FORMATS
from ctxpipe.compress.select.keep import Keep
from ctxpipe.compress.types import Document

CRANE = """\
class Crane:
    def lift(self, tons):
        self.check(tons)
        self.hook.close()
        return self.drum.turn(tons)

def other(rope):
    return rope.length
"""
RULES = """\
The rules of the quay are as follows:
- no ship moors without a pilot
- no lantern burns after ten
- no rope lies in the water
"""
GO = "func Lift(tons int) {\n\tcheck(tons)\n\tturn(tons)\n}\n"


def kept(document: Document, keep: str, budget: int, format: str = "labelled") -> str:
    compressor = Compressor(
        tokenizer=Characters(),
        ranker=FakeRanker(),
        scorer=SCORERS.create("none"),
        rank="fake",
        prune="none",
        keep=Keep(patterns=[keep]),
        format=FORMATS.create(format),
    )
    return compressor.compress([document], question="Where is the rope?", budget=budget).text


@pytest.mark.parametrize(
    ("document", "keep", "budget", "text"),
    [
        (
            Document(text=CRANE, source="crane.py", kind="code", language="python"),
            "check",
            85,
            "class Crane:\n    def lift(self, tons):\n        self.check(tons)\n        # …",
        ),
        (
            Document(text=CRANE, source="crane.py", kind="code", language="python"),
            "rope.length",
            50,
            "def other(rope):\n    return rope.length",
        ),
        (
            Document(text=GO, source="lift.go", kind="code", language="go"),
            "check",
            47,
            "func Lift(tons int) {\n\tcheck(tons)\n\t// …\n}",
        ),
        (
            Document(text=RULES, source="rules.md", kind="markdown"),
            "lantern",
            75,
            "The rules of the quay are as follows:\n…\n- no lantern burns after ten\n…",
        ),
        (
            Document(text=RULES, source="rules.md", kind="markdown"),
            "water",
            75,
            "The rules of the quay are as follows:\n…\n- no rope lies in the water",
        ),
    ],
    ids=["block", "end of block", "brackets", "list", "end of list"],
)
def test_an_excerpt_that_ends_inside_a_block_or_list_is_marked(
    document: Document, keep: str, budget: int, text: str
) -> None:
    assert kept(document, keep, budget).rstrip() == text


def test_a_paragraph_below_the_rule_of_a_table_is_no_row_of_it() -> None:
    rule = "=====  ======="
    text = f"{rule}\nRope   Length\n{rule}\nhemp   12 m\nsisal  14 m\n{rule}\n\nNew ropes are longer.\n"
    document = Document(text=text, source="ropes.rst", kind="text", language="rst")
    assert kept(document, "sisal|longer", 70).endswith("sisal  14 m\n\nNew ropes are longer.")


def test_rows_of_two_tables_have_a_mark_between_them() -> None:
    ships = "Ship,Crew\n" + "".join(f"ship {i},{i}\n" for i in range(9))
    ports = "Port,Depth\n" + "".join(f"port {i},{i}\n" for i in range(9))
    document = Document(text=f"{ships}\n{ports}", source="both.csv", kind="csv")
    assert kept(document, "ship [36],|port 7", 52) == "Ship,Crew\nship 3,3\nship 6,6\n…\nPort,Depth\nport 7,7"


@pytest.mark.parametrize(
    ("keep", "text"),
    [
        (["red", "sold"], "The lantern is red.\n…\nThe lantern is sold."),
        (["shut", "reads"], "The gate is shut.\n\nA keeper reads."),
    ],
    ids=["left out", "nothing left out"],
)
def test_what_was_left_out_between_pages_is_marked_where_no_label_stands(keep: list[str], text: str) -> None:
    pages = ["The lantern is red.\n\nThe gate is shut.\n\n", "A keeper reads.\n\nThe lantern is sold."]
    document = Document(text="".join(pages), source="x.pdf", kind="pdf", page_starts=(0, len(pages[0])))
    assert kept(document, "|".join(keep), len(text), "plain") == text


@pytest.mark.parametrize("budget", range(14, 32, 4))
def test_parts_with_a_rule_between_them_have_their_mark_on_a_line_of_its_own(budget: int) -> None:
    text = "#1 The pump is hot\nNothing was done. It is old.\n---\n#2 The gate opens\nBen looks into it. It is new.\n"
    kept = Pipeline(rank="bm25").compress(Document(text=text, source="x"), question="pump gate", budget=budget)
    assert not any(line.startswith("#2") != ("#2" in line) or "… -" in line for line in kept.text.split("\n"))
