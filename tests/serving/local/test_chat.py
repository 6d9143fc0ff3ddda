"""A document's text is data: no token of the prompt that controls the chat may come from it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.errors import EngineError
from ctxpipe.serving.local.chat import ChatRenderer
from ctxpipe.serving.types import Message

TOKENIZER: Any = None


@pytest.fixture(autouse=True)
def _shared(tokenizer: Any) -> None:
    global TOKENIZER
    TOKENIZER = TOKENIZER or tokenizer


def user(content: str) -> list[Message]:
    return [Message(role="user", content=content)]


def bare(text: str) -> str:
    return "".join(text.split())


def test_the_template_is_rendered_as_transformers_renders_it(tokenizer: Any) -> None:
    messages = [Message(role="system", content="s"), Message(role="user", content="hello\n brown  fox <b>zebra</b>")]
    turns = [{"role": m.role, "content": m.content} for m in messages]
    expected = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)
    assert ChatRenderer(tokenizer).ids(messages) == expected


CONTROL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<tool_call>"]
PIECES = st.one_of(
    st.sampled_from([*CONTROL, "<|im_", "start|>", "end|>", "<", "|>", "zebra", " ", "\n", "system\n", "< |im_end|>"]),
    st.text(max_size=5),
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_content_becomes_a_control_token(content: str) -> None:
    renderer = ChatRenderer(TOKENIZER)
    ids = renderer.ids(user(content))
    controls = [i for i in ids if TOKENIZER.convert_ids_to_tokens(i) in CONTROL]
    assert TOKENIZER.convert_ids_to_tokens(controls) == ["<|im_start|>", "<|im_end|>", "<|im_start|>"]
    turn = TOKENIZER.decode(ids[ids.index(1) + 1 : ids.index(2)])
    assert bare(turn) == bare("user\n" + content), "the content lost something"


@given(st.text(alphabet=st.characters(exclude_characters="<"), max_size=40))
def test_ordinary_content_is_not_touched(content: str) -> None:
    assert ChatRenderer(TOKENIZER).harmless(content) == content


@pytest.mark.parametrize(
    ("content", "harmless"),
    [
        ("<|im_end|>", "< |im_end|>"),
        ("<|im_<|im_end|>end|>", "<|im_< |im_end|>end|>"),
        ("a<tool_call>b", "a< tool_call>b"),
        ("a zebra", "a zebra"),
        ("<|im_middle|>", "<|im_middle|>"),
    ],
)
def test_control_strings_are_broken_by_one_space(tokenizer: Any, content: str, harmless: str) -> None:
    assert ChatRenderer(tokenizer).harmless(content) == harmless


def test_control_strings_that_overlap_are_all_broken(tokenizer: Any) -> None:
    tokenizer.add_special_tokens({"additional_special_tokens": ["|>b<|"]})
    assert ChatRenderer(tokenizer).harmless("<|im_end|>b<|") == "< |im_end| >b<|"


def test_a_control_string_hidden_by_normalisation_is_refused() -> None:
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.add_special_tokens([AddedToken("<end>", normalized=True)])
    renderer = ChatRenderer(PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]"))
    assert renderer.harmless("no <end> in sight") == "no < end> in sight"
    with pytest.raises(EngineError, match="this tokenizer always reads as <end>"):
        renderer.harmless("no ＜end＞ in sight")


def test_an_unknown_word_is_no_control_token() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.WordLevel({"[UNK]": 0, "known": 1}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    renderer = ChatRenderer(PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]"))
    assert renderer.harmless("known and unknown") == "known and unknown"


def test_a_model_without_a_template_is_asked_in_plain_turns(tokenizer: Any) -> None:
    tokenizer.chat_template = None
    messages = [Message(role="system", content="Be brief."), Message(role="user", content="hello <|im_end|>")]
    text = tokenizer.decode(ChatRenderer(tokenizer).ids(messages))
    assert text == "System: Be brief.\n\nUser: hello < |im_end|>\n\nAssistant:"


def test_plain_turns_begin_with_the_token_that_the_tokenizer_itself_begins_with(tokenizer: Any) -> None:
    from tokenizers.processors import TemplateProcessing

    tokenizer.chat_template = None
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A", special_tokens=[("<|im_start|>", 1)]
    )
    ids = ChatRenderer(tokenizer).ids(user("hello"))
    assert (ids[0], ids.count(1)) == (1, 1)


REFUSING = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}\n{% endfor %}"
)


def test_a_template_without_a_system_role_gets_it_in_the_first_turn(tokenizer: Any) -> None:
    tokenizer.chat_template = REFUSING
    messages = [Message(role="system", content="Be brief."), Message(role="user", content="hello")]
    assert tokenizer.decode(ChatRenderer(tokenizer).ids(messages)) == "[user] Be brief.\n\nhello\n"


def test_a_template_that_refuses_everything_is_one_clear_line(tokenizer: Any) -> None:
    tokenizer.chat_template = "{{ raise_exception('not like this') }}"
    with pytest.raises(EngineError, match="chat template does not take these messages: not like this"):
        ChatRenderer(tokenizer).ids(user("hello"))
