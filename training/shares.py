"""Measures what the learned ranking decides by whether it can read a passage, on every file of training data.

python -m training.shares --data ../shared/training
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click
import numpy as np

from ctxpipe.compress.learned.passages import FOREIGN, MARKS, PIECES, Shares, readable, shares
from ctxpipe.compress.learned.rows import WordPieces
from training.prepare import model_tokenizer
from training.schema import read
from training.sources import used

SHORTEST = 150
"""Characters below which a passage says little of its language."""


@click.command(context_settings={"show_default": True})
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), default="../shared/training")
@click.option("--items", type=int, default=600, help="Items of each file, of which every sixth is looked at.")
def main(data: Path, items: int) -> None:
    """Print for each file quantiles of the three shares, and how many of its passages are read."""
    words = WordPieces(model_tokenizer())
    limits = dict(zip(Shares._fields, (FOREIGN, MARKS, PIECES), strict=True))
    click.echo(
        "| file | passages | " + " | ".join(f"{n} p5, p95, p99 ({v:g})" for n, v in limits.items()) + " | read |"
    )
    click.echo("|---|---|---|---|---|---|")
    for name in used():
        path = data / f"{name}.jsonl.gz"
        chosen = islice(read(path), 0, items, 6) if path.is_file() else ()
        texts = [p.text for item in chosen for p in item.passages[:10] if len(p.text) >= SHORTEST]
        found = [encoded.ids for encoded in words.encode(texts)]
        if not found:
            continue
        table = np.array([shares(ids, words) for ids in found])
        cells = [", ".join(f"{v:.2f}" for v in np.quantile(table[:, i], (0.05, 0.95, 0.99))) for i in range(3)]
        part = np.mean([readable(ids, words) for ids in found])
        click.echo(f"| {name} | {len(found)} | {' | '.join(cells)} | {part:.3f} |")


if __name__ == "__main__":
    main()
