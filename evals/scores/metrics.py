"""Scores of a context and of an answer that need no model: layers 1 and 3."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from ctxpipe.evals.scores.attributed import attributed
from ctxpipe.evals.scores.details import detail_survival, details
from ctxpipe.evals.scores.placed import PlacedText, placed
from ctxpipe.evals.scores.quantities import quantities, same_quantity, whole_quantity
from ctxpipe.evals.scores.text import contains, contains_text, words
from ctxpipe.evals.scores.trail.trail import trail
from ctxpipe.evals.scores.whole.whole import whole
from ctxpipe.evals.types import AnswerRule, Evidence, Sample

ANSWER_WORDS = 64
"""Words of an answer that are scored: an answer that repeats its whole context would contain everything."""

_ABSTENTIONS = re.compile(
    r"\b(?:i (?:do not|don't|don’t) know|(?:can ?not|can't|can’t|could not|unable to) (?:be )?"
    r"(?:answer|determin|find|tell|provide)|no (?:answer|information)|unanswerable|unknown|n/a"
    r"|not (?:mentioned|specified|stated|provided|given|enough|available|in the (?:text|context|passage|document)))",
    re.IGNORECASE,
)


def context_scores(
    sample: Sample,
    text: str,
    raw: str,
    spans: Iterable[tuple[int, int, int]] | None = None,
    *,
    frames: Sequence[tuple[int, int]] = (),
    fits: Callable[[str], bool] | None = None,
    pooled: bool = False,
) -> dict[str, float]:
    """Layer 1: what a context still contains.

    Args:
        sample: The item.
        text: The context of the arm.
        raw: The whole context, which decides what could be kept.
        spans: Kept stretches of the documents as (document, start, end), for evidence; None where they are not known.
        frames: Ranges of the context that are not source text (labels, marks, repeated headings), if known.
        fits: Whether a text has no more tokens than the arm's budget; None where it has none.
        pooled: Whether the context may hold text of other documents too; its shape cannot be judged then.

    Returns:
        ``survival`` where the raw context has the answer (a summary or a sum was never in it, and cannot be lost);
        ``evidence`` and ``gold`` with spans and where the set marks them; ``attributed`` where the set has twins;
        ``whole`` and ``trail`` with spans and where anything was kept, or has a chain; ``numbers``, ``units``,
        ``negations`` and ``names`` where the raw context has any. Each from 0 to 1.
    """
    scores: dict[str, float] = {}
    if survival(raw, sample.answers, sample.rule):
        scores["survival"] = survival(text, sample.answers, sample.rule)
    if sample.twins:
        scores["attributed"] = attributed(text, sample.twins)
    if spans is not None:
        kept = list(spans)
        if not pooled:
            scores |= _shape_scores(sample, placed([p.text for p in sample.documents], text, kept, frames), fits)
        gold = [
            Evidence(document=i, start=0, end=len(passage.text))
            for i, passage in enumerate(sample.documents)
            if passage.gold
        ]
        for name, wanted in (("evidence", sample.evidence), ("gold", gold)):
            if wanted:
                scores[name] = evidence_recall([p.text for p in sample.documents], wanted, kept)
    return scores | detail_survival(text, raw)


def _shape_scores(sample: Sample, placed: PlacedText, fits: Callable[[str], bool] | None) -> dict[str, float]:
    shares = {"whole": whole(sample.documents, placed, fits)[0], "trail": trail(sample.documents, placed)[0]}
    return {name: share for name, share in shares.items() if share is not None}


def survival(text: str, answers: Sequence[str], rule: AnswerRule = "any") -> float:
    """1 if a right answer is in the text, at boundaries of ``words``, else 0.

    Args:
        text: A context.
        answers: Right answers.
        rule: Whether one is enough or all are needed.
    """
    among = details(text).words
    hits = (contains_text(text, answer, among=among) for answer in answers)
    return float(all(hits) if rule == "all" else any(hits))


def evidence_recall(texts: Sequence[str], evidence: Iterable[Evidence], spans: Iterable[tuple[int, int, int]]) -> float:
    """Share of the evidence that was kept, in characters other than whitespace.

    Args:
        texts: The documents' texts.
        evidence: The evidence; overlapping parts count once.
        spans: Kept stretches as (document, start, end).
    """
    kept: dict[int, list[tuple[int, int]]] = {}
    for document, start, end in spans:
        kept.setdefault(document, []).append((start, end))
    wanted: dict[int, set[int]] = {}
    for one in evidence:
        wanted.setdefault(one.document, set()).update(range(one.start, one.end))
    total = covered = 0
    for document, offsets in wanted.items():
        text = texts[document]
        solid = {offset for offset in offsets if not text[offset].isspace()}
        total += len(solid)
        covered += len(solid & _covered(kept.get(document, ())))
    return covered / total if total else 1.0


def _covered(spans: Iterable[tuple[int, int]]) -> set[int]:
    return {offset for start, end in spans for offset in range(start, end)}


def answer_scores(sample: Sample, answer: str) -> dict[str, float]:
    """Layer 3: scores of a generated answer.

    Returns:
        ``contains``, ``f1`` and ``abstained`` always; ``numeric`` if the right answers are quantities; ``rouge_l`` if
        the set is judged by it; and ``answer``, the one of them that the set is judged by. Each from 0 to 1.
    """
    scores = {
        "contains": containment(answer, sample.answers, rule=sample.rule),
        "f1": max(token_f1(answer, gold) for gold in sample.answers),
        "abstained": float(abstained(answer)),
    }
    numeric = numeric_match(answer, sample.answers, rule=sample.rule, scale=sample.scale)
    if numeric is not None:
        scores["numeric"] = numeric
    if "rouge" in sample.metric:
        scores["rouge_l"] = max(rouge_l(answer, gold) for gold in sample.answers)
    judged_by = next(name for name in ("rouge_l", "numeric", "contains") if name in scores)
    return scores | {"answer": scores[judged_by]}


def containment(answer: str, golds: Sequence[str], *, rule: AnswerRule = "any", cap: int = ANSWER_WORDS) -> float:
    """1 if a right answer is in the first ``cap`` words of the answer, else 0.

    The best-subspan match of Liu et al. (2023), "Lost in the Middle", at word boundaries, so 12 is not found in 2012.
    For a right answer longer than the cap, as many words as it has are read. A list whose answers are all needed has
    the cap for every four of them.
    """
    among = words(answer)
    if rule == "all":
        cap *= math.ceil(len(golds) / 4) or 1

    def stands(gold: str) -> bool:
        needle = words(gold)
        return contains(among[: max(cap, len(needle))], needle) if needle else contains_text(answer, gold)

    hits = map(stands, golds)
    return float(all(hits) if rule == "all" else any(hits))


def token_f1(answer: str, gold: str) -> float:
    """Harmonic mean of the precision and recall of words, each as often as it occurs: Rajpurkar et al. (2016), 6.1."""
    given, wanted = Counter(words(answer)), Counter(words(gold))
    common = (given & wanted).total()
    if not common:
        return float(not given and not wanted and bool(answer.strip()) and answer.strip() == gold.strip())
    return 2 * common / (given.total() + wanted.total())


def numeric_match(answer: str, golds: Sequence[str], *, rule: AnswerRule = "any", scale: str = "") -> float | None:
    """1 if the answer states a right quantity (see ``same_quantity``), else 0; None if no right answer is a quantity.

    Args:
        answer: The model's answer; quantities in its first words count, as for ``containment``.
        golds: Right answers.
        rule: Whether one is enough or all are needed; right answers that are not quantities must then be contained.
        scale: Scale of right numbers that do not name one.
    """
    wanted = [whole_quantity(gold, scale) for gold in golds]
    if not any(wanted):
        return None
    given = list(quantities(" ".join(answer.split()[:ANSWER_WORDS])))
    hits = [
        any(same_quantity(one, quantity) for one in given) if quantity else bool(containment(answer, [gold]))
        for quantity, gold in zip(wanted, golds, strict=True)
    ]
    return float(all(hits) if rule == "all" else any(hits))


def rouge_l(answer: str, gold: str) -> float:
    """F1 of the longest common subsequence of words.

    Lin (2004), "ROUGE: A Package for Automatic Evaluation of Summaries", section 3.1, with beta = 1 and no stemming.
    """
    given, wanted = words(answer, articles=True), words(gold, articles=True)
    if not given or not wanted:
        return 0.0
    return 2 * _common_subsequence(given, wanted) / (len(given) + len(wanted))


def _common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """Length by bit-parallel dynamic programming: Hyyro (2004), "Bit-parallel LCS-length computation revisited"."""
    places: dict[str, int] = {}
    for i, word in enumerate(a):
        places[word] = places.get(word, 0) | 1 << i
    full = (1 << len(a)) - 1
    row = full
    for word in b:
        matched = row & places.get(word, 0)
        row = ((row + matched) | (row - matched)) & full
    return len(a) - row.bit_count()


def abstained(answer: str) -> bool:
    """Whether an answer says that there is none (in English), which is not the same failure as a wrong answer."""
    return not answer.strip() or bool(_ABSTENTIONS.search(answer))
