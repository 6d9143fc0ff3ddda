"""Makes logits mean the same everywhere: Platt's scaling of both heads, and one score per sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from training.examples import IGNORED, KINDS, Examples
from training.metrics import Floats, Logits, sentence_table

RIDGE = 1e-3
BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Numbers fitted on development examples.

    Attributes:
        keep, relevance: Scale and shift of the two heads' logits (Platt, 1999).
        sentence: For each kind of example the weights of mean, highest and passage logit, and the constant: the logit
            of a sentence's being wanted.
    """

    keep: tuple[float, float]
    relevance: tuple[float, float]
    sentence: dict[str, tuple[float, float, float, float]]

    def scaled(self, logits: Logits) -> Logits:
        """Logits with both heads scaled."""
        return Logits(
            keep=self.keep[0] * logits.keep + self.keep[1],
            relevance=self.relevance[0] * logits.relevance + self.relevance[1],
        )

    def sentences(self, examples: Examples, scaled: Logits) -> Floats:
        """Logit of every sentence's being wanted."""
        table = sentence_table(examples, scaled)
        weights = np.array([self.sentence[name] for name in KINDS])[examples.kind[table.example]]
        return np.asarray((table.features() * weights[:, :3]).sum(axis=1) + weights[:, 3])

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"keep": self.keep, "relevance": self.relevance, "sentence": self.sentence}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Calibration:
        """What ``to_json`` made."""
        return cls(
            keep=tuple(value["keep"]),
            relevance=tuple(value["relevance"]),
            sentence={name: tuple(weights) for name, weights in value["sentence"].items()},
        )


PLAIN = Calibration(keep=(1.0, 0.0), relevance=(1.0, 0.0), sentence=dict.fromkeys(KINDS, (0.5, 0.25, 0.5, 0.0)))
"""What stands in for a calibration while training goes on."""


def calibrate(examples: Examples, logits: Logits) -> Calibration:
    """Fit on examples: first both heads, then sentences on the scaled heads.

    A file counts as much as any other, so that the large ones do not decide alone.
    """
    owner = np.repeat(np.arange(len(examples)), examples.lengths)
    told = (examples.target != IGNORED) & (examples.kind[owner] != KINDS.index("free"))
    keep = _platt(logits.keep[told], examples.target[told] / 100.0, _even(examples.source[owner[told]]))
    rows = examples.relevance >= 0
    relevance = _platt(logits.relevance[rows], examples.relevance[rows].astype(float), _even(examples.source[rows]))
    heads = Calibration(keep=keep, relevance=relevance, sentence=PLAIN.sentence)
    table = sentence_table(examples, heads.scaled(logits))
    fitted = {}
    for kind, name in enumerate(KINDS):
        mine = (examples.kind[table.example] == kind) & ~np.isnan(table.label)
        weights = _even(examples.source[table.example[mine]])
        found = _logistic(table.features()[mine], table.label[mine], weights) if mine.sum() >= 50 else None
        fitted[name] = PLAIN.sentence[name] if found is None else tuple(found.tolist())
    return Calibration(keep=keep, relevance=relevance, sentence=fitted)


def error(probability: Floats, label: Floats) -> float:
    """Expected calibration error over ten bins of equal width (Naeini et al., 2015)."""
    place = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = [
        abs(probability[place == bin_].mean() - label[place == bin_].mean()) * (place == bin_).mean()
        for bin_ in range(BINS)
        if (place == bin_).any()
    ]
    return float(np.sum(gaps))


def sigmoid(value: Floats) -> Floats:
    """Logistic function."""
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -30, 30))))


def _even(source: Any) -> Floats:
    """Weights under which every file counts the same, of mean 1."""
    _, place, count = np.unique(source, return_inverse=True, return_counts=True)
    weights = 1.0 / count[place] if len(place) else np.zeros(0)
    return np.asarray(weights / weights.mean()) if len(weights) else weights


def _platt(logit: Floats, label: Floats, weight: Floats) -> tuple[float, float]:
    if len(logit) < 50 or np.ptp(label) == 0:
        return 1.0, 0.0
    scale, shift = _logistic(logit[:, None], label, weight).tolist()
    return (scale, shift) if scale > 0 else (1.0, 0.0)  # a head worse than chance is left as it is


def _logistic(features: Floats, label: Floats, weight: Floats) -> Floats:
    """Weights and constant of a logistic regression with soft labels, by Newton's method with a small ridge."""
    rows = np.concatenate([features, np.ones((len(features), 1))], axis=1)
    found = np.zeros(rows.shape[1])
    ridge = RIDGE * len(rows) * np.eye(len(found))
    ridge[-1, -1] = 1e-9
    for _ in range(50):
        chance = sigmoid(rows @ found)
        gradient = rows.T @ (weight * (chance - label)) + ridge @ found
        curve = (rows * (weight * np.maximum(chance * (1 - chance), 1e-6))[:, None]).T @ rows + ridge
        step = np.linalg.solve(curve, gradient)
        found -= step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-9))
        if np.abs(step).max() < 1e-8:
            break
    return found
