"""Fits how the fusion's score, the first and the second pass are added, on development documents; into the manifest.

python -m training.combine --examples ~/ctxpipe-training --pruner ~/ctxpipe-training/pruner
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from ctxpipe.compress.cache.score_cache import ScoreCache
from ctxpipe.compress.learned.files import ScoreWeights
from ctxpipe.compress.learned.links import Link
from ctxpipe.compress.learned.model import PassageReader
from ctxpipe.compress.learned.passages import Shares
from ctxpipe.compress.learned.ranker import LearnedRanker
from ctxpipe.compress.learned.scores import added, placed
from ctxpipe.compress.rank.cached import RememberingEmbedder
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
RATES = (0.03, 0.05, 0.08, 0.125, 0.18, 0.25)
"""Shares of the tokens. At a quarter of such documents nearly all evidence survives with any weights, so that only
smaller ones tell them apart."""
SHOWN = (0.25, 0.125)
FUSION = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0)
SECOND = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
LINK = (0.0, 0.15, 0.3, 0.45, 0.6)
READINGS, READINGS_MEGABYTES = "readings.sqlite", 4_000
"""Where what the model said is kept in the folder of examples, so that a run that was stopped finds it."""
NEGLIGIBLE = 0.02
"""Share of the tokens below which it no longer matters much at which of them evidence stands."""
ENOUGH = 20
"""Questions from which on a file counts as much as any other; one with fewer counts by their part."""
WORTH = 0.005
"""By how much the second pass must shorten, in the logarithm, what is to be kept, since it costs a reading."""


class Read(NamedTuple):
    """A trial with what the model said in both passes; the second is None before it was made."""

    trial: Trial
    first: Floats
    named: Sequence[Link]
    second: Floats | None = None

    def scores(self, weights: ScoreWeights) -> Floats:
        """Scores of all sentences, as the ranker gives them."""
        look = self.trial.look
        second = self.second if weights.second else None
        total = added(look.fusion, self.first, second, weights, look.size, self.named)
        return placed(total, look.fusion, look.unread(self.first))


class Scored(NamedTuple):
    """A trial with scores of all its sentences."""

    trial: Trial
    scores: Floats


@click.command(context_settings={"show_default": True})
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), default="../shared/training")
@click.option("--evaluation", type=click.Path(exists=True, file_okay=False, path_type=Path), default="../shared/data")
@click.option("--examples", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--pruner", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--items", type=int, default=60, help="Development questions of each file.")
def main(data: Path, evaluation: Path, examples: Path, pruner: Path, items: int) -> None:
    """Write rank into manifest.json: the weights, and what they are worth per file."""
    embedder = RememberingEmbedder.of("minilm-l6", ScoreCache(examples / READINGS, megabytes=READINGS_MEGABYTES))
    found = combine(data, evaluation, examples, pruner, items=items, embedder=embedder)
    for name, row in {**found["held"], **found["languages"]}.items():
        click.echo(f"{name:22} {row['n']:4} " + " ".join(f"{k} {v:.3f}" for k, v in row.items() if k != "n"))
    click.echo(str(found["weights"]))


def combine(data: Path, evaluation: Path, examples: Path, pruner: Path, *, items: int, embedder: Any) -> dict[str, Any]:
    """Fit on all questions, measure each half by weights fitted on the other one, write both into the manifest.

    Which passages are read again is decided by weights fitted on all questions, since each choice costs a reading.

    Args:
        data, evaluation, examples: As ``training.prepare`` had and wrote them; development items are found again.
        pruner: Folder that ``training.export`` wrote.
        items: Development questions of each file at most.
        embedder: For the fusion.
    """
    model = LearnedRanker(model=pruner, cache=ScoreCache(examples / READINGS, megabytes=READINGS_MEGABYTES)).model
    held_back = development(data, evaluation, examples)
    asked = [name for name in ASKED if name == COMPOSED or name in used()]
    chosen = list(trials(drawn(held_back, asked, items), held_back, model, embedder))
    if len(chosen) < 4:
        raise click.UsageError("there are too few development questions to fit on")
    read = first_pass(chosen)
    near = best(read, [ScoreWeights(fusion=f, second=0.0, link=k) for f, k in itertools.product(FUSION, LINK)])
    read = second_pass(read, near)
    even, odd = read[::2], read[1::2]
    crossed = {"even": (even, final(odd, near)), "odd": (odd, final(even, near))}
    held = [scored for half, weights in crossed.values() for scored in _scored(half, weights)]
    weights = final(read, near)
    click.echo(f"near {asdict(near)}, all {asdict(weights)}", err=True)
    result = {
        "near": asdict(near),
        "weights": asdict(weights),
        "crossed": {half: asdict(found) for half, (_, found) in crossed.items()},
        "items": items,
        "rates": RATES,
        "merit": {
            "fusion": _mean([Scored(one.trial, one.trial.look.fusion) for one in read], RATES),
            "first": _mean(_scored(read, near), RATES),
            "all": _mean(held, RATES),
        },
        "held": figures(held),
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
        first = trial.look.first()
        read.append(Read(trial, first, trial.look.links(first)))
        progress(number, len(chosen))
    return read


def second_pass(read: Sequence[Read], near: ScoreWeights) -> list[Read]:
    """Read every trial again with its best sentence by the first pass."""
    progress = Progress("second pass")
    found = []
    for number, one in enumerate(read, start=1):
        look = one.trial.look
        so_far = added(look.fusion, one.first, None, near, look.size, one.named)
        found.append(one._replace(second=look.second(so_far)))
        progress(number, len(read))
    return found


def final(read: Sequence[Read], near: ScoreWeights) -> ScoreWeights:
    """The weights of everything; those of the first pass where the second is not worth its time."""
    grid = itertools.product(FUSION, SECOND, LINK)
    weights = best(read, [ScoreWeights(fusion=f, second=s, link=k) for f, s, k in grid])
    return weights if merit(read, weights) > merit(read, near) + WORTH else near


def best(read: Sequence[Read], tried: Sequence[ScoreWeights]) -> ScoreWeights:
    """The weights of the highest merit; of equals the first."""
    return max(tried, key=lambda weights: round(merit(read, weights), 9))


def merit(read: Sequence[Read], weights: ScoreWeights) -> float:
    """How early evidence comes: mean negative logarithm of the share of the tokens to keep until it does.

    Unlike survival at some rates it tells apart weights that move evidence a little. The few files with questions over
    several documents, for which there are a second pass and links, count as much as all others together.
    """
    by_source: dict[str, list[float]] = {}
    for one in read:
        depths = one.trial.depths(one.scores(weights))
        by_source.setdefault(one.trial.source, []).append(float(-np.log(NEGLIGIBLE + depths).mean()))
    chains = [values for name, values in by_source.items() if SOURCES[name].hops]
    others = [values for name, values in by_source.items() if not SOURCES[name].hops]
    return float(np.mean([_per_file(files) for files in (chains, others) if files]))


def figures(scored: Sequence[Scored]) -> dict[str, dict[str, float]]:
    """Evidence survival of each file by the fusion, and by all together."""
    found = {}
    for name in sorted({one.trial.source for one in scored}, key=list(SOURCES).index):
        mine = [one for one in scored if one.trial.source == name]
        row: dict[str, float] = {"n": len(mine)}
        for rate in SHOWN:
            row[f"fusion@{rate:g}"] = _mean([Scored(one.trial, one.trial.look.fusion) for one in mine], (rate,))
            row[f"learned@{rate:g}"] = _mean(mine, (rate,))
        found[name] = row
    return found


def languages(
    held_back: Sequence[Any], model: PassageReader, embedder: Any, items: int, near: ScoreWeights, weights: ScoreWeights
) -> dict[str, dict[str, float]]:
    """The same where the model reads other languages against the rule, with the shares that the rule looks at."""
    names = [name for name in used() if name.startswith("ml_")]
    chosen = list(trials(drawn(held_back, names, items), held_back, model, embedder, trust=True))
    read = second_pass(first_pass(chosen), near)
    found = figures(_scored(read, weights))
    for name, row in found.items():
        shares = np.mean([script(one.trial) for one in read if one.trial.source == name], axis=0)
        row.update(zip(Shares._fields, map(float, shares), strict=True))
    return found


def _per_file(files: Sequence[Sequence[float]]) -> float:
    counts = [min(1.0, len(values) / ENOUGH) for values in files]
    return float(np.average([np.mean(values) for values in files], weights=counts))


def _scored(read: Sequence[Read], weights: ScoreWeights) -> list[Scored]:
    return [Scored(one.trial, one.scores(weights)) for one in read]


def _mean(scored: Sequence[Scored], rates: Sequence[float]) -> float:
    """Evidence survival, every file counting the same."""
    by_source: dict[str, list[float]] = {}
    for trial, scores in scored:
        by_source.setdefault(trial.source, []).append(float(np.mean([trial.survival(scores, rate) for rate in rates])))
    return float(np.mean([np.mean(values) for values in by_source.values()])) if by_source else 0.0


if __name__ == "__main__":
    main()
