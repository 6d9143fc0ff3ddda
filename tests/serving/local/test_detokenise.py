from __future__ import annotations

from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from ctxpipe.serving.local.detokenise import Detokeniser


def decode(ids: Sequence[int]) -> str:
    """Every token is a byte, as with a byte-level tokenizer that knows no merges."""
    return bytes(ids).decode(errors="replace")


def pieces_of(ids: Sequence[int]) -> list[str]:
    pieces: list[str] = []
    detokeniser = Detokeniser(decode, pieces.append)
    detokeniser.add(ids)
    assert detokeniser.finish() == "".join(pieces)
    return pieces


@given(st.text())
@example("👨‍👩‍👧")
@example("\ufffd and \ufffd\ufffd\ufffd\ufffd")
def test_a_character_comes_whole_however_many_tokens_it_has(text: str) -> None:
    pieces = pieces_of(text.encode())
    assert "".join(pieces) == text
    if "\ufffd" not in text:
        assert pieces == list(text)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_text_neither_stop_the_stream_nor_change_what_was_sent(data: bytes) -> None:
    pieces = pieces_of(data)
    assert all(pieces)
    assert bool(pieces) == bool(data)


def test_broken_bytes_hold_the_stream_up_for_a_few_tokens_only() -> None:
    pieces: list[str] = []
    detokeniser = Detokeniser(decode, pieces.append)
    detokeniser.add([0xFF] * 8)
    assert "".join(pieces)
    detokeniser.add(b"ok")
    assert "".join(pieces).endswith("ok")


def test_the_space_before_a_word_is_kept_where_decoding_alone_would_drop_it() -> None:
    words = ["▁Hello", "▁there", "▁you"]
    pieces: list[str] = []
    detokeniser = Detokeniser(
        lambda ids: "".join(words[i] for i in ids).replace("▁", " ").removeprefix(" "), pieces.append
    )
    detokeniser.add([0, 1, 2])
    assert pieces == ["Hello", " there", " you"]
