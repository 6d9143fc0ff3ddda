"""Items that are right in one arm and wrong in the other."""

from __future__ import annotations

from dataclasses import dataclass

from ctxpipe.evals.paired.held import scored
from ctxpipe.evals.statistics.binomial import clopper_pearson
from ctxpipe.evals.types import ByItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """Items whose context lost or gained the answer compared with raw.

    Attributes:
        lost, gained: Number of items.
        n: Items in which both arms have the score.
        lost_bound: One-sided 95% upper bound of the share lost, Clopper-Pearson; it treats items as independent.
    """

    lost: int
    gained: int
    n: int
    lost_bound: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFlips(Flips):
    """Generated answers that are right with raw and wrong with the arm, and the reverse.

    Attributes:
        abstained: Lost items whose answer is that there is none.
        changed: Items that are wrong in both arms, with different answers.
        noise: Share of the items that raw itself loses when asked again; None if it was not.
    """

    abstained: int
    changed: int
    noise: float | None


def flips_of(raw: ByItem, arm: ByItem) -> Flips | None:
    """Flips by survival; None if no item has it in both arms."""
    keys, values = scored("survival", raw, arm)
    if not keys:
        return None
    lost, gained = (int(way.sum()) for way in (values[:, 0] > values[:, 1], values[:, 0] < values[:, 1]))
    return Flips(lost=lost, gained=gained, n=len(keys), lost_bound=_bound(lost, len(keys)))


def answer_flips_of(raw: ByItem, arm: ByItem, again: ByItem | None) -> AnswerFlips | None:
    """Flips by generated answers that are right or wrong; None if there are none.

    Args:
        raw, arm: Records by item.
        again: Those of raw, asked again.
    """
    keys = _judged(raw, arm)
    if not keys:
        return None
    pairs = [(raw[key], arm[key]) for key in keys]
    lost, gained = _counts([(a.scores["answer"], b.scores["answer"]) for a, b in pairs])
    wrong = [(a, b) for a, b in pairs if b.scores["answer"] == 0]
    repeated = _judged(raw, again) if again is not None else []
    noise = None
    if again is not None and repeated:
        noise = _counts([(raw[k].scores["answer"], again[k].scores["answer"]) for k in repeated])[0] / len(repeated)
    return AnswerFlips(
        lost=lost,
        gained=gained,
        n=len(keys),
        lost_bound=_bound(lost, len(keys)),
        abstained=sum(a.scores["answer"] == 1 and b.scores.get("abstained") == 1 for a, b in wrong),
        changed=sum(a.scores["answer"] == 0 and a.answer.strip() != b.answer.strip() for a, b in wrong),
        noise=noise,
    )


def _judged(raw: ByItem, arm: ByItem) -> list[str]:
    """Items with right-or-wrong answers in both arms; summaries are excluded."""
    return [
        key
        for key in scored("answer", raw, arm)[0]
        if all(one[key].scores.get("answer") in (0.0, 1.0) and "rouge_l" not in one[key].scores for one in (raw, arm))
    ]


def _counts(pairs: list[tuple[float, float]]) -> tuple[int, int]:
    return sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)


def _bound(lost: int, n: int) -> float:
    return clopper_pearson(lost, n, side="upper")[1]
