"""What ``--help`` looks like."""

from __future__ import annotations

import re

import click
import pytest

from ctxpipe.cli import COMMANDS, app, main
from ctxpipe.commands.shared.options import MORE

GROUPED = {
    ("compress",): ["What", "How much", "How", "Output", "More"],
    ("query",): ["What", "How much", "How", "Target", "Output", "More"],
    ("batch",): ["What", "How much", "How", "Target", "Output", "More"],
    ("index",): ["What", "How", "Output", "More"],
    ("gateway",): ["Target", "How much", "How", "Output", "More"],
    ("mcp",): ["What", "How much", "Target", "Output", "More"],
    ("plan",): ["What", "How much", "How", "Output", "More"],
    ("serve",): ["What", "How much", "How", "Output", "More"],
    ("eval", "run"): ["What", "How much", "How", "Target", "Output", "More"],
}


@pytest.mark.parametrize("path", GROUPED)
def test_options_stand_under_headings(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*path, "--help"]) == 0
    text = capsys.readouterr().out
    assert re.findall(r"^([A-Z][a-z ]+):$", text, re.MULTILINE)[: len(GROUPED[path])] == GROUPED[path]
    listed = re.findall(r"^  (?:-\w, )?(--[\w-]+)", text, re.MULTILINE)
    command: click.Command | None = app.get_command(click.Context(app), path[0])
    for name in path[1:]:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert command is not None
    options = [p for p in command.get_params(click.Context(command)) if isinstance(p, click.Option) and not p.hidden]
    assert sorted(listed) == sorted(max(option.opts, key=len) for option in options)
    more = text.partition(f"{MORE}:")[2].partition("Example")[0]
    assert re.findall(r"(--[\w-]+)", more) == ["--debug", "--help"]


def test_every_command_with_many_options_has_headings() -> None:
    context = click.Context(app)
    flat = [name for name in COMMANDS if (name,) not in GROUPED]
    for name in flat:
        command = app.get_command(context, name)
        assert command is not None
        assert len(command.params) < 10, name
