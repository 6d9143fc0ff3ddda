"""Lengths of texts are remembered, and are those that the encoder gives."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.arrays import IntArray
from ctxpipe.models.encoding import Encoder
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.pipeline.gateway.lengths import RememberedLengths

ENCODER = TargetTokenizer.load("smollm2-135m").encoder
SAID = [piece * repeats for piece in ("Tea at 5. ", "\ud800x", "銅 ", "") for repeats in (1, 100, 400, 2000)]


class Watched(RememberedLengths):
    """What is asked of an encoder."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder)
        self.asked: list[str] = []

    def lengths(self, texts: Sequence[str]) -> IntArray:
        self.asked += texts
        return self.encoder.lengths(texts)


@given(st.lists(st.lists(st.sampled_from(SAID), max_size=5), max_size=5))
def test_they_are_those_of_the_encoder(asked: list[list[str]]) -> None:
    remembered = RememberedLengths(ENCODER)
    for texts in asked:
        assert remembered.lengths(texts).tolist() == ENCODER.lengths(texts).tolist()


def test_a_long_text_is_counted_once() -> None:
    watched = Watched(ENCODER)
    remembered = RememberedLengths(watched)
    long, other, short = "Tea at 5. " * 400, "Tea at 6. " * 400, "Tea."
    for texts in ([long, short], [long], [other, long, short]):
        remembered.lengths(texts)
    assert watched.asked == [long, short, other, short]


def test_few_are_remembered() -> None:
    watched = Watched(ENCODER)
    remembered = RememberedLengths(watched)
    texts = [f"{number} " * 400 for number in range(1_100)]
    for text in texts:
        remembered.lengths([text])
    remembered.lengths([texts[-1]])
    assert len(watched.asked) == 1_100
    remembered.lengths([texts[0]])
    assert len(watched.asked) == 1_101
