"""How far two pruners are apart on the same development questions: whether a training reached another's figures.

python -m training.compare --examples ~/ctxpipe-training --pruner ~/ctxpipe-training/pruner
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from ctxpipe.compress.learned.files import SHIPPED, PrunerFiles
from ctxpipe.evals.statistics.bootstrap import bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design
from training.calibrate import PLAIN
from training.examples import IGNORED, KINDS, QUESTION, SECOND, Examples
from training.export import open_session, run_onnx
from training.files import write_json
from training.metrics import Floats, Logits, average_precision, saved, sentence_table

FIGURES = ("token_ap", "survival_any", "survival_all")


@click.command(context_settings={"show_default": True})
@click.option("--examples", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--pruner", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--against", type=click.Path(exists=True, file_okay=False, path_type=Path), default=SHIPPED)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="JSON of the figures.")
def main(examples: Path, pruner: Path, against: Path, out: Path | None) -> None:
    """Say each figure of both, their difference, and its 95% interval."""
    found = compare(Examples.load(examples / "dev.npz"), pruner, against)
    for kind, rows in found.items():
        for name, row in rows.items():
            click.echo(
                f"{kind:9} {name:13} n {row['n']:4}  {row['pruner']:.3f}  {row['against']:.3f}  "
                f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
            )
    if out is not None:
        write_json(out, found)


def compare(examples: Examples, pruner: Path, against: Path) -> dict[str, dict[str, Any]]:
    """Figures of two pruners, question by question, each file with one vote.

    Args:
        examples: Development examples; both read all of them.
        pruner, against: Folders that ``training.export`` wrote.

    Returns:
        For each pass and figure the means of both, the first less the second, and the limits of its interval.
    """
    first, second = (figures(examples, PrunerFiles.describe(folder)) for folder in (pruner, against))
    source = dict(zip(examples.group.tolist(), map(str, examples.source.tolist()), strict=True))
    result: dict[str, dict[str, Any]] = {}
    for kind in (QUESTION, SECOND):
        for name in FIGURES:
            both = [group for group in first[kind, name] if group in second[kind, name]]
            if len(both) > 1:
                values = [np.array([table[kind, name][group] for group in both]) for table in (first, second)]
                result.setdefault(KINDS[kind], {})[name] = paired(*values, [source[group] for group in both])
    return result


def paired(first: Floats, second: Floats, sources: Sequence[str]) -> dict[str, float]:
    """Means, their difference and its interval; questions are drawn anew within their file."""
    design = Design.of([str(number) for number in range(len(sources))], sources)
    low, high = expanded_interval(bootstrap_means(first - second, design), design)
    means = design.mean(first), design.mean(second)
    return {
        "n": len(sources),
        "pruner": means[0],
        "against": means[1],
        "difference": means[0] - means[1],
        "low": low,
        "high": high,
    }


def figures(examples: Examples, files: PrunerFiles) -> dict[tuple[int, str], dict[int, float]]:
    """By pass and figure, the value of each question that has one."""
    logits = run_onnx(open_session(files.model), examples)
    calibration = replace(PLAIN, sentence=files.sentence)
    score, table = calibration.sentences(examples, logits), sentence_table(examples, logits)
    found: dict[tuple[int, str], dict[int, float]] = {}
    for kind in (QUESTION, SECOND):
        rows = saved(table, examples, score, kind)
        found[kind, "token_ap"] = precisions(examples, logits, kind)
        found[kind, "survival_any"] = {row.group: row.any for row in rows}
        found[kind, "survival_all"] = {row.group: row.all for row in rows}
    return found


def precisions(examples: Examples, logits: Logits, kind: int) -> dict[int, float]:
    """Average precision of the tokens of each question's passages; questions without wanted tokens have none."""
    owner = np.repeat(np.arange(len(examples)), examples.lengths)
    known = np.flatnonzero((examples.kind[owner] == kind) & (examples.target != IGNORED))
    group = examples.group[owner[known]]
    order = np.argsort(group, kind="stable")
    groups, starts = np.unique(group[order], return_index=True)
    found = {}
    for name, members in zip(groups.tolist(), np.split(known[order], starts[1:]), strict=True):
        value = average_precision(logits.keep[members], examples.target[members] >= 50)
        if not np.isnan(value):
            found[int(name)] = value
    return found


if __name__ == "__main__":
    main()
