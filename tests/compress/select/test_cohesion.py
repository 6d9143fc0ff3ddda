"""Small functions, objects and sections of settings are completed before others are begun."""

from __future__ import annotations

import json

import numpy as np
import pytest
from character_tokenizer import Characters
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.select.cohesion import LEADING, SMALL, cohesive
from ctxpipe.compress.select.pool import Candidates, candidates_of
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Chunk, Document, Kind

PIERS = {
    f"pier {index}": {
        "material": f"oak of the year {1900 + index}, tarred twice and covered with copper against the worm",
        "berths": f"{index} on the inner side and {2 * index} on the outer side, all with rings",
        "warden": "",
        "rule": f"the lantern {index} burns from dusk until dawn whenever a ship lies alongside the pier at night",
        "depth": f"{index} metres at low water, two more at high water, with a bottom of sand and broken shells",
    }
    for index in range(3, 9)
}
SETTINGS = "\n".join(f"[pier.{i}]\nmaterial = oak\nberths = {i}\nlantern = {i}{i}\n" for i in range(3, 9))
CODE = "\n\n".join(
    f"def moor_{i}(ship):\n    check(ship)\n    rope = take({i})\n    tie(rope, ship)\n    return lantern({i})"
    for i in range(3, 9)
)


def compressed(document: Document, question: str, budget: int) -> str:
    compressor = Compressor(
        tokenizer=Characters(), ranker=FakeRanker(), scorer=SCORERS.create("none"), rank="fake", prune="none"
    )
    return compressor.compress([document], question=question, budget=budget).text


def test_an_object_is_whole_before_the_next_is_begun() -> None:
    text = json.dumps(PIERS, indent=1)
    kept = json.loads(compressed(Document(text=text, source="piers.json", kind="json"), "Where is lantern 5?", 480))
    assert kept["pier 5"] == PIERS["pier 5"]


def test_a_small_budget_keeps_the_best_member_of_an_object() -> None:
    text = json.dumps(PIERS, indent=1)
    kept = json.loads(compressed(Document(text=text, source="piers.json", kind="json"), "Where is lantern 5?", 160))
    assert list(kept) == ["pier 5"]
    assert kept["pier 5"]["rule"] == PIERS["pier 5"]["rule"]
    assert kept["pier 5"].keys() <= {"rule", "warden"}


def test_a_function_is_whole_before_the_next_is_begun() -> None:
    document = Document(text=CODE, source="moor.py", kind="code", language="python")
    kept = compressed(document, "What does moor_5 tie?", 130)
    assert "def moor_5(ship):\n    check(ship)\n    rope = take(5)\n    tie(rope, ship)\n    return lantern(5)" in kept
    assert kept.count("def ") == 1


def test_a_section_of_settings_is_whole_before_the_next_is_begun() -> None:
    document = Document(text=SETTINGS, source="piers.toml", kind="code", language="toml")
    kept = compressed(document, "How many berths has pier.5?", 60)
    assert kept.strip().startswith("[pier.5]\nmaterial = oak\nberths = 5\nlantern = 55")


def candidates(document: Document, scores: list[float]) -> Candidates:
    whole = Chunk(document=0, start=0, end=len(document.text), kind=document.kind, headings=())
    made = candidates_of([outline(document)], [whole])
    given_scores = np.resize(np.array(scores, dtype=np.float32), len(made.units))
    return Candidates(
        units=made.units, document=made.document, passage=made.passage, passages=made.passages, score=given_scores
    )


@pytest.mark.parametrize("kind", ["json", "code"])
@given(scores=st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=40))
def test_scores_only_rise_and_the_best_stays_the_best(kind: str, scores: list[float]) -> None:
    text = json.dumps(PIERS, indent=1) if kind == "json" else CODE
    document = Document(text=text, kind=kind, language="" if kind == "json" else "python")  # type: ignore[arg-type]
    ranked = candidates(document, scores)
    assert ranked.score is not None
    after = cohesive([document], [outline(document)], ranked, 0)
    hollow = np.array(['""' in text[u.start : u.end] for u in ranked.units])
    assert (after[~hollow] >= np.nextafter(ranked.score[~hollow], np.float32(-np.inf))).all()
    assert after[~hollow].max() == ranked.score[~hollow].max()


def test_a_member_without_a_value_leads_nowhere() -> None:
    document = Document(text=json.dumps(PIERS, indent=1), kind="json")
    ranked = candidates(document, [0.0])
    assert ranked.score is not None
    hollow = next(i for i, u in enumerate(ranked.units) if document.text[u.start : u.end] == '"warden": ""')
    ranked.score[hollow] = 9
    assert cohesive([document], [outline(document)], ranked, 0).max() == 0


def test_what_is_large_or_prose_is_left_alone() -> None:
    prose = Document(text="# Pier\n\n" + "The pier is long. The lantern burns. " * 5, kind="markdown")
    large = Document(text="def f():\n" + "    rope = take(1)\n" * (SMALL // 10), kind="code", language="python")
    for document in (prose, large):
        ranked = candidates(document, [0.0, 1.0, 2.0])
        assert np.array_equal(cohesive([document], [outline(document)], ranked, 0), ranked.score)


def test_what_the_question_is_about_comes_first_in_a_thing_that_does_not_fit() -> None:
    cases = "".join(f"\tcase {i}:\n\t\tload(kind);\n\t\treturn {i}{i};\n" for i in range(3, 9))
    text = f"int speed(int kind)\n{{\n\tswitch (kind) {{\n{cases}\t}}\n}}\n"
    document = Document(text=text, source="a.c", kind="code", language="c")
    made = outline(document)
    whole = [Chunk(document=0, start=0, end=len(text), kind="code", headings=())]
    ranked = candidates_of([made], whole)
    scores = [1.0 + (text[u.start : u.end].strip() == "return 66;") * 0.5 for u in ranked.units]
    given = Candidates(
        units=ranked.units,
        document=ranked.document,
        passage=ranked.passage,
        passages=whole,
        score=np.array([4.0, *scores[1:]], dtype=np.float32),
    )
    found = cohesive([document], [made], given, 0)
    order = [text[ranked.units[i].start : ranked.units[i].end].strip() for i in np.argsort(-found, kind="stable")]
    assert order[1] == "return 66;"


def test_an_address_is_completed_before_another_is_begun() -> None:
    text = "\n\n".join(f"Contact: pier {n}\nPhone: {n * 9}\nFax: none\nHours: 7-{n}" for n in range(3, 9))
    kept = compressed(Document(text=text, source="x"), "Contact: pier 5", 50)
    assert kept.startswith("Contact: pier 5\nPhone: 45\nFax: none\nHours: 7-5")


LONG = "\n\n".join(
    f"def moor_{i}(ship):\n    check(ship)\n"
    + "\n".join(f"    rope_{n} = take({i}, {n}, of='hemp, tarred twice')" for n in range(16))
    + f"\n    return lantern({i})"
    for i in range(3, 6)
)


@pytest.mark.parametrize(("budget", "is_whole"), [(1100, True), (600, False)])
def test_what_the_best_unit_is_in_may_be_larger_where_there_is_room(budget: int, is_whole: bool) -> None:
    small = "def note(ship):\n    book(ship)\n    return lantern\n"
    document = Document(text=f"{LONG}\n\n{small}", source="moor.py", kind="code", language="python")
    assert all(SMALL < len(function) < LEADING for function in LONG.split("\n\n"))
    kept = compressed(document, "What does moor_4 return: lantern(4)?", budget)
    assert (LONG.split("\n\n")[1] in kept) == is_whole
    assert "return lantern(4)" in kept


def test_all_answers_come_with_the_question_that_fits_best() -> None:
    said = ("It costs {0}.", "This message was deleted.", "Sorry, it costs {1}.")
    text = "\n".join(
        "\n".join([f"Ann: What costs pier {n}?", *(f"Bo: {words.format(n * 7, n * 9)}" for words in said)])
        for n in range(3, 9)
    )
    kept = compressed(Document(text=text, source="x"), "What costs pier 5?", 110)
    assert kept == "Ann: What costs pier 5?\nBo: It costs 35.\nBo: This message was deleted.\nBo: Sorry, it costs 45."


@pytest.mark.parametrize(
    ("text", "kind", "note"),
    [
        (
            "\n\n".join(f"# Pier {n}\n\nIt costs {n * 7} euros.[^{n}]\n\nIt is near." for n in range(3, 9))
            + "\n\n"
            + "\n".join(f"[^{n}]: Not in {n} of the months." for n in range(3, 9)),
            "markdown",
            "[^5]: Not in 5 of the months.",
        ),
        (
            "pier,fee\n" + "".join(f"pier {n} ,{n * 7}{'*' * (n == 5)}\n" for n in range(3, 12)) + "\n* not approved\n",
            "csv",
            "* not approved",
        ),
    ],
)
def test_a_note_comes_with_what_calls_it(text: str, kind: Kind, note: str) -> None:
    assert note in compressed(Document(text=text, source="x", kind=kind), "What costs pier 5 ?", 75)


def test_the_comment_above_a_function_comes_with_it() -> None:
    text = "\n\n".join(f"# in cents, not euros of {n}\ndef fee_{n}(ship):\n    return {n * 7}" for n in range(3, 9))
    kept = compressed(Document(text=text, source="x.py", kind="code", language="python"), "return 35", 75)
    assert kept.strip("# …\n") == "in cents, not euros of 5\ndef fee_5(ship):\n    return 35"


@pytest.mark.parametrize("budget", [150, 220, 300])
def test_what_an_alias_of_yaml_refers_to_comes_with_it(budget: int) -> None:
    anchors = "".join(
        f"  {name}: &{name}\n    tries: {i + 3}\n    wait: {i}s\n" for i, name in enumerate(("slow", "wide", "thin"))
    )
    jobs = "".join(f"  job{i}:\n    image: box{i}\n    retry: *{('slow', 'thin', 'wide')[i % 3]}\n" for i in range(9))
    document = Document(text=f"kinds:\n{anchors}jobs:\n{jobs}", source="jobs.yaml", kind="code", language="yaml")
    kept = compressed(document, "How often does box5 try?", budget)
    assert "retry: *wide" in kept
    assert "  wide: &wide\n    tries: 4" in kept
