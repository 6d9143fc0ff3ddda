"""Subtitles: one cue a line with time and speaker, nothing said twice, no markup."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.subtitles import SubtitleReader


def loaded(text: str, name: str = "a.vtt") -> Document:
    return load(text.encode(), source=name, name=name)


def vtt(*cues: str) -> str:
    return "WEBVTT\n\n" + "\n\n".join(f"00:00:0{i}.000 --> 00:00:0{i + 1}.000\n{cue}" for i, cue in enumerate(cues))


@pytest.mark.parametrize(
    ("cues", "expected"),
    [
        (["One.", "Two\nlines."], "[00:00:00] One.\n[00:00:01] Two lines."),
        (["<v Ann Lee>The <i>crane</i> &amp; the ship</v>"], "[00:00:00] Ann Lee: The crane & the ship"),
        (["<v Bo>No.</v>\n<v.loud Ann>Yes.</v>"], "[00:00:00] Bo: No.\n[00:00:00] Ann: Yes."),
        (
            ["hello<00:00:00.500><c> world</c>", "hello world\n ", "hello world\nnext"],
            "[00:00:00] hello world\n[00:00:02] next",
        ),
        (["the", "the rent", "the rent rises"], "[00:00:00] the rent rises"),
        (["Yes.", "Yes. It rains.", "Yes."], "[00:00:00] Yes. It rains.\n[00:00:02] Yes."),
    ],
)
def test_cues(cues: list[str], expected: str) -> None:
    assert loaded(vtt(*cues)).text == expected


def test_srt_and_an_extension_that_lies() -> None:
    first = '1\r\n00:59:01,000 --> 00:59:03,000\r\n{\\an8}<font color="red">Hi</font>\r\nthere\r\n\r\n'
    srt = first + "2\r\n01:00:03,000 --> 01:00:05,000\r\nBye.\r\n"
    expected = "[00:59:01] Hi there\n[01:00:03] Bye."
    assert loaded(srt, "a.srt").text == loaded(srt).text == expected
    assert loaded(vtt("One."), "a.srt").text == "[00:00:00] One."


def test_each_cue_is_a_unit_with_its_time() -> None:
    text = "WEBVTT\n\n" + "\n\n".join(
        f"00:{i:02}:00.000 --> 00:{i:02}:09.000\n<v Ann>The fee of pier {i} is {50 + i} crowns and no more."
        for i in range(40)
    )
    document = loaded(text)
    assert [unit.kind for unit in outline(document).units(0, len(document.text))] == ["record"] * 40
    kept = Pipeline(rank="bm25").compress(document, question="What is the fee of pier 17?", budget=40).text
    assert "[00:17:00] Ann: The fee of pier 17 is 67 crowns and no more." in kept


def test_what_is_no_subtitle_file_is_text() -> None:
    found = loaded("Only words.\n")
    assert (found.text, found.notes) == ("Only words.\n", ("no subtitles that can be read; read as text",))


def test_damage_gives_a_document() -> None:
    rng = random.Random(3)
    whole = vtt(*(f"<v Ann>Words of cue {i} &amp; more" for i in range(9)))
    for _ in range(100):
        chars = list(whole)
        for _ in range(rng.randint(1, 20)):
            chars[rng.randrange(len(chars))] = chr(rng.randrange(32, 127))
        assert loaded("".join(chars[: rng.randint(10, len(chars))])).text


@given(st.text(st.sampled_from("<v>&lt;/ :-\n0.1{}\\ab"), max_size=80))
def test_any_cue_is_read(cue: str) -> None:
    document = SubtitleReader("vtt").read(vtt(cue, "x", cue).encode(), source="x")
    assert "x" in document.text


@pytest.mark.parametrize(
    ("cues", "expected"),
    [
        (["Ann: That takes 65,", "but only in summer.", "Bo: It rains."], 2),
        (["The fee of the", "first pier is", "45 or", "less.", "Yes."], 3),
        (["Ann: That takes", "bo: no.", "it is 5."], 3),
        (["that takes 65", "but only in", "summer and", "then it rains", "more"], 5),
        (["It is " + "so " * 98 + "long", "and it goes on.", "Yes."], 3),
    ],
)
def test_the_cues_of_one_sentence_are_one(cues: list[str], expected: int) -> None:
    text = loaded(vtt(*cues)).text
    assert len(text.split("\n")) == expected
    assert [word for word in text.split() if word[0] != "["] == " ".join(cues).split()


@pytest.mark.parametrize("mark", ["<v Berg, Ola>{}", "<v Berg, Ola>{}</v>", "Ola Berg: {}"])
def test_the_cues_of_one_sentence_and_one_voice_are_one(mark: str) -> None:
    cues = ["The pier takes", "31 boats, and in", "June it takes", "65 of them.", "No more."]
    lines = loaded(vtt(*map(mark.format, cues))).text.split("\n")
    who = mark.removeprefix("<v ").partition(">" if mark[0] == "<" else ":")[0]
    said = f"[00:00:00] {who}: The pier takes 31 boats, and in June it takes 65 of them."
    assert lines == [said, f"[00:00:04] {who}: No more."]


@pytest.mark.parametrize(
    "cues",
    [
        ["<v Ann>The pier takes", "<v Bo>31 boats.", "<v Ann>In June."],
        ["<v Ann>The pier takes", "31 boats.", "<v Ann>In June."],
        ["<v Ann>The pier takes 31.", "<v Ann>In June", "<v Bo>it takes 65."],
        ["Ann: The pier takes", "Bo: and so on.", "Ann: In June."],
    ],
)
def test_cues_of_other_voices_or_with_a_stop_are_not_joined(cues: list[str]) -> None:
    assert len(loaded(vtt(*cues)).text.split("\n")) == len(cues)


def test_what_a_voice_shows_again_is_left_out() -> None:
    text = loaded(vtt("<v Ann>It rains.", "<v Ann>It rains.\nStay in.", "<v Bo>Stay in.")).text
    assert text == "[00:00:00] Ann: It rains.\n[00:00:01] Ann: Stay in.\n[00:00:02] Bo: Stay in."
