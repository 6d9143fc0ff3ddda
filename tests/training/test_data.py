"""Reading, cleaning, splitting and cutting training data."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.build import Builder, cut, second_question, unasked
from training.examples import CERTAIN, FREE, IGNORED, SECOND, Example, ExampleLayout, assemble
from training.negatives import NegativePool
from training.overlap import RUN, Runs, evaluation_texts, same_question
from training.pieces import MarkedPiece, joined_turns, pieces, with_demand
from training.prepare import clean, cleaned_item, model_tokenizer, quotas, without_overlap
from training.schema import Item, SchemaError, TrainingEvidence, TrainingPassage, read
from training.sources import SOURCES, document_name, used
from training.split import own_documents, split

WORDS = st.lists(st.sampled_from([f"w{i}" for i in range(400)]), min_size=RUN, max_size=60)


def item(number: int = 0, **changes: object) -> Item:
    fields = {
        "id": str(number),
        "source": "squad_misc",
        "question": f"What is {number}?",
        "passages": (TrainingPassage(title=f"T{number}", text=f"It is {number}. Nothing else is known."),),
        "answers": (),
        "evidence": (TrainingEvidence(passage=0, start=6, end=7),),
        "evidence_type": "answer_span",
        "answerable": True,
    }
    return Item(**(fields | changes))


PASSAGE = '"id": "a", "passages": [{"title": "", "text": "abc"}]'


@pytest.mark.parametrize(
    "row",
    [
        '{"id": "a"}',
        f'{{{PASSAGE}, "question": "q", "evidence": [{{"passage": 0, "start": 1, "end": 9}}]}}',
        f'{{{PASSAGE}, "question": "q", "evidence": [{{"passage": 1, "start": 0, "end": 1}}]}}',
        f'{{{PASSAGE}, "question": " "}}',
        "no json",
    ],
)
def test_a_bad_line_is_named(row: str, tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "squad_misc.jsonl.gz"
    path.write_bytes(gzip.compress(row.encode()))
    with pytest.raises(SchemaError, match=r"squad_misc\.jsonl\.gz, line 1"):
        list(read(path))


def test_a_larger_share_holds_a_smaller_one(made_data: tuple[Path, Path]) -> None:
    path = made_data[0] / "squad_misc.jsonl.gz"
    few, more, all_of_them = ([i.id for i in read(path, share=share)] for share in (0.2, 0.6, 1.0))
    assert set(few) < set(more) < set(all_of_them)
    assert len(all_of_them) == 90


def test_every_file_has_a_licence_and_refused_ones_a_reason() -> None:
    assert all(source.licence for source in SOURCES.values())
    assert all(bool(source.refused) == (source.items == 0) for source in SOURCES.values())
    assert not [name for name in used() if "NC" in SOURCES[name].licence]


@settings(max_examples=40)
@given(WORDS, WORDS, st.data())
def test_a_shared_run_is_found(known: list[str], other: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(known) - RUN))
    place = data.draw(st.integers(0, len(other)))
    text = ", ".join([*other[:place], *known[at : at + RUN], *other[place:]]).upper()
    assert Runs([" ".join(known)]).shared(text)


@settings(max_examples=40)
@given(WORDS, WORDS)
def test_only_equal_runs_are_found(known: list[str], other: list[str]) -> None:
    runs = {tuple(known[i : i + RUN]) for i in range(len(known) - RUN + 1)}
    equal = any(tuple(other[i : i + RUN]) in runs for i in range(len(other) - RUN + 1))
    assert Runs([" ".join(known)]).shared(" ".join(other)) == equal


def test_questions_are_equal_by_their_words() -> None:
    assert same_question("Who  wrote «Emma»?") == same_question("who wrote Emma")


def test_what_evaluation_holds_is_removed_and_counted(made_data: tuple[Path, Path]) -> None:
    training, data = made_data
    files = {name: training / f"{name}.jsonl.gz" for name in ("squad_misc", "hotpot_samples")}
    kept, removed = clean(files, evaluation_texts(data), 1.0, lambda *_: None)
    assert removed["squad_misc"]["question in evaluation"] == 1
    assert removed["squad_misc"]["evidence in evaluation"] == 1
    assert {f"squad_misc/{n}" for n in (0, 1)}.isdisjoint(i.id for i in kept)
    assert len(kept) == 90 - 2 + 40


def test_a_passage_without_evidence_is_removed_alone() -> None:
    passages = (
        TrainingPassage(title="a", text="bad"),
        TrainingPassage(title="b", text="good 7"),
        TrainingPassage(title="c", text="fine"),
    )
    one = item(passages=passages, evidence=(TrainingEvidence(passage=1, start=5, end=6),))
    cleaned, reason = cleaned_item(one, set(), {"bad": True, "good 7": False, "fine": False})
    assert reason == "passages in evaluation"
    assert cleaned is not None
    assert cleaned.passages == passages[1:]
    assert cleaned.evidence == (TrainingEvidence(passage=0, start=5, end=6),)


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=3), min_size=1, max_size=80))
def test_no_document_with_evidence_is_on_both_sides(titles: list[list[int]]) -> None:
    items = [
        item(
            number,
            passages=tuple(TrainingPassage(title=f"T{t}", text="x y z") for t in names),
            evidence=tuple(TrainingEvidence(passage=i, start=0, end=1) for i in range(len(names))),
        )
        for number, names in enumerate(titles)
    ]
    train, dev, documents = split(items, 0.3)
    assert len(train) + len(dev) == len(items)
    assert documents.isdisjoint(name for one in train for name in own_documents(one))


def test_documents_of_different_files_are_the_same_by_title() -> None:
    one, other = item(source="squad_misc"), item(source="selqa")
    assert document_name(one, TrainingPassage(title="New_York", text="a")) == document_name(
        other, TrainingPassage(title="New York - History", text="b")
    )
    assert document_name(item(source="qmsum_train", id="m1-3"), one.passages[0]) == "qmsum_train:m1"


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_pieces_hold_all_evidence_and_all_sentences(seed: int, count: int) -> None:
    draw = random.Random(seed)
    lines = [f"Sentence {i} has {'very ' * draw.randint(0, 30)}many words." for i in range(count)]
    text = " ".join(lines)
    marked = draw.choice(lines)
    start = text.index(marked)
    span = TrainingEvidence(passage=0, start=start + 2, end=start + len(marked) - 1)
    made = pieces(TrainingPassage(title="t", text=text), [span], "d")
    assert [p.text[a:b] for p in made for a, b in p.sentences] == lines
    assert "".join(p.text[a:b] for p in made for a, b in p.answers) == text[span.start : span.end]
    assert [p.text[a:b] for p in made for a, b in p.wanted] == [marked]


def test_joined_turns_keep_what_is_marked() -> None:
    turns = [TrainingPassage(title=f"Speaker {i}", text=f"Turn {i} " + "goes on " * 12) for i in range(40)]
    spans = [TrainingEvidence(passage=i, start=0, end=7) for i in (0, 17, 39)]
    passages, moved = joined_turns(turns, spans)
    assert 1 < len(passages) < 40
    assert [passages[e.passage].text[e.start : e.end] for e in moved] == [turns[i].text[:7] for i in (0, 17, 39)]


@given(st.integers(0, 1000))
def test_a_demand_moves_marks_along(seed: int) -> None:
    text = "One is here. Two is there. Three is 17 now."
    (piece,) = pieces(TrainingPassage(title="", text=text), [TrainingEvidence(passage=0, start=36, end=38)], "d")
    changed = with_demand(piece, random.Random(seed))
    assert len(changed.text) > len(text)
    assert [changed.text[a:b] for a, b in changed.answers] == ["17"]
    assert [changed.text[a:b] for a, b in changed.wanted] == ["Three is 17 now."]
    assert len(changed.sentences) == 4


def test_targets_stand_on_the_marked_words() -> None:
    tokenizer = model_tokenizer()
    (piece,) = pieces(
        TrainingPassage(title="Lorne", text="It was sold. The harbour opened in 1834, they say. It was closed."),
        [TrainingEvidence(passage=0, start=35, end=39)],
        "d",
    )
    made = assemble(
        [Example(question="When?", piece=piece, kind=0, relevance=1, source=0, group=0)], ExampleLayout(tokenizer)
    )
    assert tokenizer.decode(made.ids[made.target == CERTAIN].tolist()) == "1834"
    wanted = made.ids[(made.target != IGNORED) & (made.target > 0)].tolist()
    assert tokenizer.decode(wanted) == "the harbour opened in 1834, they say."
    assert tokenizer.decode(made.ids.tolist(), skip_special_tokens=False).startswith("[CLS] when? [SEP] lorne [SEP] it")
    assert tokenizer.decode(made.ids[made.second[0] :].tolist()).startswith("lorne")


def test_negatives_look_alike_and_hold_no_answer(tmp_path: Path) -> None:
    texts = [f"The violin of Arden {i} was sold in {1700 + i}." for i in range(40)]
    texts += [f"Copper is moved in winter {i}." for i in range(40)]
    found = [
        MarkedPiece(title="", text=text, document=str(i), sentences=((0, len(text)),)) for i, text in enumerate(texts)
    ]
    pool = NegativePool(found, None, tmp_path)
    hard = pool.hard("violin sold Arden", None, 3, lambda p: "1703" not in p.text, random.Random(0))
    assert len(hard) == 3
    assert all("violin" in p.text and "1703" not in p.text for p in hard)


def test_a_chain_is_asked_again_with_each_link(made_data: tuple[Path, Path], tmp_path: Path) -> None:
    (one, *_) = read(made_data[0] / "hotpot_samples.jsonl.gz")
    made = cut(one, lambda *_: False)
    assert len({p.document for p in made.wanted}) == 2
    pools = {"en": NegativePool([*made.wanted, *made.others], None, tmp_path)}
    built = list(Builder(pools, ["hotpot_samples"], seed=0, changed=False).build([made]))
    second = [e for e in built if e.kind == SECOND]
    for seed in made.wanted:
        question = second_question(one.question, seed, seed.wanted[0])
        assert any(e.question == question and e.relevance == 1 and e.piece != seed for e in second)
    assert any(e.relevance == 0 for e in second)
    assert all(e.question.startswith(one.question) for e in built)


def test_without_a_question_targets_are_how_often_a_sentence_is_asked_for() -> None:
    text = "First is 1. Second is 2. Third is 3."
    passage = (TrainingPassage(title="T", text=text),)
    asked = [
        item(n, passages=passage, evidence=(TrainingEvidence(passage=0, start=at, end=at + 1),))
        for n, at in enumerate((9, 9, 9, 22))
    ]
    (example,) = unasked([cut(one, lambda *_: False) for one in asked], ["squad_misc"], first_group=5)
    assert (example.kind, example.question, example.shares) == (FREE, "", (0.75, 0.25, 0.0))
    made = assemble([example], ExampleLayout(model_tokenizer()))
    assert set(made.target[made.sentence == 0].tolist()) == {75}
    assert set(made.target[made.sentence == 2].tolist()) == {0}


def test_quotas_hang_on_ids_alone_and_overlap_with_development_is_left_out() -> None:
    cuts = [cut(item(n), lambda *_: False) for n in range(30)]
    chosen = quotas(cuts, {"squad_misc": 7}, 0)
    assert [c.item.id for c in chosen] == [c.item.id for c in quotas(cuts[::-1], {"squad_misc": 7}, 0)]
    assert len(chosen) == 7
    long = "a b c d e f g h i j k l m n o."
    held = cut(
        item(
            99,
            passages=(TrainingPassage(title="T", text=long),),
            evidence=(TrainingEvidence(passage=0, start=0, end=1),),
        ),
        lambda *_: False,
    )
    kept, count = without_overlap([*cuts, held], Runs([f"x {long} y"]))
    assert (len(kept), count["items"]) == (30, 1)
    assert np.all([c is not held for c in kept])
