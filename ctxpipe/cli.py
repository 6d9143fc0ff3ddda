"""The ``ctxpipe`` command: its subcommands, and the only place where errors become a line and an exit code."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click

from ctxpipe.commands.shared.printing import safe_line
from ctxpipe.errors import CtxpipeError, UnknownNameError
from ctxpipe.old_names import OldNameWarning

COMMANDS: Mapping[str, str] = {
    "compress": "ctxpipe.commands.compress.command:compress",
    "query": "ctxpipe.commands.query.command:query",
    "index": "ctxpipe.commands.index.command:index",
    "batch": "ctxpipe.commands.batch.command:batch",
    "plan": "ctxpipe.commands.plan.command:plan",
    "serve": "ctxpipe.commands.serve.command:serve",
    "gateway": "ctxpipe.commands.gateway.command:gateway",
    "mcp": "ctxpipe.commands.mcp.command:mcp",
    "eval": "ctxpipe.commands.eval.command:eval_",
    "models": "ctxpipe.commands.models:models",
    "config": "ctxpipe.commands.config:config",
}
"""Command to ``module:attribute``, in the order of the help. A module is imported when its command is used, and all
modules for the list of commands, so they import heavy libraries inside their functions."""

INTERRUPTED = 130
BROKEN_PIPE = 141


def _remember_debug(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(dict)["debug"] = True


def _debug_option() -> click.Option:
    return click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        callback=_remember_debug,
        help="Show the traceback of an error.",
    )


def _accept_debug(command: click.Command) -> None:
    """Accept ``--debug`` after any command as well as before it."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _accept_debug(inner)
    elif not any("--debug" in parameter.opts for parameter in command.params):
        command.params.append(_debug_option())


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used.

    Args:
        lazy: Command to ``module:attribute``.
        **options: See ``click.Group``.
    """

    def __init__(self, lazy: Mapping[str, str], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # click names some twenty of them
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the given order."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        if cmd_name not in self.lazy:
            return None
        module, _, attribute = self.lazy[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        _accept_debug(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the first argument.

        Raises:
            UnknownNameError: if there is none, with the nearest names.
        """
        if args[0] not in self.lazy and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise UnknownNameError("command", args[0], self.lazy)
        return super().resolve_command(ctx, args)


app = LazyGroup(
    COMMANDS,
    name="ctxpipe",
    help="Fit documents larger than a model's window into it, and ask.",
    epilog="\b\nExamples:\n"
    '  ctxpipe query report.pdf -q "What did the auditors find?"\n'
    '  ctxpipe compress notes/ -q "Who was there?" --budget 6000 > prompt.txt',
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=[_debug_option()],
)
click.version_option(package_name="ctxpipe", prog_name="ctxpipe", message="%(prog)s %(version)s")(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Command-line arguments; None for the process's own.

    Returns:
        0 done, 1 the work failed, 2 invalid request, 130 interrupted, 141 the reader of the output closed it.
    """
    # Threads that spin while they wait make torch ten times slower on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # The structure of long documents is many small objects that live to the end: searching them for garbage as often
    # as Python does by default takes a tenth of the time of a question.
    gc.set_threshold(50_000, 20, 50)
    if instruction := os.environ.get("_CTXPIPE_COMPLETE"):
        from click.shell_completion import shell_complete

        return shell_complete(app, {}, "ctxpipe", "_CTXPIPE_COMPLETE", instruction)
    remembered: dict[str, bool] = {}
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments), remembered)
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return BROKEN_PIPE
    except click.exceptions.NoArgsIsHelpError as exc:
        exc.show()
        return exc.exit_code
    except Exception as exc:
        if remembered.get("debug"):
            import traceback

            traceback.print_exception(exc)
        line, code = explain(exc)
        _say(line)
        return code


def _run(arguments: list[str], remembered: dict[str, bool]) -> int:
    code = 0
    try:
        with _old_names_as_notes(), app.make_context("ctxpipe", arguments, obj=remembered) as context:
            app.invoke(context)
    except click.exceptions.Exit as end:
        code = end.exit_code
    sys.stdout.flush()  # a full disk or a closed pipe must be reported here and not at exit
    return code


@contextmanager
def _old_names_as_notes() -> Iterator[None]:
    """Print a note for each old name, once. Other warnings are not changed."""
    said: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("always", OldNameWarning)
        show = warnings.showwarning

        def note(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, OldNameWarning):
                show(message, category, *where, **more)
            elif str(message) not in said:
                said.add(str(message))
                _say(f"note: {message}")

        warnings.showwarning = note
        yield


def explain(error: Exception) -> tuple[str, int]:
    """The error line for the user, and the exit code."""
    match error:
        case CtxpipeError():
            return f"error: {error}", error.exit_code
        case click.UsageError(ctx=click.Context() as context):
            return f"error: {error.format_message()} (see '{context.command_path} --help')", error.exit_code
        case click.ClickException():
            return f"error: {error.format_message()}", error.exit_code
        case OSError(strerror=str() as reason, filename=name):
            return f"error: {name}: {reason}" if name else f"error: {reason}", 1
        case UnicodeEncodeError(encoding=encoding):
            return f"error: output in {encoding} cannot hold this text; set PYTHONUTF8=1", 1
    if _is_out_of_memory(error):
        return "error: out of memory", 1
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"internal error: {what} (run with --debug for the traceback)", 1


def _is_out_of_memory(error: Exception) -> bool:
    """Python's error, CUDA's (by name, so torch is not imported), and torch's plain RuntimeError on a CPU."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "DefaultCPUAllocator: can't allocate memory" in str(error)
    )


def _say(text: str) -> None:
    with suppress(OSError):  # standard error may be closed; the exit code remains
        click.echo(safe_line(text), err=True)


def _drop_output() -> None:
    """Discard buffered output, or the interpreter would report the closed pipe at exit."""
    with suppress(OSError, ValueError):  # standard output may not be a file, as in tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
