"""What each file of training data is: its licence, whether it may be used, how much of it, what its documents are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from training.schema import Item, TrainingPassage

DocumentBy = Literal["title", "text", "id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file.

    Attributes:
        licence: Licence of the questions and marks, then of the text they stand on where it differs.
        items: Questions taken at scale 1; 0 where the file is refused.
        refused: Why weights trained on it could not be given away; empty where they can.
        document: What tells documents apart: a passage's title, its text, or the item's id up to its last hyphen.
        own_negatives: Whether the item's other passages are sure to be no evidence.
        hops: True where evidence in several passages forms a chain, for examples of the second pass.
        turns: True where passages are turns of one conversation, to be joined into longer ones.
    """

    licence: str
    items: int = 0
    refused: str = ""
    document: DocumentBy = "title"
    own_negatives: bool = True
    hops: bool = False
    turns: bool = False


COMPOSED = "composed"
"""Not a file: what ``training.compose`` makes of others."""

SOURCES: dict[str, Source] = {
    "2wiki_samples": Source(licence="Apache-2.0", items=700, hops=True),
    COMPOSED: Source(licence="those of the files it is made of", items=2_200, hops=True),
    "clapnq_dev": Source(licence="Apache-2.0; text CC BY-SA 3.0 (Wikipedia)", items=300),
    "contrast_ropes_quoref_drop": Source(
        licence="CC BY 4.0 (ROPES, Quoref), CC BY-SA 4.0 (DROP)",
        refused="the contrast sets carry no licence of their own, only the sets they alter do",
        document="text",
    ),
    "entailmentbank_task2": Source(
        licence="Apache-2.0 or CC BY 4.0, copies disagree",
        refused="copies name different licences and the release names none for its data",
    ),
    "fairytaleqa": Source(licence="Apache-2.0; text in the public domain", items=400),
    "fever_evidence": Source(licence="CC BY-SA 3.0 (FEVER, Wikipedia)", items=150, own_negatives=False),
    "foolmetwice": Source(licence="Apache-2.0; text CC BY-SA (Wikipedia)", items=700),
    "hotpot_samples": Source(licence="CC BY-SA 4.0", items=687, hops=True),
    "hybridqa_ottqa_dev": Source(licence="MIT; text CC BY-SA (Wikipedia)", items=250),
    "medquad": Source(licence="CC BY 4.0", items=100),
    "ml_arcd": Source(licence="MIT", items=60),
    "ml_cmrc2018": Source(licence="CC BY-SA 4.0", items=60),
    "ml_drcd": Source(licence="CC BY-SA 3.0", items=60),
    "ml_faquad": Source(licence="CC BY 4.0", items=60),
    "ml_norquad": Source(licence="CC0-1.0", items=60),
    "molweni_test": Source(licence="Apache-2.0", items=100),
    "onestopqa": Source(licence="CC BY-SA 4.0", items=150),
    "qamr": Source(licence="MIT; text CC BY-SA (Wikipedia), CC BY (Wikinews)", items=100),
    "qed_dev": Source(licence="CC BY-SA 3.0", items=150),
    "qmsum_train": Source(licence="MIT; text CC BY (AMI, ICSI), parliaments", items=400, document="id", turns=True),
    "quotesum_dev": Source(licence="CC BY-SA 4.0", items=89),
    "redocred_templated": Source(licence="MIT; text CC BY-SA (Wikipedia)", items=60),
    "selqa": Source(licence="Apache-2.0; text CC BY-SA (Wikipedia)", items=500),
    "squad_du_test": Source(licence="CC BY-SA 4.0", items=600),
    "squad_misc": Source(licence="CC BY-SA 4.0", items=400),
    "squad_reqa_train": Source(licence="CC BY-SA 4.0", items=600),
    "squadshifts_new_wiki": Source(licence="CC BY 4.0; text CC BY-SA (Wikipedia)", items=300),
    "timeqa_human": Source(licence="BSD-3-Clause; text CC BY-SA (Wikipedia)", items=500),
    "wice": Source(
        licence="ODC-BY for the marks; text from Wikipedia and Common Crawl",
        refused="the licence covers the marks alone; the web pages belong to their authors",
    ),
}

_TABLE = re.compile(r"\s*\(table\)\s*$")


def used() -> list[str]:
    """Names of the files that are trained on."""
    return [name for name, source in SOURCES.items() if not source.refused and name != COMPOSED]


def document_name(item: Item, passage: TrainingPassage) -> str:
    """The document a passage is part of, the same in every file that takes its text from it."""
    by = SOURCES[item.source].document
    if by == "id":
        return f"{item.source}:{item.id.rpartition('-')[0]}"
    if by == "text" or not passage.title.strip():
        return f"text:{' '.join(passage.text.split())[:400]}"
    title = _TABLE.sub("", passage.title)
    if item.source == "qamr":
        title = ":".join(title.split(":")[:3])
    if item.source == "selqa":
        title = title.partition(" - ")[0]
    return f"title:{' '.join(title.replace('_', ' ').lower().split())}"
