from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.errors import ModelError, UnknownNameError
from ctxpipe.models import tokenizer as module
from ctxpipe.models.tokenizer import TargetTokenizer
from tests.split_patterns import LLAMA3, O200K

TEXTS = st.text(st.one_of(st.sampled_from("ab1 \n\r\t.,'/—é中🙂\u0301"), st.characters(exclude_categories=["Cs"])))


@pytest.fixture(scope="module")
def smollm(smollm2_dir) -> TargetTokenizer:
    return TargetTokenizer.load("smollm2-135m")


@pytest.fixture(scope="module")
def bert(minilm_dir) -> TargetTokenizer:
    return TargetTokenizer.load("minilm-l6")


@pytest.fixture(scope="module")
def slow(tmp_path_factory) -> TargetTokenizer:
    folder = tmp_path_factory.mktemp("byt5")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "ByT5Tokenizer"}))
    return TargetTokenizer.load(str(folder))


@pytest.fixture(params=["smollm", "bert", "slow"])
def any_tokenizer(request) -> TargetTokenizer:
    return request.getfixturevalue(request.param)


def test_counts_are_those_of_transformers(smollm, smollm2_dir):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(smollm2_dir)
    for text in ("The invoice of 2024-05-03 is 1,299.50 EUR.", "def f(x):\n    return x\n", "漢字 🙂", ""):
        assert smollm.count(text) == len(tokenizer(text, add_special_tokens=False)["input_ids"])


def test_digits_are_tokens_of_their_own(smollm):
    assert smollm.count("1234567") == 7


def test_truncation_and_padding_of_the_file_are_off(bert, minilm_dir):
    assert json.loads((minilm_dir / "tokenizer.json").read_text())["truncation"]["max_length"] == 128
    assert bert.count("word " * 1000) == 1000
    assert bert.count("word") == 1


def test_a_control_string_is_one_token_as_the_target_sees_it(smollm):
    assert "<|im_start|>" in smollm.special_strings
    assert smollm.count("<|im_start|>") == 1
    assert smollm.count("a<|im_end|>b") == 3


@pytest.mark.parametrize("text", ["", " ", "a b\nc", "naïve 🙂🙂 漢字", "x" * 1000, "half \ud800 a pair"])
def test_every_way_of_counting_agrees(any_tokenizer, text):
    count = any_tokenizer.count(text)
    assert any_tokenizer.count_many([text, "", text]).tolist() == [count, 0, count]
    assert any_tokenizer.count_long(text) == count
    assert any_tokenizer.offsets(text).shape == (count, 2)
    assert [len(starts) for starts in any_tokenizer.starts_many([text, ""])] == [count, 0]


def test_no_texts_give_no_counts(any_tokenizer):
    assert any_tokenizer.count_many([]).dtype == np.int64
    assert any_tokenizer.count_many([]).shape == (0,)
    assert any_tokenizer.starts_many([]) == []


@given(text=TEXTS)
def test_offsets_ascend_inside_the_text(smollm, text):
    offsets = smollm.offsets(text)
    assert offsets.dtype == np.int64
    assert (np.diff(offsets[:, 0]) >= 0).all()
    assert ((offsets >= 0) & (offsets <= len(text))).all()
    assert smollm.starts_many([text])[0].tolist() == offsets[:, 0].tolist()
    assert len(offsets) == smollm.count(text)


def test_offsets_count_characters_not_bytes(smollm):
    text = "🙂 word"
    first, last = smollm.offsets(text)[[0, -1]]
    assert first.tolist() == [0, 1]
    assert text[last[0] : last[1]].strip() == "word"


def test_offsets_of_a_slow_tokenizer_stay_in_their_words(slow):
    text = "ab  cdé"
    offsets = slow.offsets(text)
    assert len(offsets) == slow.count(text) == len(text.encode())
    assert offsets[:2].tolist() == [[0, 1], [1, 2]]
    assert offsets[2][0] == 2
    assert offsets[-1][1] == len(text)


def test_special_strings_of_a_slow_tokenizer(slow):
    assert "</s>" in slow.special_strings


def splitter(pattern: str | None):
    """How a byte-level BPE tokenizer splits text before the merges, none of which crosses such a split."""
    from tokenizers import Regex, pre_tokenizers

    if pattern is None:
        return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False)])
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


@pytest.mark.parametrize("pattern", [None, LLAMA3, O200K], ids=["gpt2", "llama3", "o200k"])
@given(words=st.lists(st.tuples(st.text("aB1éς", min_size=1, max_size=6), st.text(" \n\r\t./'—\u0301", max_size=4))))
def test_byte_level_tokenizers_split_where_long_texts_are_cut(pattern, words):
    text = "".join(f"{word}{gap} " for word, gap in words)
    edges = [0, *(match.end() for match in module._SEAM.finditer(text)), len(text)]
    split = splitter(pattern).pre_tokenize_str
    pieces = [part for start, end in itertools.pairwise(edges) for part, _ in split(text[start:end])]
    assert pieces == [part for part, _ in split(text)]


@given(text=TEXTS, size=st.integers(1, 40))
def test_pieces_are_the_text(text, size):
    pieces = list(module._pieces(text, size))
    assert "".join(pieces) == text
    assert all(len(piece) <= size for piece in pieces)


@pytest.mark.parametrize("text", ["word and number 17, more.\n" * 40_000, "a" * 300_000, " \n" * 200_000])
def test_a_long_text_is_counted_in_pieces(smollm, text):
    assert len(text) > 2 * module.PIECE_CHARACTERS
    whole = smollm.count(text)
    assert smollm.count_long(text) == pytest.approx(whole, abs=0 if "word" in text else 5)


def test_a_tokenizer_that_cuts_differently_encodes_whole(bert, monkeypatch):
    monkeypatch.setattr(module, "PIECE_CHARACTERS", 10)
    assert not bert.encoder.cuts_exactly
    text = "unbelievable " * 50
    assert bert.count_long(text) == bert.count(text)


def test_loading_imports_neither_torch_nor_transformers(smollm2_dir):
    code = (
        "import sys; from ctxpipe.models.tokenizer import TargetTokenizer as T; "
        "T.load('smollm2-135m').count('a'); print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_after_counting_neither_warns_nor_hangs(smollm2_dir):
    code = """
import os
from ctxpipe.models.tokenizer import TargetTokenizer
tokenizer = TargetTokenizer.load("smollm2-135m")
tokenizer.count_many(["a b c"] * 1000)
child = os.fork()
if child == 0:
    os._exit(int(tokenizer.count_many(["a b c"] * 1000).sum() != 3000))
print(os.waitpid(child, 0)[1], "TOKENIZERS_PARALLELISM" in os.environ)
"""
    environment = {name: value for name, value in os.environ.items() if name != "TOKENIZERS_PARALLELISM"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert (done.stdout, done.stderr) == ("0 False\n", "")


def test_a_hub_id_that_is_not_here_is_one_line():
    with pytest.raises(ModelError, match="nobody/nothing is neither a folder nor in the Hugging Face cache"):
        TargetTokenizer.load("nobody/nothing")


def test_a_near_miss_of_an_embedded_name_is_told():
    with pytest.raises(UnknownNameError, match="did you mean smollm2-135m"):
        TargetTokenizer.load("smollm-135m")


@pytest.mark.parametrize("content", [None, "", "{}", '{"model": {"type": "BPE"}}', "\0\1"])
def test_a_folder_without_a_tokenizer_or_with_a_broken_one_is_one_line(tmp_path, content):
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError, match="cannot load the tokenizer of") as caught:
        TargetTokenizer.load(str(tmp_path))
    assert "\n" not in str(caught.value)
