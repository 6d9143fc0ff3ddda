"""``ctxpipe mcp``: documents of a folder for assistants that speak the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctxpipe.commands.shared.corpora import named_corpora
from ctxpipe.commands.shared.options import HOW_MUCH, OUTPUT, TARGET, WHAT, HeadedCommand, option
from ctxpipe.extras import require


@click.command(
    cls=HeadedCommand,
    epilog="\b\nExamples:\n"
    "  ctxpipe mcp --root docs/\n"
    "  ctxpipe mcp --root docs/ --corpus handbook=handbook.ctx --target http://127.0.0.1:8000\n"
    "  ctxpipe mcp --root docs/ --http --port 8090",
)
@option(
    WHAT,
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    show_default="the current folder",
    metavar="FOLDER",
    help="Folder that may be read, and nothing outside it.",
)
@option(WHAT, "--corpus", "corpora", multiple=True, metavar="NAME=FILE", help="A corpus file by a name, repeatable.")
@option(HOW_MUCH, "--tokenizer", metavar="MODEL", help="Whose tokens are counted. [default: the target's]")
@option(TARGET, "--target", metavar="local|URL", help="What answers: this machine, or an OpenAI-like server.")
@option(TARGET, "--model", metavar="NAME", help="Its model.")
@option(OUTPUT, "--http", is_flag=True, help="Serve HTTP on this machine, in place of standard input and output.")
@option(OUTPUT, "--port", type=int, default=8090, show_default=True, help="Port of --http.")
def mcp(root: Path, corpora: tuple[str, ...], http: bool, port: int, **flags: Any) -> None:
    """Serve the documents of a folder to an assistant.

    The assistant gets four tools: compress, ask, index and plan. Paths are held inside the folder: absolute paths,
    '..', links that lead out and files that look like secrets are refused.
    """
    require("mcp", "ctxpipe mcp", "mcp")
    from ctxpipe.config import load
    from ctxpipe.integrations.mcp_server import folder_server
    from ctxpipe.pipeline.corpus.store import Store

    config = load(flags)
    options = {"target": config.target, "model": config.model, "tokenizer": config.tokenizer}
    files = named_corpora(corpora)
    for file in files.values():
        Store(file).close()  # what is missing is said now, and not at an assistant's first question
    server = folder_server(root, corpora=files, options=options)
    if http:
        click.echo(f"note: http://127.0.0.1:{port}/mcp serves {root}; Ctrl-C stops it", err=True)
        server.run("streamable-http", host="127.0.0.1", port=port)
    else:
        server.run("stdio")
