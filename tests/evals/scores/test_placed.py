from __future__ import annotations

from ctxpipe.evals.scores.placed import placed

TEXTS = ("One two. Three four.", "Five six.")


def test_kept_characters_are_found_in_the_text() -> None:
    text = "two.\nfour.\n\nFive six."
    found = placed(TEXTS, text, [(0, 4, 8), (0, 15, 20), (1, 0, 9)])
    assert found.frames == []
    assert found.place(0, 4) == 0
    assert found.place(0, 9) == text.index("four")
    assert found.place(1, 0) == text.index("Five")
    assert found.place(1, 9) is None
    assert found.place(2, 0) is None
    assert found.kept(0, 0, 20) == [4, 5, 6, 7, 15, 16, 17, 18, 19]


def test_frames_that_are_known_are_passed_over_though_they_read_like_the_source() -> None:
    text = "[two]\ntwo. …\nfour."
    frames = [(0, 5), (11, 12)]
    found = placed(TEXTS, text, [(0, 4, 8), (0, 15, 20)], frames)
    assert found.frames == frames
    assert found.place(0, 4) == 6
    assert found.place(0, 15) == 13


def test_what_is_no_source_is_a_frame_where_none_are_known() -> None:
    text = "[report.pdf, p. 2]\ntwo.\n…\n[b]\nFive six. End"
    found = placed(TEXTS, text, [(0, 4, 8), (1, 0, 9)])
    assert [text[start:end] for start, end in found.frames] == ["[report.pdf, p. 2]", "…", "[b]", "End"]


def test_a_text_that_is_not_its_spans_has_none_of_them() -> None:
    found = placed(TEXTS, "Something else.", [(0, 4, 8)])
    assert found.offsets == {}
    assert found.place(0, 4) is None


def test_white_space_that_was_put_in_or_taken_out_does_not_matter() -> None:
    found = placed(["a <|end|> b"], "a < |end|>b", [(0, 0, 11)])
    assert found.frames == []
    assert len(found.offsets[0]) == 9
