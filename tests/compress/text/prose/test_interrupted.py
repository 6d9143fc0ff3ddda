"""Sentences that go on below a list, code or a formula."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from units_support import above, check_units

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.interrupted import breaks_off
from ctxpipe.compress.types import Document, Kind

BYLAW = """7. Moorings

If a vessel, in the opinion of the warden,

  (a) leaks oil or sewage, or

  (b) blocks the ferry ramp,

the warden may tow it away at the owner's cost. Towing costs 90 crowns.

8. Nets

A fisherman who
  (a) sets nets after dusk; or
  (b) leaves nets on the quay,
shall pay 40 crowns.

9. Leave

The claim is due where

(a) it is made in writing,

(b) either

(i) the damage exceeds 500 crowns, or

(ii) a person was hurt,

and the premium has been paid.

10. Gates

(1) The keeper must
(a) shut the gates at dusk,
(b) count the boats,
unless the harbour is closed.
"""

GUIDE = """The boom is then raised with

{indent}raise --to {{height}}
{indent}hold = yes

before the sail is set. Never climb it.
"""


@pytest.mark.parametrize("kind", ["text", "markdown"])
@pytest.mark.parametrize(
    ("words", "lead"),
    [
        ("leaks oil", "If a vessel, in the opinion of the warden,"),
        ("blocks the ferry", "If a vessel, in the opinion of the warden,"),
        ("the warden may tow", "If a vessel, in the opinion of the warden,"),
        ("leaves nets", "A fisherman who"),
        ("shall pay 40", "A fisherman who"),
        ("(b) either", "The claim is due where"),
        ("a person was hurt", "(b) either"),
        ("premium has been", "The claim is due where"),
        ("count the boats", "(1) The keeper must"),
        ("unless the harbour", "(1) The keeper must"),
    ],
)
def test_items_and_the_end_of_a_sentence_stand_under_its_beginning(words: str, lead: str, kind: Kind) -> None:
    assert above(BYLAW, words, kind)[-1] == lead


def test_what_follows_the_end_of_the_sentence_does_not_stand_under_its_beginning() -> None:
    assert above(BYLAW, "Towing costs") == ["7. Moorings"]


@pytest.mark.parametrize("budget", range(24, 60, 4))
def test_no_end_is_kept_without_its_beginning_and_it_comes_next(budget: int) -> None:
    kept = Pipeline(rank="bm25").compress(
        Document(text=BYLAW, source="x"), question="What if a vessel blocks the ferry ramp?", budget=budget
    )
    if "the warden may tow" in kept.text:
        assert "If a vessel" in kept.text
    if "blocks the ferry ramp" in kept.text and "tow it away" not in kept.text:
        assert "Nets" not in kept.text
    if budget >= 48:
        assert "blocks the ferry ramp" in kept.text
        assert "tow it away" in kept.text


@pytest.mark.parametrize("indent", ["    ", ""])
@pytest.mark.parametrize("kind", ["text", "markdown", "pdf"])
def test_short_code_is_part_of_the_sentence_around_it(indent: str, kind: Kind) -> None:
    text = GUIDE.format(indent=indent)
    made = outline(Document(text=text, source="x", kind=kind))
    first, second = (text[unit.start : unit.end] for unit in made.units(0, len(text)))
    assert first == text[: text.index(" Never")]
    assert second == "Never climb it."


def test_fenced_code_is_part_of_the_sentence_around_it() -> None:
    text = "It is wet. To raise the boom, you can use\n\n```sh\nraise --to 4\n```\n\nbefore the sail is set. Climb.\n"
    made = outline(Document(text=text, source="x", kind="markdown"))
    units = [text[unit.start : unit.end] for unit in made.units(0, len(text))]
    assert units == ["It is wet.", text[text.index("To raise") : text.index(" Climb")], "Climb."]


def test_the_end_of_a_sentence_around_long_code_stands_under_its_beginning() -> None:
    code = "".join(f"    raise --to {n} --hold --quietly\n" for n in range(30))
    text = f"The boom is then raised with\n\n{code}\nbefore the sail is set. Never climb it.\n"
    assert above(text, "before the sail") == ["The boom is then raised with"]
    assert above(text, "Never climb") == []


@pytest.mark.parametrize(
    "text",
    [
        "We sell these boats.\n\n- a ketch\n- a yawl\n\nthe last of them is old. It leaks.\n",
        "Boats are listed here: ask.\n\n    ketch = 4\n\nthe last of them is old. It leaks.\n",
        "You may not\n\n- row\n\nunless it is calm. It is.\n\nthe last of them is old. It leaks.\n",
    ],
)
def test_small_letters_alone_do_not_go_on_with_what_has_ended(text: str) -> None:
    assert above(text, "the last of them") == []


@pytest.mark.parametrize(
    ("words", "open_end"),
    [
        ("A person who", True),
        ("If a person, without leave,", True),
        ("The master must—", True),
        ("A person pays.", False),
        ("The following apply:", False),
        ("=====", False),
        ("x == 3", False),
        ("two words", False),
    ],
)
def test_a_sentence_of_words_without_a_stop_breaks_off(words: str, open_end: bool) -> None:
    assert breaks_off(words, 0, len(words)) == open_end


_BLOCKS = [
    "If a vessel, at night,",
    "A fisherman who sets nets",
    "  (a) leaks, or",
    "(b) blocks the ramp,",
    "- drifts",
    "the warden may tow it away.",
    "unless the harbour is closed",
    "    raise --to 4",
    "hold = yes\nturn = no\nstop = 3",
    "# Gates",
    "It is wet. The boom is raised with",
]


@given(st.lists(st.sampled_from(_BLOCKS), max_size=9), st.sampled_from(["\n", "\n\n"]))
def test_units_hold_all_text_however_sentences_are_interrupted(blocks: list[str], between: str) -> None:
    text = between.join(blocks)
    kinds: tuple[Kind, ...] = ("text", "markdown", "pdf")
    for kind in kinds:
        check_units(text, outline(Document(text=text, source="x", kind=kind)).units(0, len(text)))


def test_many_paragraphs_below_one_sentence_take_time_in_proportion() -> None:
    text = "If a vessel, at night,\n\n- leaks\n\n" + "\n\n".join(itertools.repeat("unless it is closed", 20_000))
    made = outline(Document(text=text, source="x"))
    assert len(made.units(0, len(text))) >= 20_000


CLAUSES = """5. DUTIES

5.1 The Supplier shall not, without consent:

5.1.1 move the data abroad;

5.1.2 appoint a subcontractor for the hosting; or

5.1.3 change the opening hours of the help desk.

5.2 The Supplier shall:

5.2.1 keep the logs for 12 months.

5.3 The price is 90 crowns. It is paid monthly.
"""


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
def test_clauses_stand_under_the_sentence_that_their_number_goes_on_with(kind: Kind) -> None:
    for words in ("move the data", "appoint a", "change the"):
        assert above(CLAUSES, words, kind)[-1] == "5.1 The Supplier shall not, without consent:"
    assert above(CLAUSES, "keep the logs", kind)[-1] == "5.2 The Supplier shall:"
    assert "5.2 The Supplier shall:" not in above(CLAUSES, "The price is", kind)


def test_parts_of_a_question_stand_under_it_and_other_lists_do_not() -> None:
    exam = (
        "**1.** Ethanol is made.\n\n(a) State how.\n\n(b) Name it.\n\n**2.** Ethene is made.\n\n(a) State how it is.\n"
    )
    assert above(exam, "Name it", "markdown") == ["**1.** Ethanol is made."]
    assert above(exam, "State how it is", "markdown") == ["**2.** Ethene is made."]
    assert above("14. Rent is paid.\n\n16. A fee is due.\n\n(1) A person may row.\n", "may row", "markdown") == []
