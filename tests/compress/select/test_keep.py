"""What a user protects: patterns first within the budget, forced strings wherever their sentence stays."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from commands_support import Command
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import library, prose

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker, FakeScorer
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.select import keep as keeping
from ctxpipe.compress.select.keep import Keep, split_tokens
from ctxpipe.compress.types import CompressedContext, Document
from ctxpipe.errors import UsageError
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.pipeline.pipeline import Pipeline

QUESTION = "How much copper did the market not reach in 1950?"


@pytest.fixture(scope="module")
def tokenizer(smollm2_dir: object) -> TargetTokenizer:
    return TargetTokenizer.load("smollm2-135m")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, smollm2_dir: object) -> Command:
    return Command(capfd, monkeypatch)


def compress(
    tokenizer: TargetTokenizer, document: Document, keep: Keep, budget: int, prune: str = "fake", asked: bool = False
) -> CompressedContext:
    scorer = FakeScorer() if prune == "fake" else SCORERS.create(prune)
    made = Compressor(tokenizer=tokenizer, ranker=FakeRanker(), scorer=scorer, rank="fake", prune=prune, keep=keep)
    return made.compress([document], question=QUESTION if asked else None, budget=budget)


@pytest.mark.parametrize("asked", [False, True], ids=["unasked", "asked"])
@pytest.mark.parametrize("prune", ["none", "random", "head-tail", "fake"])
@pytest.mark.parametrize("name", ["text", "markdown", "code", "csv", "json"])
def test_what_matches_is_kept_wherever_it_is(name: str, prune: str, asked: bool, tokenizer: TargetTokenizer) -> None:
    pattern = {"code": r"def _found", "csv": r"^3999,", "json": r'"id": 899\b'}.get(name, r"in 19(71|72)\.")
    document = library()[name]
    text = document.text[-40_000:] if document.kind == "text" else document.text
    document = Document(text=text, source=document.source, kind=document.kind, language=document.language)
    context = compress(tokenizer, document, Keep(patterns=(pattern,)), 3000, prune, asked)
    assert context.kept_tokens <= 3000
    assert not any("protected" in note for note in context.notes)
    found = len(re.findall(pattern, document.text, re.MULTILINE))
    assert found
    assert len(re.findall(pattern, context.text, re.MULTILINE)) == found


def test_whole_sentences_come_with_their_match(tokenizer: TargetTokenizer) -> None:
    needle = "Nobody mentions the violet ledger again."
    document = Document(text=f"{prose(60)}\n\n{needle} {prose(60, 1)}")
    assert needle in compress(tokenizer, document, Keep(patterns=("violet",)), 60, "none").text
    assert "violet" in compress(tokenizer, document, Keep(patterns=("violet",)), 60, "random").text


def test_the_best_of_too_many_are_kept_with_a_note(tokenizer: TargetTokenizer) -> None:
    document = Document(text=prose(400))
    context = compress(tokenizer, document, Keep(patterns=(r"\d+",)), 100)
    assert 90 <= context.kept_tokens <= 100
    (note,) = context.notes
    assert re.match(r"the budget of 100 tokens has no room for [\d,]+ of [\d,]+ protected matches", note)
    assert not re.search(r"\b(stone|market|engine)\b", context.text)


def test_a_key_of_a_large_object_is_kept_as_valid_json(tokenizer: TargetTokenizer) -> None:
    text = json.dumps({"a": {"secret": {f"k{i}": prose(2, i) for i in range(30)}}, "b": prose(200)})
    document = Document(text=text, kind="json")
    context = compress(tokenizer, document, Keep(patterns=('"secret"',)), 60, "random")
    assert "secret" in json.loads(context.text)["a"]


def test_patterns_that_match_nothing_or_only_space_change_nothing(tokenizer: TargetTokenizer) -> None:
    document = Document(text=prose(200))
    plain = compress(tokenizer, document, Keep(), 200)
    for pattern in (r"\s+", "x*", "zebra", ""):
        assert compress(tokenizer, document, Keep(patterns=(pattern,)), 200).text == plain.text


@pytest.mark.parametrize("pattern", ["(", "[a-", "a{2,1}", "(?P<a>b)(?P<a", "*"])
def test_a_pattern_that_is_none_is_one_line(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        Pipeline(keep=[pattern])
    assert "is no regular expression" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pattern_that_takes_forever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "SECONDS", 0.2)
    with pytest.raises(UsageError, match=r"takes more than 0.2 seconds on note\.txt"):
        Keep(patterns=(r"(?:a|a|b)*(?:a|aa)+c\1?|(a*)*(b|a)*d",)).matches("a" * 5000 + "e", "note.txt")


def test_forced_strings_go_with_their_sentence(tokenizer: TargetTokenizer) -> None:
    document = Document(text=prose(300))
    seen = 0
    for prune in ("random", "fake", "head-tail"):
        context = compress(tokenizer, document, Keep(force_tokens=("Hale", ",")), 300, prune)
        kept = np.zeros(len(document.text), dtype=bool)
        for span in context.spans:
            kept[span.start : span.end] = True
        for match in re.finditer(r"[^.]*\bMr\. [^.]*\.", document.text):
            forced = [match.start() + f.start() for f in re.finditer(r"\bHale\b|,", match.group())]
            others = kept[match.start() : match.end()].copy()
            for unit in re.finditer(r"\bHale\b|[\d,]+ kg", match.group()):
                others[unit.start() : unit.end()] = False
            if others.any():
                seen += 1
                assert all(kept[forced])
        assert context.kept_tokens >= 0.9 * 300
    assert seen


def test_forced_strings_are_whole_words() -> None:
    keep = Keep(force_tokens=("not", "?", "铜"))
    text = "A knot is not nothing? 河铜边"
    assert [text[a:b] for a, b in keep.forced(text, 0, len(text))] == ["not", "?", "铜"]
    assert keep.forced(text, 0, 5) == []


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a,b", ("a", "b")),
        (r"\n,?,\,,!", ("\n", "?", ",", "!")),
        (r"\\n", (r"\n",)),
        ("", ()),
        (",,", ()),
        ("New York,Hale", ("New York", "Hale")),
    ],
)
def test_a_list_with_commas(text: str, tokens: tuple[str, ...]) -> None:
    assert split_tokens(text) == tokens


def test_an_escape_that_is_none() -> None:
    for text in (r"\d", "a\\"):
        with pytest.raises(UsageError, match="stands for nothing"):
            split_tokens(text)


@settings(max_examples=15)
@given(st.sets(st.sampled_from("river stone market Hale kg 19 ,".split()), max_size=3), st.integers(1, 120))
def test_no_budget_is_exceeded_whatever_is_protected(words: set[str], budget: int) -> None:
    tokenizer = TargetTokenizer.load("smollm2-135m")
    document = Document(text=prose(20))
    keep = Keep(patterns=tuple(re.escape(w) for w in words), force_tokens=tuple(words))
    context = compress(tokenizer, document, keep, budget, "random")
    assert tokenizer.count(context.text) == context.kept_tokens <= budget


def test_options_reach_the_pipeline(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text(f"{prose(40)}\n\nThe violet ledger.\n\n{prose(40, 1)}")
    assert "violet" not in run("compress", path, "--budget", 60, "--prune", "head-tail").out
    kept = run("compress", path, "--budget", 60, "--prune", "head-tail", "--keep", "violet", "--keep", "zebra")
    assert "violet" in kept.out
    bad = run("compress", path, "--budget", 60, "--keep", "(")
    assert (bad.code, bad.err.count("\n")) == (2, 1)
    many = run("compress", path, "--budget", 20, "--keep", r"\w+", "--quiet")
    assert many.code == 0
    assert many.err.startswith("note: the budget of 20 tokens has no room for")
    assert run("compress", path, "--budget", 60, "--force-tokens", r"\x").code == 2
