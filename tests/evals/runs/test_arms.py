from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.evals.runs.arms import parse_arms
from ctxpipe.evals.runs.contexts import ContextMaker
from ctxpipe.evals.scores.metrics import answer_scores
from ctxpipe.evals.suites.generated import generate
from ctxpipe.evals.targets.generation import Generator
from ctxpipe.evals.types import Evidence, Passage, Sample
from ctxpipe.serving.fake import FakeEngine
from ctxpipe.serving.types import Message

FILLER = "The ferry leaves at noon when the wind is low. " * 12
SAMPLE = Sample(
    id="s",
    dataset="made",
    cluster="c",
    documents=(
        Passage(text=FILLER, title="table", gold=False),
        Passage(text="  \n", title="Blank"),
        Passage(text="The keeper of the Larkmoor light is Ada Fenwick.", title="Larkmoor", gold=True),
        Passage(text=FILLER, title="Harbour", gold=False),
    ),
    question="Who keeps the Larkmoor light?",
    answers=("Ada Fenwick",),
    evidence=(Evidence(document=2, start=0, end=20),),
)


def counts(texts: Sequence[str]) -> list[int]:
    return [max(1, len(text) // 4) for text in texts]


@pytest.fixture(scope="module")
def maker() -> ContextMaker:
    return ContextMaker()


def test_names_give_arms_in_order_and_each_once() -> None:
    found = parse_arms(["raw", "bm25", "raw", "hybrid+llmlingua@0.5", "random@300", "bm25@.25"], [0.5, 0.25])
    assert [arm.name for arm in found] == [
        "raw",
        "bm25@0.5",
        "bm25@0.25",
        "hybrid+llmlingua@0.5",
        "random@300",
    ]
    assert (found[3].rank, found[3].prune, found[3].rate) == ("hybrid", "llmlingua", 0.5)
    assert (found[4].rate, found[4].budget) == (None, 300)


def test_names_of_earlier_versions_stand_for_the_same_methods() -> None:
    former = parse_arms(["surprisal@0.5", "contrastive@0.5", "hybrid+surprisal@0.5"])
    assert [arm.name for arm in former] == ["surprisal@0.5", "contrastive@0.5", "hybrid+surprisal@0.5"]
    assert [arm.prune for arm in former] == ["llmlingua", "longllmlingua", "surprisal"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bm52@0.5", "unknown arm 'bm52'; did you mean bm25"),
        ("rwa", "unknown arm 'rwa'; did you mean raw"),
        ("hybird+none@0.5", "unknown ranker 'hybird'; did you mean hybrid"),
        ("bm25+rando@0.5", "unknown pruner 'rando'; did you mean random"),
    ],
)
def test_an_unknown_name_offers_the_nearest(name: str, said: str) -> None:
    with pytest.raises(UnknownNameError, match=f"^{said.replace('+', '[+]')}"):
        parse_arms([name])


@pytest.mark.parametrize("name", ["bm25", "bm25@", "bm25@x", "bm25@0", "bm25@1.5", "bm25@-1", "bm25@nan"])
def test_an_amount_that_makes_no_sense_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        parse_arms([name])


def test_no_arm_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="no arm"):
        parse_arms([])


def said(text: str) -> str:
    """A context without its labels and marks."""
    return re.sub(r"^\[\d+\]\n|…", "", text, flags=re.MULTILINE)


def test_spans_point_into_the_items_own_documents(maker: ContextMaker) -> None:
    for arm in parse_arms(["raw", "identity", "gold", "bm25@0.25", "random@40", "head-tail@0.5"]):
        made = maker.make(arm, SAMPLE)
        assert made is not None
        kept = "".join(SAMPLE.documents[d].text[s:e] for d, s, e in made.spans)
        assert "".join(kept.split()) == "".join(said(made.text).split()), arm.name
        assert made.kept_tokens == maker.tokenizer.count(made.text)


def test_controls(maker: ContextMaker) -> None:
    made = {arm.name: maker.make(arm, SAMPLE) for arm in parse_arms(["raw", "raw2", "closed", "gold", "identity"])}
    raw, closed, gold = made["raw"], made["closed"], made["gold"]
    assert raw is not None
    assert closed is not None
    assert gold is not None
    texts = [passage.text for passage in SAMPLE.documents if passage.text.strip()]
    assert said(raw.text) == "\n\n".join(texts)
    assert made["identity"] is not None
    assert made["raw2"] is not None
    assert raw.text == made["raw2"].text == made["identity"].text
    assert (closed.text, closed.kept_tokens, closed.spans) == ("", 0, ())
    assert gold.text == SAMPLE.documents[2].text
    assert raw.source_tokens == closed.source_tokens == gold.source_tokens == maker.tokenizer.count_many(texts).sum()


def test_a_compressed_arm_keeps_to_its_amount_and_finds_the_answer(maker: ContextMaker) -> None:
    by_rate, by_budget = (maker.make(arm, SAMPLE) for arm in parse_arms(["bm25@0.25", "bm25@30"]))
    assert by_rate is not None
    assert by_budget is not None
    assert 0 < by_rate.kept_tokens <= 0.25 * by_rate.source_tokens
    assert 0 < by_budget.kept_tokens <= 30
    assert "Ada Fenwick" in by_rate.text


def test_a_passage_that_is_a_file_is_compressed_as_one(maker: ContextMaker) -> None:
    keys = {f"key_{i}": i for i in range(40)}
    passage = Passage(text=json.dumps({"tug": keys, "ferry": {"speed": 12}}, indent=1), source="fleet/speeds.json")
    sample = replace(SAMPLE, documents=(passage,), evidence=(), question="What is the speed of the ferry?")
    made = maker.make(parse_arms(["bm25@0.25"])[0], sample)
    assert made is not None
    assert "ferry" in json.loads(made.text)
    assert made.budget is not None
    fits = maker.fits(made)
    assert fits is not None
    assert fits(made.text)
    assert not fits(passage.text)
    raw = maker.make(parse_arms(["raw"])[0], sample)
    assert raw is not None
    assert maker.fits(raw) is None


def test_gold_does_not_apply_where_no_evidence_is_marked(maker: ContextMaker) -> None:
    unmarked = Sample(
        id="u", dataset="d", cluster="c", documents=(Passage(text="Words."),), question="Q?", answers=("A",)
    )
    assert maker.make(parse_arms(["gold"])[0], unmarked) is None


def test_cover_has_its_own_answer_and_the_sentences_that_it_rests_on() -> None:
    sample = next(iter(generate("list", tokens=1500, limit=1, seed=3, count_many=counts)))
    state = sample.question.removeprefix("List every building that was ").removesuffix(".")

    def said(messages: Sequence[Message]) -> str:
        return "\n".join(re.findall(rf"The \w+ \w+ was {state} that year\.", messages[-1].content)) or "nothing"

    maker = ContextMaker(generator=Generator(FakeEngine(said, window=1200), max_tokens=300))
    (arm,) = parse_arms(["cover"])
    made = maker.make(arm, sample)
    assert made is not None
    assert made.answer is not None
    assert made.answer.text is not None
    assert answer_scores(sample, made.answer.text)["answer"] == 1
    text = sample.documents[0].text
    kept = "\n".join(text[a:b] for _, a, b in made.spans)
    assert all(text[e.start : e.end] in kept for e in sample.evidence)
    assert kept.count("The ") == len(sample.evidence)
    with pytest.raises(UsageError, match="the arm cover needs a target"):
        ContextMaker().make(arm, sample)


def test_an_effort_stands_behind_a_method() -> None:
    arms = parse_arms(["default:fast@2000", "learned+none:high@0.5", "default@2000"])
    assert [(arm.name, arm.effort) for arm in arms] == [
        ("default:fast@2000", "fast"),
        ("learned+none:high@0.5", "high"),
        ("default@2000", "default"),
    ]
    assert arms[0].rank == arms[2].rank
    for wrong in ("default:higher@2000", "default:@2000"):
        with pytest.raises(UnknownNameError, match="unknown effort"):
            parse_arms([wrong])
