"""``ctxpipe gateway``: a server in front of a server, which makes prompts fit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ctxpipe.commands.serve.command import noter, terminated_as_exit
from ctxpipe.commands.shared.corpora import named_corpora
from ctxpipe.commands.shared.options import HOW, HOW_MUCH, OUTPUT, TARGET, HeadedCommand, option
from ctxpipe.commands.shared.printing import safe_line
from ctxpipe.errors import CtxpipeError, UsageError
from ctxpipe.extras import require

_MEGABYTE = 2**20


@click.command(
    cls=HeadedCommand,
    epilog="\b\nExamples:\n"
    "  ctxpipe gateway --target http://127.0.0.1:8000\n"
    "  ctxpipe gateway --target http://127.0.0.1:8000 --port 8080 --budget 6000 --log requests.jsonl\n"
    "  ctxpipe gateway --target http://127.0.0.1:8000 --corpus handbook=handbook.ctx\n"
    "  ctxpipe gateway --target http://127.0.0.1:8000 --audit",
)
@option(TARGET, "--target", required=True, metavar="URL", help="The OpenAI-compatible server behind it.")
@option(
    TARGET,
    "--corpus",
    "corpora",
    multiple=True,
    metavar="NAME=FILE",
    help="A corpus file; the model MODEL@NAME answers from it. Repeatable.",
)
@option(TARGET, "--window", type=int, metavar="TOKENS", help="The target's window. [default: what it reports]")
@option(TARGET, "--tokenizer", metavar="MODEL", help="Whose tokens estimates count. [default: the target's]")
@option(
    HOW_MUCH, "--budget", type=int, metavar="TOKENS", help="Most tokens of a prompt. [default: what the window holds]"
)
@option(
    HOW_MUCH,
    "--deadline",
    type=float,
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long counting and compressing may take; then the request is passed on unchanged.",
)
@option(
    HOW_MUCH,
    "--assumed-window",
    type=int,
    metavar="TOKENS",
    help="The window that /v1/models tells applications. [default: the target's]",
)
@option(
    HOW_MUCH,
    "--corpus-budget",
    type=int,
    default=4000,
    show_default=True,
    metavar="TOKENS",
    help="Most tokens of what is found in a corpus.",
)
@option(HOW_MUCH, "--workers", type=int, default=1, show_default=True, help="Processes that compress.")
@option(
    HOW_MUCH, "--concurrency", type=int, default=64, show_default=True, help="Most requests at the target at a time."
)
@option(HOW_MUCH, "--queue", type=int, default=256, show_default=True, help="Most requests that wait.")
@option(
    HOW_MUCH, "--max-body", type=int, default=32, show_default=True, metavar="MB", help="Largest prompt that is read."
)
@option(
    HOW_MUCH,
    "--grace",
    type=float,
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long running answers may go on after a stop.",
)
@option(
    HOW,
    "--rank",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="What orders turns and sentences by the last question: auto (hybrid, and bm25 where it would take too long), "
    "hybrid, bm25, learned, embedding, none.",
)
@option(HOW, "--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all networks.")
@option(HOW, "--port", type=int, default=8080, show_default=True, help="Port to listen on; 0 for any that is free.")
@option(HOW, "--api-key-env", metavar="NAME", help="Environment variable with the key that clients must send.")
@option(HOW, "--audit", is_flag=True, help="Measure what would be done, and change nothing.")
@option(OUTPUT, "--annotate", is_flag=True, help="Add to the JSON of answers what was done.")
@option(
    OUTPUT,
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Append one JSON line for each request, without its text.",
)
@option(OUTPUT, "--quiet", is_flag=True, help="Print only errors and the address.")
def gateway(api_key_env: str | None, max_body: int, quiet: bool, corpora: tuple[str, ...], **options: Any) -> None:
    """Stand in front of a server and make prompts fit its window.

    An application changes only its base URL. Requests that fit are passed on byte for byte. The address goes to
    standard output once the gateway answers; Ctrl-C or SIGTERM let running answers end.
    """
    require("gateway", "a gateway", "starlette", "uvicorn", "httpx2", "prometheus_client")
    from ctxpipe.pipeline.gateway.serve import GatewayServer
    from ctxpipe.pipeline.gateway.settings import Settings

    note = noter(quiet)
    tokenizer = options.pop("tokenizer") or _tokenizer_of(options["target"], note)
    settings = Settings(
        **options,
        tokenizer=tokenizer,
        key=_key(api_key_env),
        most_body=max_body * _MEGABYTE,
        corpora=named_corpora(corpora),
    )
    if not settings.is_local and settings.key is None:
        click.echo(safe_line(_OPEN.format(settings.host)), err=True)

    def announce(url: str) -> None:
        note(f"requests to {url}/v1 go to {settings.target}; Ctrl-C stops it")
        click.echo(url)

    try:
        with terminated_as_exit():
            GatewayServer(
                settings, on_ready=announce, on_note=lambda line: click.echo(safe_line(line), err=True)
            ).serve_forever()
    except (KeyboardInterrupt, SystemExit):
        note("stopped")  # which is how a gateway ends when all is well


_OPEN = (
    "warning: {} is reachable from other machines and no key is asked for, so whoever reaches it can use the target; "
    "name a variable with the key with --api-key-env"
)


def _key(variable: str | None) -> str | None:
    """The key that clients must send.

    Raises:
        UsageError: if the variable is empty.
    """
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable() and key):
        raise UsageError(f"--api-key-env {variable}: the variable holds no key")
    return key


def _tokenizer_of(target: str, note: Any) -> str | None:
    """The tokenizer of the target's model; None, for the embedded one, where it cannot be had."""
    from ctxpipe.models.tokenizer import TargetTokenizer
    from ctxpipe.serving.openai.engine import look

    try:
        served = look(target)
    except UsageError:
        return None
    except CtxpipeError as error:
        note(f"the target does not answer yet ({error})")
        return None
    for name in filter(None, (served.name, served.root)):
        try:
            TargetTokenizer.load(name)
        except CtxpipeError:
            continue
        return name
    return None
