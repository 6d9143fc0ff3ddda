"""Questions over two documents made of questions over one."""

from __future__ import annotations

import random

import pytest

from training.compose import MOST_OF_QUESTION, compose, description
from training.overlap import same_question
from training.schema import Item, TrainingEvidence, TrainingPassage
from training.sources import COMPOSED


def item(name: str, question: str, answer: str, text: str, **changes: object) -> Item:
    start = text.index(answer)
    fields = {
        "id": f"squad_misc/{name}",
        "source": "squad_misc",
        "question": question,
        "passages": (TrainingPassage(title=name, text=text),),
        "answers": (answer,),
        "evidence": (TrainingEvidence(passage=0, start=start, end=start + len(answer)),),
        "evidence_type": "answer_span",
        "answerable": True,
    }
    return Item(**(fields | changes))


FOUNDER = item("Gwarn", "Who founded Gwarn Music?", "Ana Kahl", "Gwarn Music was founded by Ana Kahl in May.")
BORN = item("Kahl", "Where was Ana Kahl born?", "Arden", "The singer Ana Kahl was born in Arden.")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Who founded Gwarn Music?", "the founder of Gwarn Music"),
        ("In which administrative area is Arden located?", "the administrative area in which Arden is located"),
        ("Who was the mayor of Arden?", "the mayor of Arden"),
        ("Who did Ana marry?", "the person that Ana marry"),
        ("who wrote The Lantern", "the person who wrote The Lantern"),
        ("What company acquired Gwarn?", "the company that acquired Gwarn"),
        ("In what city is the harbour?", "the city in which is the harbour"),
        ("When did Ana die?", ""),
        ("How many towns are there?", ""),
        (f"Who was the mayor of {'a long ' * 20}town?", ""),
    ],
)
def test_what_a_question_asks_for_is_a_phrase(question: str, said: str) -> None:
    assert description(item("x", question, "it", "it is")) == said


def test_a_name_gives_way_to_the_question_that_asks_for_it() -> None:
    (made,) = compose([BORN, FOUNDER], 5, seed=0)
    assert made.question == "Where was the founder of Gwarn Music born?"
    assert (made.source, made.answers) == (COMPOSED, ("Arden",))
    marked = [made.passages[e.passage].text[e.start : e.end] for e in made.evidence]
    assert marked == ["Ana Kahl", "Arden"]


def test_a_question_of_an_evaluation_set_does_not_come_out() -> None:
    assert (
        compose([BORN, FOUNDER], 5, seed=0, barred={same_question("where was the founder of Gwarn Music born")}) == []
    )


@pytest.mark.parametrize(
    "other",
    [
        item("Kahl", "Where was Ana Kahl Smith born?", "Arden", "Ana Kahl Smith was born in Arden."),  # another name
        item("Gwarn", "Where was Ana Kahl born?", "Arden", "In Arden Ana Kahl was born."),  # the same document
        item("Kahl", "What did Ana Kahl found in May?", "Gwarn Music", "She founded Gwarn Music."),  # told already
        item("Kahl", "Where was Ana Kahl born?", "Arden", "She came from Arden.", answers=()),
        item("Kahl", "Where was Ana Kahl born?", "Arden", "She came from Arden.", source="hotpot_samples"),
    ],
)
def test_pairs_that_do_not_fit(other: Item) -> None:
    assert compose([FOUNDER, other], 5, seed=0) == []


def test_what_is_made_hangs_on_ids_and_seed_alone() -> None:
    towns = ["Arden", "Belmor", "Corvale", "Dunmere", "Eastby", "Farrow"]
    items = [FOUNDER]
    items += [item(f"k{t}", f"When did Ana Kahl see {t}?", "1990", f"She saw {t} in 1990.") for t in towns]
    made = compose(items, 50, seed=1)
    assert len(made) == MOST_OF_QUESTION  # the founder's question is part of each
    random.Random(3).shuffle(items)
    assert compose(items, 50, seed=1) == made
    assert compose(items, 2, seed=1) == made[:2]
    assert {m.id for s in range(9) for m in compose(items, 2, seed=s)} > {m.id for m in made}
