"""Long texts are counted by their distinct pieces."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

from ctxpipe.models import repeats as module
from ctxpipe.models import tokenizer as counting
from ctxpipe.models.closed import EstimatingEncoder
from ctxpipe.models.repeats import PIECE, cuts_at_pieces
from ctxpipe.models.resolve import pull
from ctxpipe.models.tokenizer import TargetTokenizer
from tests.split_patterns import LLAMA3, O200K

BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
TEXTS = st.text(st.one_of(st.sampled_from("ab1 \n\r\t.,'/—é中🙂\u0301(_-ST"), st.characters(exclude_categories=["Cs"])))


def tokenizer(pattern: str | None) -> Tokenizer:
    made = Tokenizer(models.BPE())
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    first = (
        pre_tokenizers.Digits(individual_digits=True)
        if pattern is None
        else pre_tokenizers.Split(Regex(pattern), "isolated")
    )
    made.pre_tokenizer = pre_tokenizers.Sequence([first, bytes_only])
    return made


def words(made: Tokenizer, text: str) -> list[str]:
    return [word for word, _ in made.pre_tokenizer.pre_tokenize_str(text)]


@pytest.mark.parametrize("pattern", [None, LLAMA3, O200K], ids=["smollm", "llama3", "o200k"])
@given(text=TEXTS)
@example("foo  bar(baz) it's x_y 12 3\n\n    return  'l'  +1\t")
def test_a_piece_is_cut_alone_as_within_its_text(pattern, text):
    made = tokenizer(pattern)
    pieces = PIECE.findall(text)
    assert "".join(pieces) == text
    assert [word for piece in pieces for word in words(made, piece)] == words(made, text)


@pytest.mark.parametrize("pattern", [None, LLAMA3, O200K], ids=["smollm", "llama3", "o200k"])
def test_known_tokenizers_cut_at_pieces(pattern):
    assert cuts_at_pieces(tokenizer(pattern))


def others() -> dict[str, Tokenizer]:
    spaces, left, lower, prefix, metaspace = (tokenizer(None) for _ in range(5))
    spaces.add_tokens(["    "])
    left.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    lower.normalizer = normalizers.Lowercase()
    prefix.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    metaspace.pre_tokenizer = pre_tokenizers.Metaspace()
    return {
        "another pattern": tokenizer(BLOOM),
        "a space before each text": prefix,
        "a token of spaces": spaces,
        "a token that takes spaces": left,
        "another normalizer": lower,
        "metaspace": metaspace,
        "none": Tokenizer(models.BPE()),
    }


@pytest.mark.parametrize("name", others())
def test_tokenizers_that_cut_elsewhere_are_found_out(name):
    assert not cuts_at_pieces(others()[name])


@pytest.fixture(scope="module", params=["smollm2-135m", "gpt-4o"])
def target(request) -> TargetTokenizer:
    if request.param == "gpt-4o":
        pull(request.param)
    return TargetTokenizer.load(request.param)


@given(text=TEXTS | st.text("ab <|endoftext|>\n"))
@example("The end.<|endoftext|>Not quite, as some <|endoftext| > are not.")
@example("half \ud800 a pair")
def test_the_sum_over_distinct_pieces_is_exact(target, text):
    long = f"{text} The notice period is 30 days.\n" * 3
    repeats = target.encoder.repeats()
    assert repeats.count([long, long], target.encoder.lengths) == 2 * target.count(long)


def test_few_pieces_are_held_at_once(target, monkeypatch):
    monkeypatch.setattr(module, "MOST", 10)
    text = " ".join(f"word{number} and" for number in range(300))
    held = []

    def lengths(texts):
        held.append(len(texts))
        return target.encoder.lengths(texts)

    blocks = [text[at : at + 600] for at in range(0, len(text), 600)]
    expected = sum(target.count(block) for block in blocks)
    assert target.encoder.repeats().count(blocks, lengths) == expected
    assert len(held) > 1
    assert max(held) < 200


def test_a_very_long_text_is_counted_by_its_pieces(target, monkeypatch):
    text = "word and number 17, more(or less).\n" * 40_000
    assert len(text) > counting.REPEATING_CHARACTERS
    counted = target.count_long(text)
    monkeypatch.setattr(counting, "REPEATING_CHARACTERS", len(text) + 1)
    assert counted == target.count_long(text)


def test_estimates_are_rounded_once(target):
    assert EstimatingEncoder(target.encoder).repeats() is None
