"""Numbers in an answer: which of them cite, and what they belong to."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.pipeline.ask.marks import marks, statements

SOURCE = "The value of x[3] is set in spam[2]. As Hale showed [2], rows[1] stays. See [4](http://a.b)."


def numbers(answer: str, most: int = 9, source: str = SOURCE) -> list[tuple[int, ...]]:
    return [mark.numbers for mark in marks(answer, source, most)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("The pier broke [3].", [(3,)]),
        ("The pier broke. [3]", [(3,)]),
        ("The pier broke.[3]", [(3,)]),
        ("The pier broke [1, 3] and sank [1][3].", [(1, 3), (1,), (3,)]),
        ("The pier broke [1-3].", [(1, 2, 3)]),
        ("The pier broke [1–2; 5].", [(1, 2, 5)]),
        ("The pier broke [2 and 4].", [(2, 4)]),
        ("The pier broke [excerpt 3].", [(3,)]),
        ("Мост сломан【3】 и затонул【1†L2-L5】", [(3,), (1,)]),
        ("桥在1907年断了[3]。", [(3,)]),
        ("It broke in 1907[3], they say.", [(3,)]),
        ("The pier is tall[3].", [(3,)]),
        ("The pier is tall[1][3].", [(1,), (3,)]),
        ("[2] The pier broke.", [(2,)]),
        ("[3, 3]", [(3,)]),
    ],
)
def test_what_cites(answer: str, expected: list[tuple[int, ...]]) -> None:
    assert numbers(answer) == expected


@pytest.mark.parametrize(
    "answer",
    [
        "It was [0] or [10] or [2020].",  # no such excerpts
        "Set x[3] to 1.",
        "The third is items[3].pop().",
        "The third is grid[1][2] here.",
        "It takes rows[1][2] out.",
        "It holds f(x)[3] and 'abc'[2] too.",
        "It is set in spam[2].",  # the source says so
        "As Hale showed [2], it sank.",
        "Read [3](http://example.org/3).",
        "[3]: https://example.org",
        "Write `[3]`, or\n```\nx = [1, 2]\n```\nin the file.",
        "A list such as [a] or [] or [1.5] or [-1].",
        "[^3]",
    ],
)
def test_what_does_not(answer: str) -> None:
    assert numbers(answer) == []


def test_a_wide_range_is_cut_to_what_there_is() -> None:
    assert numbers("All of it [1-9999].", most=3) == [(1, 2, 3)]
    assert numbers("All of it [3-1].") == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Ada came [2]. Hale left. [3]", [("Ada came .", (2,)), ("Hale left.", (3,))]),
        ("[1] Ada came.\n[2] Hale left.", [("Ada came.", (1,)), ("Hale left.", (2,))]),
        ("Ada came [1] and Hale left [2].", [("Ada came  and Hale left .", (1, 2))]),
        ("Ada came.\n\n[1]", [("Ada came.", (1,))]),
        ("Nobody came.", [("Nobody came.", ())]),
        ("[2]", [("", (2,))]),
        ("", []),
    ],
)
def test_a_number_belongs_to_the_sentence_before_it(answer: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert statements(answer, marks(answer, "", 9)) == expected


@given(st.text(alphabet="ab .[]()-,`1234\n【】", max_size=60), st.integers(0, 9))
def test_marks_are_in_order_and_name_what_there_is(answer: str, most: int) -> None:
    found = marks(answer, "", most)
    assert all(mark.numbers and all(1 <= number <= most for number in mark.numbers) for mark in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    said = statements(answer, found)
    if said:
        carried = {number for _, held in said for number in held}
        assert carried == {number for mark in found for number in mark.numbers}
