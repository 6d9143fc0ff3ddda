"""Fits how the fusion's score, the first and the second pass are added, on development documents; into the manifest.

python -m training.combine --examples ~/ctxpipe-training --pruner ~/ctxpipe-training/pruner
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from ctxpipe.compress.learned.files import Weights
from ctxpipe.compress.learned.model import LearnedModel
from ctxpipe.compress.learned.passages import Shares
from ctxpipe.compress.learned.scores import added, placed
from training.export import MANIFEST
from training.files import Progress, read_json, write_json
from training.metrics import Floats
from training.sources import COMPOSED, SOURCES, used
from training.trials import Trial, development, drawn, script, trials

ASKED = (
    "2wiki_samples", "clapnq_dev", "composed", "fairytaleqa", "foolmetwice", "hotpot_samples", "hybridqa_ottqa_dev",
    "onestopqa", "qmsum_train", "quotesum_dev", "selqa", "squad_du_test", "squad_misc", "squad_reqa_train",
    "squadshifts_new_wiki", "timeqa_human",
)  # fmt: skip
"""Files whose evidence is marked below the passage, in English."""
FITTED = (0.03, 0.05, 0.08, 0.125, 0.18, 0.25)
"""Shares of the tokens. At a quarter of such documents nearly all evidence survives with any weights, so that only
smaller ones tell them apart."""
SHOWN = (0.25, 0.125)
FUSION = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5)
SECOND = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0, 1.5)
MOST_SEEDS = 2
WORTH = 0.004
"""Survival that another found sentence must add, since each costs a reading."""


class Read(NamedTuple):
    """A trial with what the model said: logits of the first pass, and of the second for each found sentence."""

    trial: Trial
    first: Floats
    second: Sequence[Floats]

    def scores(self, weights: Weights) -> Floats:
        """Scores of all sentences, as the ranker gives them."""
        look = self.trial.look
        again = np.fmax.reduce(self.second[: weights.seeds]) if weights.seeds and self.second else None
        return placed(added(look.fusion, self.first, again, weights), look.fusion, look.unread(self.first))


@click.command(context_settings={"show_default": True})
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), default="../shared/training")
@click.option("--evaluation", type=click.Path(exists=True, file_okay=False, path_type=Path), default="../shared/data")
@click.option("--examples", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--pruner", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--items", type=int, default=40, help="Development questions of each file.")
def main(data: Path, evaluation: Path, examples: Path, pruner: Path, items: int) -> None:
    """Write rank into manifest.json: the weights, and what they are worth per file."""
    from ctxpipe.compress.embedder import OnnxEmbedder

    found = combine(data, evaluation, examples, pruner, items=items, embedder=OnnxEmbedder.load())
    for name, row in {**found["held"], **found["languages"]}.items():
        click.echo(f"{name:22} {row['n']:4} " + " ".join(f"{k} {v:.3f}" for k, v in row.items() if k != "n"))
    click.echo(str(found["weights"]))


def combine(data: Path, evaluation: Path, examples: Path, pruner: Path, *, items: int, embedder: Any) -> dict[str, Any]:
    """Fit on every second question of each file, measure on the others, write both into the manifest.

    Args:
        data, evaluation, examples: As ``training.prepare`` had and wrote them; development items are found again.
        pruner: Folder that ``training.export`` wrote.
        items: Development questions of each file at most.
        embedder: For the fusion.
    """
    model = LearnedModel.load(pruner)
    held_back = development(data, evaluation, examples)
    asked = [name for name in ASKED if name == COMPOSED or name in used()]
    chosen = list(trials(drawn(held_back, asked, items), held_back, model, embedder))
    if len(chosen) < 4:
        raise click.UsageError("there are too few development questions to fit on")
    read = first_pass(chosen)
    fitting, measured = read[::2], read[1::2]
    near = best(fitting, [Weights(fusion=f, first=1.0, second=0.0, seeds=0) for f in FUSION])
    fitting, measured = (second_pass(part, near) for part in (fitting, measured))
    weights = near
    for seeds in range(1, MOST_SEEDS + 1):
        tried = [replace(near, fusion=f, second=s, seeds=seeds) for f, s in itertools.product(FUSION, SECOND) if s]
        more = best(fitting, tried)
        if merit(fitting, more) > merit(fitting, weights) + WORTH:
            weights = more
    result = {
        "weights": asdict(weights),
        "items": items,
        "rates": FITTED,
        "near": asdict(near),
        "merit": {"fusion": fused(measured), "first": merit(measured, near), "all": merit(measured, weights)},
        "held": figures(measured, weights),
        "languages": languages(held_back, model, embedder, items, near, weights),
    }
    manifest = read_json(pruner / MANIFEST)
    manifest["rank"] = result
    write_json(pruner / MANIFEST, manifest)
    return result


def first_pass(chosen: Sequence[Trial]) -> list[Read]:
    """Read every trial with its question."""
    progress = Progress("first pass")
    read = []
    for number, trial in enumerate(chosen, start=1):
        read.append(Read(trial, trial.look.first(), ()))
        progress(number, len(chosen))
    return read


def second_pass(read: Sequence[Read], near: Weights) -> list[Read]:
    """Read every trial again with its best sentences by the first pass."""
    progress = Progress("second pass")
    found = []
    for number, one in enumerate(read, start=1):
        look = one.trial.look
        so_far = added(look.fusion, one.first, None, near)
        again = look.second(so_far, MOST_SEEDS)
        found.append(one._replace(second=again))
        progress(number, len(read))
    return found


def best(read: Sequence[Read], tried: Sequence[Weights]) -> Weights:
    """The weights under which most evidence survives; of equals the first."""
    return max(tried, key=lambda weights: round(merit(read, weights), 9))


def merit(read: Sequence[Read], weights: Weights) -> float:
    """Evidence survival over all rates, every file counting the same."""
    return _mean(read, lambda one: one.scores(weights), FITTED)


def fused(read: Sequence[Read]) -> float:
    """The same of the fusion alone."""
    return _mean(read, lambda one: one.trial.look.fusion, FITTED)


def figures(read: Sequence[Read], weights: Weights) -> dict[str, dict[str, float]]:
    """Evidence survival of each file by the fusion, and by all together."""
    found = {}
    for name in sorted({one.trial.source for one in read}, key=list(SOURCES).index):
        mine = [one for one in read if one.trial.source == name]
        row: dict[str, float] = {"n": len(mine)}
        for rate in SHOWN:
            row[f"fusion@{rate:g}"] = _mean(mine, lambda one: one.trial.look.fusion, (rate,))
            row[f"learned@{rate:g}"] = _mean(mine, lambda one: one.scores(weights), (rate,))
        found[name] = row
    return found


def languages(
    held_back: Sequence[Any], model: LearnedModel, embedder: Any, items: int, near: Weights, weights: Weights
) -> dict[str, dict[str, float]]:
    """The same where the model reads other languages against the rule, with the shares that the rule looks at."""
    names = [name for name in used() if name.startswith("ml_")]
    chosen = list(trials(drawn(held_back, names, items), held_back, model, embedder, trust=True))
    read = second_pass(first_pass(chosen), near)
    found = figures(read, weights)
    for name, row in found.items():
        shares = np.mean([script(one.trial) for one in read if one.trial.source == name], axis=0)
        row.update(zip(Shares._fields, map(float, shares), strict=True))
    return found


def _mean(read: Sequence[Read], scores: Callable[[Read], Floats], rates: Sequence[float]) -> float:
    by_source: dict[str, list[float]] = {}
    for one in read:
        said = scores(one)
        kept = [one.trial.survival(said, rate) for rate in rates]
        by_source.setdefault(one.trial.source, []).append(float(np.mean(kept)))
    return float(np.mean([np.mean(values) for values in by_source.values()])) if by_source else 0.0


if __name__ == "__main__":
    main()
