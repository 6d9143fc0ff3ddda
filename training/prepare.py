"""Makes training and development examples of the data.

python -m training.prepare --data ../shared/training --evaluation ../shared/data --out ~/ctxpipe-training
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import click

from training.build import Builder, Cut, cut, language, unasked
from training.compose import compose
from training.examples import KINDS, Example, ExampleLayout, Examples, assemble
from training.files import Progress, sha256, write_json
from training.negatives import NegativePool
from training.overlap import Known, Runs, evaluation_texts, same_question
from training.pieces import MarkedPiece
from training.schema import Item, fraction, read
from training.sources import COMPOSED, SOURCES, used
from training.split import split

UNASKED = 600
REMOVED = ("question in evaluation", "evidence in evaluation", "passages in evaluation", "no evidence")


@click.command(context_settings={"show_default": True})
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), default="../shared/training")
@click.option("--evaluation", type=click.Path(exists=True, file_okay=False, path_type=Path), default="../shared/data")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for examples.")
@click.option("--composed/--no-composed", default=True, help="Also questions made of two others.")
@click.option("--share", type=click.FloatRange(0, 1), default=1.0, help="Part of the items to read, for a trial.")
@click.option("--scale", type=float, default=0.8, help="Factor on how many items of each file are used.")
@click.option("--dev", type=click.FloatRange(0, 0.5), default=0.06, help="Part of the documents for development.")
@click.option("--dev-items", type=int, default=30, help="Development items of each file at most.")
@click.option("--pool", type=int, default=16_000, help="Passages that hard negatives are looked for in.")
@click.option("--seed", type=int, default=0)
def main(**options: Any) -> None:
    """Read, check, split, mine negatives, and write train.npz, dev.npz and report.json."""
    from ctxpipe.compress.rank.embedder import OnnxEmbedder

    prepare(embedder=OnnxEmbedder.load("minilm-l6"), **options)


def prepare(
    *,
    data: Path,
    evaluation: Path,
    out: Path,
    composed: bool,
    share: float,
    scale: float,
    dev: float,
    dev_items: int,
    pool: int,
    seed: int,
    embedder: Any,
) -> None:
    """Do the whole of it.

    Args:
        data, evaluation: Folders of training files and of evaluation sets.
        out: Receives what is made; embeddings found there are used again.
        composed: Whether to compose questions over two documents.
        share: Part of the items to read.
        scale: Factor on the items of each file.
        dev: Part of the groups of documents that becomes development data.
        dev_items: Development items of each file at most: they are read at every look at the model.
        pool: Most passages of a pool of negatives.
        seed: For every draw.
        embedder: An ``OnnxEmbedder``; its tokenizer is also the model's. None leaves out its negatives.
    """
    files = {name: data / f"{name}.jsonl.gz" for name in used() if (data / f"{name}.jsonl.gz").is_file()}
    if not files:
        raise click.UsageError(f"{data} has none of the known files")
    names = [*files, COMPOSED] if composed else list(files)
    wanted = {name: round(SOURCES[name].items * scale * share) for name in names}
    known = evaluation_texts(evaluation)
    items, removed = clean(files, known, share, Progress("reading"))
    train_items, held_items, dev_documents = split(items, dev)
    if composed:
        train_items += compose(train_items, wanted[COMPOSED], seed, known.questions)
        held_items += compose(held_items, dev_items, seed, known.questions)
    asked = [cut(item, lambda name, _: name in dev_documents) for item in train_items]
    train_cuts, dropped = without_overlap(asked, Runs(evidence_texts(held_items)))
    dev_cuts = [cut(item, lambda *_: False) for item in held_items]
    layout = ExampleLayout(model_tokenizer())
    made = {}
    for side, cuts, quota, free, more in (
        ("train", train_cuts, wanted, round(UNASKED * scale * share), 1),
        ("dev", dev_cuts, dict.fromkeys(names, dev_items), 100, 2),
    ):
        extra = draw_free(unasked(cuts, names, first_group=10_000_000), free, seed)
        chosen = quotas(cuts, quota, seed)
        pools = make_pools(chosen, pool, seed, embedder, out / "embeddings")
        builder = Builder(pools, names, seed=seed, changed=side == "train", more=more)
        built = builder.build(chosen, Progress(f"examples for {side}"))
        made[side] = assemble(chain(built, extra), layout)
        made[side].save(out / f"{side}.npz")
    options = {"composed": composed, "share": share, "scale": scale, "dev": dev, "dev_items": dev_items}
    report = {
        "options": options | {"pool": pool, "seed": seed},
        "sources": names,
        "files": {name: describe(name, path, removed[name]) for name, path in files.items()},
        "refused": {n: {"licence": s.licence, "reason": s.refused} for n, s in SOURCES.items() if s.refused},
        "left out for sharing 13 words with development documents": dropped,
        "items": {"train": len(train_items), "dev": len(held_items)},
        "examples": {side: summary(examples, names) for side, examples in made.items()},
    }
    write_json(out / "report.json", report)
    click.echo(f"{len(made['train']):,} examples, {made['train'].offset[-1]:,} tokens in {out}", err=True)


def evidence_texts(items: Iterable[Item]) -> list[str]:
    """The passages that hold evidence."""
    return [item.passages[index].text for item in items for index in sorted({span.passage for span in item.evidence})]


def clean(
    files: dict[str, Path], known: Known, share: float, on_progress: Progress
) -> tuple[list[Item], dict[str, Counter[str]]]:
    """Read all files without what the evaluation sets hold; how much of each file was removed, and why."""
    runs = Runs(known.texts)
    shared: dict[str, bool] = {}
    kept: list[Item] = []
    removed: dict[str, Counter[str]] = {}
    for number, (name, path) in enumerate(files.items(), start=1):
        count = removed[name] = Counter({"items": 0, **dict.fromkeys(REMOVED, 0)})
        for item in read(path, share=share):
            count["items"] += 1
            for passage in item.passages:
                if passage.text not in shared:
                    shared[passage.text] = runs.shared(passage.text)
            cleaned, reason = cleaned_item(item, known.questions, shared)
            if reason:
                count[reason] += 1
            if cleaned is not None:
                kept.append(cleaned)
        on_progress(number, len(files), f" files, {len(kept):,} items kept")
    return kept, removed


def cleaned_item(item: Item, questions: set[str], shared: dict[str, bool]) -> tuple[Item | None, str]:
    """The item without passages that an evaluation set holds, or None; and why something was removed."""
    if same_question(item.question) in questions:
        return None, "question in evaluation"
    if not item.evidence and item.answerable:
        return None, "no evidence"
    held = {span.passage for span in item.evidence}
    bad = {index for index, passage in enumerate(item.passages) if shared[passage.text]}
    if bad & held or len(bad) == len(item.passages):
        return None, "evidence in evaluation"
    if not bad:
        return item, ""
    order = [index for index in range(len(item.passages)) if index not in bad]
    place = {old: new for new, old in enumerate(order)}
    fields = {name: getattr(item, name) for name in Item.__slots__}
    fields["passages"] = tuple(item.passages[index] for index in order)
    fields["evidence"] = tuple(
        type(span)(passage=place[span.passage], start=span.start, end=span.end) for span in item.evidence
    )
    return Item(**fields), "passages in evaluation"


def without_overlap(cuts: Iterable[Cut], runs: Runs) -> tuple[list[Cut], dict[str, int]]:
    """Cuts without pieces that share words with development documents; without the item when its evidence does."""
    found: dict[str, bool] = {}
    count: Counter[str] = Counter({"items": 0, "passages": 0})

    def clean_piece(piece: MarkedPiece) -> bool:
        if piece.text not in found:
            found[piece.text] = not runs.shared(piece.text)
        return found[piece.text]

    kept = []
    for one in cuts:
        if not all(map(clean_piece, one.wanted)):
            count["items"] += 1
            continue
        others = tuple(filter(clean_piece, one.others))
        count["passages"] += len(one.others) - len(others)
        kept.append(Cut(item=one.item, wanted=one.wanted, others=others))
    return kept, dict(count)


def quotas(cuts: Sequence[Cut], wanted: dict[str, int], seed: int) -> list[Cut]:
    """As many items of each file as wanted; which ones hangs on their ids and the seed alone."""
    by_source: dict[str, list[Cut]] = defaultdict(list)
    for one in cuts:
        if one.wanted or one.others:
            by_source[one.item.source].append(one)
    chosen: list[Cut] = []
    for name, members in by_source.items():
        members.sort(key=lambda one: fraction(f"{seed}:{one.item.id}"))
        chosen.extend(members[: wanted.get(name, 0)])
    return chosen


def draw_free(examples: list[Example], most: int, seed: int) -> list[Example]:
    """At most so many examples without a question."""
    return random.Random(seed).sample(examples, min(most, len(examples)))


def make_pools(cuts: Sequence[Cut], most: int, seed: int, embedder: Any, cache: Path) -> dict[str, NegativePool]:
    """A pool of negatives for each language, of the pieces of these items."""
    found: dict[str, dict[tuple[str, str], MarkedPiece]] = defaultdict(dict)
    for one in cuts:
        for piece in (*one.wanted, *one.others):
            found[language(one.item.source)].setdefault((piece.title, piece.text), piece)
    pools = {}
    for name, pieces in found.items():
        members = list(pieces.values())
        drawn = random.Random(seed).sample(members, min(most, len(members)))
        pools[name] = NegativePool(drawn, embedder, cache, Progress(f"embeddings for {name}"))
    return pools


def model_tokenizer() -> Any:
    """The tokenizer of the body that is trained."""
    from tokenizers import Tokenizer

    from ctxpipe.models.resolve import resolve

    return Tokenizer.from_file(str(Path(resolve("minilm-l6")) / "tokenizer.json"))


def describe(name: str, path: Path, removed: Counter[str]) -> dict[str, Any]:
    """A file as the report names it."""
    return {"licence": SOURCES[name].licence, "sha256": sha256(path), "removed": dict(removed)}


def summary(examples: Examples, names: Sequence[str]) -> dict[str, Any]:
    """Counts of one side: examples, tokens, positives, by kind and by file."""
    by_source = {}
    for number, name in enumerate(names):
        mine = examples.source == number
        by_source[name] = {"examples": int(mine.sum()), "tokens": int(examples.lengths[mine].sum())}
    return {
        "examples": len(examples),
        "tokens": int(examples.offset[-1]),
        "relevant": int((examples.relevance == 1).sum()),
        "kinds": {kind: int((examples.kind == number).sum()) for number, kind in enumerate(KINDS)},
        "sources": by_source,
    }


if __name__ == "__main__":
    main()
