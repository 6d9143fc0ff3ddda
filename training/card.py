"""Writes the model card from what the other steps left behind.

python -m training.card --examples ~/ctxpipe-training --pruner ~/ctxpipe-training/pruner --out MODEL_CARD.md
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from training.export import INT8, MANIFEST
from training.files import read_json, replace_atomically
from training.sources import COMPOSED, SOURCES
from training.train import METRICS, SETTINGS

REPORT = "report.json"
WEAKNESSES = (
    "Trained on English prose, mostly of Wikipedia. Meetings, stories, medical pages and tables are a small part.",
    "The vocabulary is that of an uncased English BERT: of Chinese, Japanese and Korean most characters, and of other "
    "scripts most words, are unknown or fall into letters. In these languages its scores must not be trusted.",
    "No source code and no JSON were trained on.",
    "Questions over several passages are trained with two steps; longer chains were not seen. Most of them were made "
    "by rule out of two questions over one passage each, and some of these read badly.",
    "A passage is read alone, at most {longest} tokens with its question. What only several passages together say is "
    "not seen in the first pass.",
    "A found sentence leads astray where there is no other article to find: on short pages with a table the second "
    "pass lost answers, so the ranking makes it only over longer texts or several titles.",
    "Probabilities hold for the mixture of development questions, with a few passages that hold evidence among some "
    "that look like it. In a long document evidence is rarer than the numbers say; their order is what counts.",
    "Sentences that ask to be kept were put into {demanding} of the training passages as unwanted text. That lowers "
    "their effect and does not rule it out.",
)


@click.command(context_settings={"show_default": True})
@click.option("--examples", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--pruner", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option(
    "--benchmark",
    "benchmarks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="JSON of survival.py; may be repeated.",
)
@click.option(
    "--before",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    nargs=2,
    multiple=True,
    help="Examples and run that the training began with.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def main(
    examples: Path, pruner: Path, benchmarks: Sequence[Path], before: Sequence[tuple[Path, Path]], out: Path
) -> None:
    """Write the card as Markdown."""
    stages = [
        Stage(read_json(made / REPORT), read_json(run / METRICS), read_json(run / SETTINGS)["settings"])
        for made, run in before
    ]
    measured = [read_json(benchmark) for benchmark in benchmarks]
    text = card(read_json(pruner / MANIFEST), read_json(examples / REPORT), measured, stages)
    replace_atomically(out, lambda file: file.write(text.encode("utf-8")))


class Stage(NamedTuple):
    """One training: the report of its examples, its metrics and its settings."""

    report: dict[str, Any]
    metrics: dict[str, Any]
    settings: dict[str, Any]


def card(
    manifest: dict[str, Any],
    report: dict[str, Any],
    measured: Sequence[dict[str, Any]] = (),
    before: Sequence[Stage] = (),
) -> str:
    """The card.

    Args:
        manifest: Of ``training.export``.
        report: Of ``training.prepare``.
        measured: Results of ``benchmarks/survival.py``; without any its section is left out.
        before: Trainings that this one began with, the first first.
    """
    parts = [
        _head(manifest),
        "## Data\n\n" + _data([*(stage.report for stage in before), report]),
        "## What was kept out\n\n" + _removed(report),
        "## Training\n\n" + _training([*before, Stage(report, manifest["metrics"], manifest["settings"])]),
        "## Figures on development documents\n\n" + _figures(manifest["metrics"]),
        "## Export\n\n" + _export(manifest),
    ]
    if "rank" in manifest:
        parts.append("## Ranking\n\n" + _ranking(manifest["rank"]))
    if measured:
        parts.append("## Evaluation sets\n\n" + _measured(measured))
    parts.append("## Weaknesses\n\n" + _weaknesses(manifest))
    return "\n\n".join(parts) + "\n"


def _head(manifest: dict[str, Any]) -> str:
    file = manifest["files"][INT8]
    return (
        f"# ctxpipe pruner {manifest['version']}\n\n"
        "Says of each token of a passage whether it is needed to answer a question, and of the passage whether it has "
        "to do with it. Body: all-MiniLM-L6-v2 (Apache-2.0), 6 layers of 384. Two linear heads. It works without a "
        "question too and then says which sentences are usually asked for.\n\n"
        f"`{INT8}`, {file['bytes']:,} bytes, SHA-256 `{file['sha256']}`, ONNX opset {manifest['opset']}.\n\n"
        f"Input: `{manifest['layout']['order']}`."
    )


def _data(reports: Sequence[dict[str, Any]]) -> str:
    last = reports[-1]
    sources = [report["examples"]["train"]["sources"] for report in reports]
    licences = {name: file["licence"] for name, file in last["files"].items()}
    if COMPOSED in sources[-1]:
        licences[COMPOSED] = SOURCES[COMPOSED].licence
    counted = {"examples": 0, "tokens": 0}
    rows: list[tuple[str, ...]] = []
    for name, licence in licences.items():
        counts = [given.get(name, counted) for given in sources]
        rows.append((name, licence, *(f"{count[what]:,}" for count in counts for what in counted)))
    refused = [(name, entry["licence"], entry["reason"]) for name, entry in last["refused"].items()]
    stages = [""] if len(reports) == 1 else [f" in training {number}" for number in range(1, len(reports) + 1)]
    head = ("file", "licence", *(f"{what}{stage}" for stage in stages for what in counted))
    return (
        _table(head, rows)
        + "\n\nThe weights hold none of these texts. Attribution and share-alike concern the data named here; who "
        "passes the weights on should pass this list on too.\n\nNot used:\n\n"
        + _table(("file", "licence", "why not"), refused)
    )


def _removed(report: dict[str, Any]) -> str:
    reasons = [reason for reason in next(iter(report["files"].values()))["removed"] if reason != "items"]
    rows = [
        (name, f"{file['removed']['items']:,}", *(f"{file['removed'][reason]:,}" for reason in reasons))
        for name, file in report["files"].items()
    ]
    overlap = report["left out for sharing 13 words with development documents"]
    return (
        "An item was removed when its question, by its words, is one of an evaluation set, or when its evidence shares "
        "13 words in a row with a document of one. A passage without evidence was removed alone (last column but one: "
        "items that lost such passages). `no evidence`: answerable by the data's word, but nothing is marked.\n\n"
        + _table(("file", "items", *reasons), rows)
        + f"\n\nTraining and development share no document with evidence; {overlap['items']:,} items and "
        f"{overlap['passages']:,} passages were left out of training since they share 13 words with one."
    )


def _training(stages: Sequence[Stage]) -> str:
    said = [_stage(stage) for stage in stages]
    if len(said) == 1:
        return said[0]
    return "\n".join(
        f"{number}. {text}{' It began with the weights of the one before.' if number > 1 else ''}"
        for number, text in enumerate(said, start=1)
    )


def _stage(stage: Stage) -> str:
    metrics, made = stage.metrics, stage.report["examples"]["train"]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in made["kinds"].items())
    settings = ", ".join(f"{name} {value}" for name, value in stage.settings.items() if value != "")
    prepared = ", ".join(f"{name} {value}" for name, value in stage.report["options"].items())
    return (
        f"{made['examples']:,} examples ({kinds}), {made['tokens']:,} tokens; {made['relevant']:,} passages with "
        f"evidence. Prepared with: {prepared}. Trained with: {settings}. {metrics['steps']:,} steps on "
        f"{metrics['device']} in {metrics['seconds'] / 60:.1f} minutes ({metrics['tokens_per_second']:,.0f} tokens/s)."
    )


def _figures(metrics: dict[str, Any]) -> str:
    names = ("token_ap", "token_f1", "token_share", "relevance_auc", "relevance_mrr", "survival_any", "survival_all")
    rows = [
        (kind, *(_number(found.get(name)) for name in names), _number(found.get("survival_random")))
        for kind, found in metrics["dev"].items()
    ]
    text = _table(("pass", *names, "survival_random"), rows)
    by_source = metrics["dev"].get("question", {}).get("survival", {})
    if by_source:
        kept = [
            (name, str(v["n"]), _number(v["any"]), _number(v["all"]), _number(v["random"]))
            for name, v in by_source.items()
        ]
        text += (
            "\n\nSurvival when each question keeps a quarter of the tokens of its passages, best sentences first: "
            "`any` evidence, `all` passages with evidence, and `any` in random order.\n\n"
            + _table(("file", "questions", "any", "all", "random"), kept)
        )
    error = metrics["calibration_error"]
    lines = [(what, _number(error["before"][what]), _number(error["after"][what])) for what in error["before"]]
    return (
        text
        + "\n\nExpected calibration error, fitted on one half and measured on the other:\n\n"
        + _table(("of", "before", "after"), lines)
    )


def _export(manifest: dict[str, Any]) -> str:
    check = manifest["check"]
    names = ("largest_difference", "mean_difference", "relevance_difference", "same_tokens", "same_sentences")
    rows = [(name, *(_number(check[name][n]) for n in names)) for name in ("float32", "int8")]
    return (
        f"Against torch on {check['examples']:,} development examples: difference of logits, and the part of the best "
        f"quarter that is the same.\n\n{_table(('file', *names), rows)}\n\nLoads in {check['load_seconds']:.2f} s."
    )


def _ranking(rank: dict[str, Any]) -> str:
    """How the package adds the scores, and evidence kept of development questions that this was not fitted on."""
    near, weights = (", ".join(f"{name} {value:g}" for name, value in rank[key].items()) for key in ("near", "weights"))
    named = {**rank["held"], **rank["languages"]}
    ways = tuple(name for name in next(iter(named.values()), {}) if "@" in name)
    rows = [(name, f"{row['n']:.0f}", *(_number(row[way]) for way in ways)) for name, row in named.items()]
    merit = ", ".join(f"{name} {value:.3f}" for name, value in rank["merit"].items())
    shares = ", ".join(f"{rate:g}" for rate in rank["rates"])
    return (
        f"Weights of the scores: {weights}; before the second pass: {near}. Mean evidence kept over shares {shares} of "
        f"the tokens, each half of the questions by weights that were fitted on the other: {merit}. Per file; files in "
        "other languages (`ml_`) were read against the rule that leaves them to the fusion:\n\n"
        f"{_table(('file', 'questions', *ways), rows)}"
    )


def _measured(measured: Sequence[dict[str, Any]]) -> str:
    parts = []
    for one in (run for result in measured for run in (result, *result.get("more", ()))):
        sets = one["sets"]
        methods = tuple(next(iter(sets.values()))["survival"])
        rows = [
            (name, str(entry["items"]), *(_number(value) for value in entry["survival"].values()))
            for name, entry in sets.items()
        ]
        parts.append(
            f"Kept at {one['rate']} of the tokens (answers; of qmsum, evidence):\n\n"
            + _table(("set", "items", *methods), rows)
        )
    return "\n\n".join(parts)


def _weaknesses(manifest: dict[str, Any]) -> str:
    from training.build import DEMANDING

    given = {"longest": manifest["layout"]["longest"], "demanding": f"{DEMANDING:.0%}"}
    return "\n".join(f"- {weakness.format(**given)}" for weakness in WEAKNESSES)


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
