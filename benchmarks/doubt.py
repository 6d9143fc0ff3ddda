"""Does the learned ranking's own score tell questions that the documents answer from others?

    python benchmarks/doubt.py --data DIR

Of each question's documents the sentences that hold its answer are cut out; both versions are compressed to the same
budget, and the learned ranking's model reads what is kept. Printed is how well its highest logit of a sentence and of a
passage tell the two apart: the area under the curve, and the share of cut versions below the 5th percentile of the full
ones. The questions are those that ``unanswerable.py`` takes with ``--held-out``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common import write
from unanswerable import SETS, chosen

from ctxpipe import Pipeline
from ctxpipe.compress.learned.model import LearnedModel
from ctxpipe.compress.learned.passages import gather
from ctxpipe.compress.learned.scores import sentence_logits
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.types import CompressedContext, RankingText

NOTHING = -9.0
"""What stands for the logit of an empty context."""
ALLOWED = 0.05


def highest(model: LearnedModel, context: CompressedContext) -> tuple[float, float]:
    """The highest logit of a sentence and of a passage of what is kept."""
    texts = [
        RankingText(text=document.text[start:end], headings=(document.title,) if document.title else (), group=group)
        for group, span in enumerate(context.spans)
        for document in (context.documents[span.document],)
        for start, end in sentences(document.text, span.start, span.end)
    ]
    passages = gather(texts, model.layout.words) if texts else []
    readings = model.read(model.layout.asked(context.question or ""), [one.passage() for one in passages])
    logits = sentence_logits(passages, readings, len(texts), model.files.sentence["question"])
    if not len(logits) or np.isnan(logits).all():
        return NOTHING, NOTHING
    return float(np.nanmax(logits)), max(reading.passage for reading in readings)


def main() -> None:
    """Read both versions of every question, print and write how far apart they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--each", type=int, default=15, help="questions of each set")
    parser.add_argument("--budget", type=int, default=400)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    model, pipeline = LearnedModel.load(), Pipeline()
    found: dict[str, list[tuple[float, float]]] = {"full": [], "cut": []}
    for name in SETS:
        for item in chosen(given.data, name, given.each, held_out=True):
            for version, rows in found.items():
                context = pipeline.compress(getattr(item, version), question=item.question, budget=given.budget)
                rows.append(highest(model, context))
    result = {}
    for place, signal in enumerate(("sentence", "passage")):
        full, cut = (np.array([row[place] for row in found[version]]) for version in ("full", "cut"))
        area = float(np.mean((full[:, None] > cut) + 0.5 * (full[:, None] == cut)))
        flagged = float(np.mean(cut < np.quantile(full, ALLOWED)))
        result[signal] = {"area": round(area, 3), "flagged_of_cut": round(flagged, 3), "flagged_of_full": ALLOWED}
    print(result)
    write("doubt", {"sets": SETS, "questions": len(found["full"]), "budget": given.budget, **result}, given.out)


if __name__ == "__main__":
    main()
