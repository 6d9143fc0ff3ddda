"""The command line as such: help, names, and how every kind of failure ends."""

from __future__ import annotations

import ast
import errno
import os
import signal
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import ctxpipe
from ctxpipe import cli, errors
from ctxpipe.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in which ``act`` is a command that does what the test says."""

    def go(*arguments: str, act: Callable[[], object] = lambda: None) -> tuple[int, str, str]:
        @click.command()
        @click.option("--count", type=int)
        def command(count: int | None) -> None:
            """Act."""
            act()

        module = types.ModuleType("made_up_commands")
        module.act = command
        monkeypatch.setitem(sys.modules, "made_up_commands", module)
        monkeypatch.setattr(cli.app, "lazy", {**cli.COMMANDS, "act": "made_up_commands:act"})
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def raising(error: BaseException) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (errors.CtxpipeError("it failed"), 1, "error: it failed"),
        (errors.UsageError("budget must not be negative"), 2, "error: budget must not be negative"),
        (errors.UnknownNameError("ranker", "bm2", ["bm25"]), 2, "error: unknown ranker 'bm2'; did you mean bm25?"),
        (errors.ReadError("a.txt", "is empty"), 1, "error: a.txt: is empty"),
        (errors.RejectedError(500, "two\nlines"), 1, "error: the server answered 500: two lines"),
        (errors.ReadError("\x1b[31mred\x07.txt", "is empty"), 1, r"error: \x1b[31mred\x07.txt: is empty"),
        (click.ClickException("no"), 1, "error: no"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 1, "error: No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied", "out.txt"), 1, "error: out.txt: Permission denied"),
        (MemoryError(), 1, "error: out of memory"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), 1, "error: out of memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9"), 1, "error: out of memory"),
        (
            UnicodeEncodeError("latin-1", "好", 0, 1, "no"),
            1,
            "error: output in latin-1 cannot hold this text; set PYTHON",
        ),
        (ZeroDivisionError("by zero"), 1, "internal error: ZeroDivisionError: by zero (run with --debug for the trace"),
        (KeyError(), 1, "internal error: KeyError (run with --debug for the traceback)"),
        (OSError("odd"), 1, "internal error: OSError: odd (run with --debug for the traceback)"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
    ],
)
def test_every_error_is_one_line_and_an_exit_code(run: Run, error: BaseException, code: int, line: str) -> None:
    result = run("act", act=raising(error))
    assert result[:2] == (code, "")
    assert result[2].startswith(line)
    assert result[2].count("\n") == 1


@pytest.mark.parametrize("arguments", [("--debug", "act"), ("act", "--debug")])
def test_debug_shows_the_traceback_before_the_line(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments, act=raising(errors.ReadError("a.txt", "is empty")))
    assert (code, out) == (1, "")
    assert err.startswith("Traceback (most recent call last):")
    assert err.endswith("\nerror: a.txt: is empty\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["qurey"], "error: unknown command 'qurey'; did you mean query?\n"),
        (["zzz"], f"error: unknown command 'zzz'; known: {', '.join(sorted([*cli.COMMANDS, 'act']))}\n"),
        (["config", "shw"], "error: No such command 'shw'. Did you mean 'show'? (see 'ctxpipe config --help')\n"),
        (
            ["act", "--cuont", "1"],
            "error: No such option '--cuont'. Did you mean '--count'? (see 'ctxpipe act --help')\n",
        ),
        (
            ["act", "--count", "x"],
            "error: Invalid value for '--count': 'x' is not a valid integer. (see 'ctxpipe act --help')\n",
        ),
        (["--vresion"], "error: No such option '--vresion'. Did you mean '--version'? (see 'ctxpipe --help')\n"),
    ],
)
def test_a_mistyped_request_is_answered_with_the_nearest(run: Run, arguments: list[str], line: str) -> None:
    assert run(*arguments) == (2, "", line)


def test_an_exit_code_of_a_command_is_kept(run: Run) -> None:
    assert run("act", act=lambda: click.get_current_context().exit(3)) == (3, "", "")


def test_version_is_the_distribution_s(run: Run) -> None:
    from importlib.metadata import version

    assert run("--version") == (0, f"ctxpipe {version('ctxpipe')}\n", "")
    assert version("ctxpipe") == ctxpipe.__version__


def test_no_arguments_show_the_help_and_fail(run: Run) -> None:
    code, out, err = run()
    assert (code, out) == (2, "")
    assert err.startswith("Usage: ctxpipe ")


def commands() -> list[tuple[str, ...]]:
    """The paths of all commands, groups included."""

    def walk(command: click.Command, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        inner = command.commands.items() if isinstance(command, click.Group) else ()
        return [path, *(found for name, sub in inner for found in walk(sub, (*path, name)))]

    context = click.Context(cli.app)
    found: list[tuple[str, ...]] = [()]
    for name in cli.COMMANDS:
        command = cli.app.get_command(context, name)
        assert command is not None
        found += walk(command, (name,))
    return found


def test_every_command_has_help_with_an_example_and_a_summary(run: Run) -> None:
    paths = commands()
    assert {path[0] for path in paths if path} == set(cli.COMMANDS)
    for path in paths:
        code, out, err = run(*path, "--help")
        assert (code, err) == (0, "")
        assert out.startswith(f"Usage: {' '.join(['ctxpipe', *path])} ")
        assert "Example" in out, path
        assert " ".join(["ctxpipe", *path]) in out.partition("Example")[2], path
    listing = run("--help")[1].partition("Commands:")[2].partition("Example")[0]
    summaries = dict(line.split(maxsplit=1) for line in listing.strip().splitlines())
    assert set(cli.COMMANDS) <= set(summaries)
    assert all(text[0].isupper() for text in summaries.values())


def start(*arguments: str, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ctxpipe", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["config", "show"]])
def test_help_imports_nothing_but_click(arguments: list[str], tmp_path: Path) -> None:
    """What is imported decides how long the help takes; a bound on seconds would depend on the machine."""
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from ctxpipe.cli import main\n"
        f"assert main({arguments!r}) == 0\n"
        "print({m.partition('.')[0] for m in set(sys.modules) - before} - sys.stdlib_module_names, file=sys.stderr)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert ast.literal_eval(result.stderr) <= {"click", "ctxpipe", "colorama"}


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    process = start("config", "show", cwd=tmp_path, bufsize=0)
    assert process.stdout
    process.stdout.close()
    assert process.wait() == cli.BROKEN_PIPE
    assert process.stderr
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, which is a disk without room, on this system")
def test_output_to_a_full_disk_fails(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "ctxpipe", "config", "show"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (1, "error: No space left on device\n")


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_control_c_ends_in_one_word(tmp_path: Path) -> None:
    """A real signal reaches a command that waits, here for its settings file, which is a pipe nobody writes to."""
    os.mkfifo(tmp_path / "ctxpipe.toml")
    process = start("config", "show", cwd=tmp_path)
    with open(tmp_path / "ctxpipe.toml", "wb"):  # opens once the command reads it
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (cli.INTERRUPTED, "", "interrupted\n")


def test_shell_completion_knows_the_commands(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("_CTXPIPE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "ctxpipe conf")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert run() == (0, "plain,config\n", "")
