"""``ctxpipe config``: what the settings are and where each came from."""

from __future__ import annotations

import json
import re

import click

from ctxpipe.config import SETTINGS, Config, load

_PASSWORD = re.compile(r"(?<=://)[^/?#\s]*@")


@click.group(epilog="\b\nExample:\n  ctxpipe config show")
def config() -> None:
    """Show the settings that other commands start from.

    They come from ctxpipe.toml or [tool.ctxpipe] in pyproject.toml, both in the working directory, then from
    CTXPIPE_* environment variables, then from flags; the last one wins.
    """


@config.command(epilog="\b\nExamples:\n  ctxpipe config show\n  CTXPIPE_BUDGET=6000 ctxpipe config show --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: setting to value and origin.")
def show(as_json: bool) -> None:
    """Print every setting, its value and its origin."""
    settings = load()
    rows = {key: (_shown(settings, key), settings.origins[key]) for key in SETTINGS}
    if as_json:
        table = {key: {"value": value, "origin": origin} for key, (value, origin) in rows.items()}
        click.echo(json.dumps(table, indent=2, ensure_ascii=False))
        return
    texts = {key: "-" if value is None else str(value) for key, (value, _) in rows.items()}
    widths = max(map(len, texts)), max(map(len, texts.values()))
    for key, text in texts.items():
        click.echo(f"{key:<{widths[0]}}  {text:<{widths[1]}}  {rows[key][1]}")


def _shown(settings: Config, key: str) -> object:
    """A setting's value as it may be shown: a URL without the user and password in it."""
    value: object = getattr(settings, key)
    return _PASSWORD.sub("***@", value) if isinstance(value, str) else value
