"""Width and lines of text on a terminal, tables, and the line that says how far the work is."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from terminal_support import seen

from ctxpipe.commands.shared.cells import width, wrapped
from ctxpipe.commands.shared.table import table

TEXTS = st.text(st.sampled_from("ab-/ \n中ｶé\u0301한🙂"), max_size=80)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("日本語", 6),
        ("ﾊﾝｶｸ", 4),
        ("e\u0301", 1),
        ("🙂", 2),
        (click.style("日", fg="red", bold=True), 2),
    ],
)
def test_a_text_is_as_wide_as_a_terminal_shows_it(text: str, columns: int) -> None:
    assert width(text) == columns


@given(TEXTS, st.integers(8, 30))
def test_lines_fit_and_lose_nothing(text: str, columns: int) -> None:
    lines = wrapped(text, columns)
    assert max(map(width, lines)) <= columns
    assert all(line == line.strip() for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert lines[1:] == [line for line in lines[1:] if line]


def test_words_stay_whole_where_a_line_holds_them() -> None:
    assert wrapped("the second word goes", 10) == ["the second", "word goes"]
    assert wrapped("see meta-llama/Llama-3.1-8B-Instruct", 14) == ["see meta-", "llama/Llama-", "3.1-8B-", "Instruct"]
    assert wrapped("這是一個沒有空格的句子", 8) == ["這是一個", "沒有空格", "的句子"]


ROWS = [["name", "tokens", "what"], ["日本", "12", "two  spaces"], ["x", "1,234", "a sentence of some words " * 3]]


def test_columns_are_as_wide_as_their_cells() -> None:
    lines = [line for lines in table(ROWS[:2], right=(1,)) for line in lines]
    assert lines == ["name  tokens  what", "日本      12  two  spaces"]


@pytest.mark.parametrize("columns", [35, 50, 80])
def test_the_last_cell_is_wrapped_to_the_terminal(columns: int) -> None:
    shown = table(ROWS, right=(1,), wrap=1, columns=columns)
    assert max(width(line) for lines in shown for line in lines) <= columns
    assert shown[1] == ["日本      12  two  spaces"]
    assert " ".join(" ".join(shown[2]).split()) == "x 1,234 " + ROWS[2][2].strip()
    assert all(line.startswith(" " * 14) for line in shown[2][1:])


def test_where_no_room_is_left_it_stands_below() -> None:
    shown = table(ROWS, right=(1,), wrap=1, columns=24)
    assert shown[0] == ["name  tokens", "    what"]
    assert shown[2] == [
        "x      1,234",
        *(["    a sentence of some", "    words a sentence of", "    some words a"]),
        "    sentence of some",
        "    words",
    ]


def test_several_columns_share_the_room() -> None:
    rows = [["a", "short", "long " * 30], ["b", "middling " * 4, "long " * 30]]
    shown = table(rows, wrap=2, columns=60)
    assert max(width(line) for lines in shown for line in lines) <= 60
    assert shown[0][0].startswith("a  short    ")


def on_a_terminal(code: str, columns: int = 100, **environment: str) -> str:
    """What a script of the bar leaves behind on a terminal, as it came."""
    here, there = pty.openpty()
    termios.tcsetwinsize(there, (24 if columns else 0, columns))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=there, stderr=there, env=os.environ | environment
    ) as done:
        os.close(there)
        text = seen(here)
        assert done.wait() == 0
    return text


def left_behind(text: str) -> list[str]:
    """The lines of a screen after all that was written over others."""
    screen = []
    for line in click.unstyle(text).split("\r\n"):
        cells: list[str] = []
        for piece in line.split("\r"):
            cells[: len(piece)] = piece
        screen.append("".join(cells).rstrip())
    return screen


WORK = """
import time, click, sys
from ctxpipe.commands.shared.progress import progress
with progress(False) as show:
    show("read", 1, 4)
    time.sleep(0.3)
    click.echo("note: said meanwhile", err=True)
    show("rank", 2, 4)
    time.sleep(0.3)
    show("ask", 0, 0)
    sys.stderr.write("Continue? ")
    sys.stderr.flush()
    time.sleep(0.3)
    sys.stderr.write("yes\\n")
    show("index\\x1b[31m", 0, 0)
    time.sleep(0.3)
click.echo("done", err=True)
"""


def test_the_line_goes_when_the_work_is_done_and_notes_stay() -> None:
    text = on_a_terminal(WORK)
    assert re.search(r"reading .*█+.* 25% 00:0\d", click.unstyle(text))
    assert re.search(r"ranking .*█+.* 50% 00:0\d", click.unstyle(text))
    assert r"index\x1b[31m" in text
    assert left_behind(text) == ["note: said meanwhile", "Continue? yes", "done", ""]
    assert "█" not in text[text.index("Continue? ") : text.index("yes")]


def test_a_narrow_terminal_has_a_shorter_bar_and_no_colours_if_asked() -> None:
    text = on_a_terminal(WORK, columns=40, NO_COLOR="1")
    assert "\x1b[32m" not in text
    assert max(len(piece) for line in text.split("\r\n") for piece in line.split("\r")) <= 40
    assert left_behind(text) == ["note: said meanwhile", "Continue? yes", "done", ""]


def test_a_terminal_without_a_size_has_the_line_too() -> None:
    assert "ranking" in on_a_terminal(WORK, columns=0)


def test_an_interruption_takes_the_line_away() -> None:
    code = WORK.replace('show("ask", 0, 0)', "raise SystemExit(0)")
    assert left_behind(on_a_terminal(code)) == ["note: said meanwhile", ""]


def test_nothing_is_drawn_where_nobody_watches() -> None:
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "note: said meanwhile\nContinue? yes\ndone\n")
