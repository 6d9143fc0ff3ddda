"""OpenAI's encodings are counted as ``tiktoken`` counts them, to the token, without a network."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
import tiktoken
import tiktoken.model
import tiktoken_ext.openai_public as public
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ctxpipe.errors import ModelError
from ctxpipe.models.byte_pairs import CL100K, O200K, Encoding, convert
from ctxpipe.models.catalogue import EMBEDDED, same_tokens
from ctxpipe.models.resolve import pull
from ctxpipe.models.tokenizer import TargetTokenizer

PAIRS = {"gpt-4o": O200K, "gpt-4": CL100K}
TRICKY = "ab cd'S1ſ'll\n\r\t  -/.\u0085\u00a0\u2028\u200b\u180eéАあ漢🧵"


@pytest.fixture(scope="module", params=PAIRS)
def both(request: pytest.FixtureRequest) -> tuple[TargetTokenizer, tiktoken.Encoding]:
    """Ours and tiktoken's own, which is given the tokens that it would fetch."""
    folder = pull(request.param)
    ours = TargetTokenizer.load(request.param)
    vocabulary = ours.encoder._tokenizer.get_vocab(with_added_tokens=False)  # type: ignore[attr-defined]
    letters = _bytes()
    ranks = {bytes(letters[c] for c in token): rank for token, rank in vocabulary.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(public, "load_tiktoken_bpe", lambda *_, **__: ranks)
        theirs = tiktoken.Encoding(**getattr(public, PAIRS[request.param].name)())
    assert (folder / "tokenizer.json").stat().st_size <= EMBEDDED[request.param].ready_size
    return ours, theirs


def _bytes() -> dict[str, int]:
    from ctxpipe.models.byte_pairs import _letters

    return {letter: byte for byte, letter in enumerate(_letters())}


def assert_same(both: tuple[TargetTokenizer, Any], text: str) -> None:
    ours, theirs = both
    (mine,) = ours.encoder._tokenizer.encode_batch([text], add_special_tokens=False)  # type: ignore[attr-defined]
    expected = theirs.encode(text, allowed_special="all")
    most = theirs.n_vocab - len(theirs.special_tokens_set) - 100
    assert [one for one in mine.ids if one < most] == [one for one in expected if one < most]
    assert len(mine.ids) == len(expected)
    assert ours.count(text) == ours.count_long(text) == len(mine.ids)


@settings(max_examples=300)
@given(text=st.text() | st.text(TRICKY) | st.text("ab ") | st.from_regex(r"(\w{1,9}[ .,\n]{1,3}){1,20}"))
@example("a" * 1000)
@example(" " * 1000 + "x")
@example("The end.<|endoftext|>Not quite.")
def test_any_text_has_the_same_tokens(both: tuple[TargetTokenizer, Any], text: str) -> None:
    assert_same(both, text)


def test_documents_and_code_have_the_same_tokens(both: tuple[TargetTokenizer, Any], repository: Path) -> None:
    for path in [*sorted((repository / "docs").glob("*.md")), *sorted((repository / "compress").glob("*.py"))]:
        assert_same(both, path.read_text(encoding="utf-8"))


def test_models_have_the_encoding_that_tiktoken_says() -> None:
    known = dict(tiktoken.model.MODEL_TO_ENCODING)
    known |= {f"{prefix.rstrip('-')}-2025-01-01": e for prefix, e in tiktoken.model.MODEL_PREFIX_TO_ENCODING.items()}
    known |= {"gpt-4o-mini": "o200k_base", "gpt-4-turbo": "cl100k_base", "gpt-5.2-codex": "o200k_base"}
    ours = {encoding.name: name for name, encoding in PAIRS.items()}
    for model, encoding in known.items():
        if "davinci" not in model and "babbage" not in model:  # base models that are no longer served
            assert same_tokens(model) == ours.get(encoding, model), model
    for other in ("gpt2", "openai/gpt-oss-20b", "my-gpt-4o", "gpt", "olmo", "smollm2-135m", "o200k", "gpt-oss-20b"):
        assert same_tokens(other) == other


def test_a_model_without_a_name_of_its_own_here_counts_alike() -> None:
    text = "Ada Fenwick hid 14 silver spoons."
    assert TargetTokenizer.load("gpt-4.1-mini").count(text) == TargetTokenizer.load("gpt-4o").count(text) == 10


def test_another_file_is_refused(tmp_path: Path) -> None:
    made: Encoding = O200K
    (tmp_path / made.file).write_bytes(gzip.compress(b"IQ== 0\n" * 9))
    with pytest.raises(ModelError, match="does not hold the encoding"):
        convert(tmp_path, made)
