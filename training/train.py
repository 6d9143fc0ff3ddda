"""Trains the pruner on what ``training.prepare`` made; the same command goes on with a run that was stopped.

python -m training.train --examples ~/ctxpipe-training --out ~/ctxpipe-training/run
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor

from ctxpipe.models.precision import quick_dtype
from training import checkpoint
from training.batches import Batch, collate, plan
from training.calibrate import PLAIN, calibrate
from training.development import brief, errors, predict, select
from training.examples import FREE, IGNORED, Examples
from training.files import Progress, read_json, sha256, write_json
from training.memory import keep_freed_memory
from training.metrics import Logits, measure
from training.model import WEIGHTS, Pruner, pretrained, trained

STATE, METRICS, CALIBRATION, SETTINGS = "state.safetensors", "metrics.json", "calibration.json", "settings.json"
LONGEST_WEIGHT = 8.0
"""Most that a positive may count against a negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """What decides the weights that come out, beside the examples.

    Attributes:
        epochs: Times that every example is seen.
        steps: Batches at most; 0 for all.
        rate: Highest learning rate.
        warmup: Part of the steps in which the rate rises; it then falls along a cosine to a twentieth.
        cap: Tokens of a batch, padding included.
        decay: AdamW's weight decay, on matrices only.
        relevance_weight: Weight of the relevance loss against the keep loss.
        precision: ``bf16`` or ``float32``.
        seed: Of order and heads.
        start: SHA-256 of the weights that training began with; empty for a body with new heads.
    """

    epochs: int = 1
    steps: int = 0
    rate: float = 1e-4
    warmup: float = 0.06
    cap: int = 2_048
    decay: float = 0.01
    relevance_weight: float = 1.0
    precision: str = "bf16"
    seed: int = 0
    start: str = ""


@click.command(context_settings={"show_default": True})
@click.option("--examples", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--body", default="minilm-l6", help="An embedded encoder, or a folder.")
@click.option("--start", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Go on from another run.")
@click.option("--epochs", type=int, default=1)
@click.option("--steps", type=int, default=0, help="Stop after so many batches; 0 for all.")
@click.option("--rate", type=float, default=1e-4)
@click.option("--cap", type=int, default=2_048, help="Tokens of a batch.")
@click.option(
    "--precision",
    type=click.Choice(["auto", "bf16", "float32"]),
    default="auto",
    help="auto is bf16 where the device multiplies it.",
)
@click.option("--seed", type=int, default=0)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option("--save-minutes", type=float, default=3.0, help="Between two states.")
@click.option("--eval-minutes", type=float, default=12.0, help="Between two looks at the development examples.")
def main(
    examples: Path,
    out: Path,
    body: str,
    start: Path | None,
    device: str,
    precision: str,
    save_minutes: float,
    eval_minutes: float,
    **settings: Any,
) -> None:
    """Train, calibrate the last weights, and write metrics.json."""
    from ctxpipe.models.resolve import resolve

    keep_freed_memory()
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if precision == "auto":
        precision = "bf16" if quick_dtype(device) == "bfloat16" else "float32"
    run = TrainingRun(
        train=Examples.load(examples / "train.npz"),
        dev=Examples.load(examples / "dev.npz"),
        out=out,
        device=device,
        settings=TrainingSettings(**settings, precision=precision, start=sha256(start / WEIGHTS) if start else ""),
        names=read_json(examples / "report.json")["sources"],
        data=sha256(examples / "train.npz"),
    )
    metrics = run.train_all(resolve(body), start, save_seconds=60 * save_minutes, eval_seconds=60 * eval_minutes)
    click.echo(brief(metrics["dev"]), err=True)


@dataclass(kw_only=True)
class TrainingRun:
    """One training run.

    Attributes:
        train, dev: Examples.
        out: Folder for state, best weights and figures.
        device: ``cpu`` or ``cuda``.
        settings: What decides the outcome.
        names: Of the files.
        data: Hash of the training examples, so that a state is not used with others.
    """

    train: Examples
    dev: Examples
    out: Path
    device: str
    settings: TrainingSettings
    names: Sequence[str]
    data: str

    def train_all(
        self, body: str, start: Path | None = None, *, save_seconds: float, eval_seconds: float
    ) -> dict[str, Any]:
        """Train to the end, from the last state when there is one; then calibrate and measure.

        Args:
            body: Folder of the pretrained body.
            start: Folder of a run whose weights to begin with instead.
            save_seconds, eval_seconds: Between two states, and between two looks at the development examples.
        """
        torch.manual_seed(self.settings.seed)
        model = (trained(start) if start else pretrained(body)).to(self.device)
        optimizer = self._optimizer(model)
        place = {
            "step": 0,
            "tokens": 0,
            "seconds": 0.0,
            "cpu_seconds": 0.0,
            "settings": asdict(self.settings),
            "data": self.data,
        }
        state = self.out / STATE
        if state.is_file():
            found = checkpoint.read(state, model, optimizer)
            if found["settings"] != place["settings"] or found["data"] != self.data:
                raise click.UsageError(
                    f"{state} belongs to other settings or examples; remove it or name another --out"
                )
            place = found
            click.echo(f"going on at step {place['step']:,}", err=True)
        self._steps(model, optimizer, place, save_seconds, eval_seconds)
        return self._finish(place)

    def _steps(
        self, model: Pruner, optimizer: torch.optim.Optimizer, place: dict[str, Any], save_s: float, eval_s: float
    ) -> None:
        batches = self._plan()
        weights = self._positive_weights()
        progress = Progress("training", every=20)
        saved = looked = time.monotonic()
        recent: list[float] = []
        while place["step"] < len(batches):
            started, busy = time.monotonic(), time.process_time()
            for group in optimizer.param_groups:
                group["lr"] = self._rate(place["step"], len(batches))
            batch = collate(self.train, batches[place["step"]])
            recent = [*recent[-99:], self._step(model, optimizer, batch.to(self.device), weights)]
            place["step"] += 1
            place["tokens"] += batch.tokens
            place["seconds"] += time.monotonic() - started
            place["cpu_seconds"] += time.process_time() - busy
            speed = place["tokens"] / place["seconds"]
            progress(place["step"], len(batches), f", loss {np.mean(recent):.4f}, {speed:,.0f} tokens/s")
            last = place["step"] == len(batches)
            if last or time.monotonic() - looked > eval_s:
                self._look(model, place)
                looked = time.monotonic()
            if last or time.monotonic() - saved > save_s:
                checkpoint.write(self.out / STATE, model, optimizer, place)
                saved = time.monotonic()

    def _step(
        self, model: Pruner, optimizer: torch.optim.Optimizer, batch: Batch, weights: tuple[float, float]
    ) -> float:
        model.train()
        with self._autocast():
            keep, relevance = model(batch.ids, batch.mask, batch.types)
        loss = balanced(keep.float(), batch.target, weights[0])
        loss = loss + self.settings.relevance_weight * balanced(relevance.float(), batch.relevance, weights[1])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.detach())

    def _look(self, model: Pruner, place: dict[str, Any]) -> None:
        """Measure on every second question for development, and write the weights so far; the last ones stay.

        The rate falls to nearly nothing, and what these questions tell apart is less than what the last steps bring.
        """
        part = select(self.dev, self.dev.group % 2 == 0)
        logits = predict(model, part, self.device, autocast=self._autocast())
        found = measure(part, logits, PLAIN.sentences(part, logits), self.names)
        click.echo(f"step {place['step']:,}: {brief(found)}", err=True)
        model.save(self.out)

    def _finish(self, place: dict[str, Any]) -> dict[str, Any]:
        """Calibrate the last weights on every second question and measure on the others."""
        model = trained(self.out).to(self.device)
        logits = predict(model, self.dev, self.device, autocast=self._autocast())
        fitted, held = (self._half(logits, rest) for rest in (0, 1))
        calibration = calibrate(*fitted)
        write_json(self.out / CALIBRATION, calibration.to_json())
        write_json(self.out / SETTINGS, place)
        scaled = calibration.scaled(logits)
        metrics = {
            "dev": measure(self.dev, scaled, calibration.sentences(self.dev, scaled), self.names),
            "calibration_error": {"before": errors(*held, PLAIN), "after": errors(*held, calibration)},
            "steps": place["step"],
            "tokens": place["tokens"],
            "seconds": round(place["seconds"], 1),
            "cpu_seconds": round(place["cpu_seconds"], 1),
            "tokens_per_second": round(place["tokens"] / max(place["seconds"], 1e-9), 1),
            "device": torch.cuda.get_device_name()
            if self.device == "cuda"
            else f"cpu, {torch.get_num_threads()} threads",
        }
        write_json(self.out / METRICS, metrics)
        return metrics

    def _half(self, logits: Logits, rest: int) -> tuple[Examples, Logits]:
        chosen = self.dev.group % 2 == rest
        flat = np.repeat(chosen, self.dev.lengths)
        return select(self.dev, chosen), Logits(keep=logits.keep[flat], relevance=logits.relevance[chosen])

    def _plan(self) -> list[Any]:
        batches = [
            batch
            for epoch in range(self.settings.epochs)
            for batch in plan(self.train.lengths, self.settings.cap, seed=self.settings.seed, epoch=epoch)
        ]
        return batches[: self.settings.steps] if self.settings.steps else batches

    def _positive_weights(self) -> tuple[float, float]:
        """How much a positive counts, so that both classes weigh the same, up to ``LONGEST_WEIGHT``."""
        asked = np.repeat(self.train.kind != FREE, self.train.lengths) & (self.train.target != IGNORED)
        share = float(self.train.target[asked].mean()) / 100 if asked.any() else 0.5
        told = self.train.relevance[self.train.relevance >= 0]
        relevant = float(told.mean()) if len(told) else 0.5
        return tuple(min(LONGEST_WEIGHT, (1 - s) / max(s, 1e-3)) for s in (share, relevant))  # type: ignore[return-value]

    def _rate(self, step: int, steps: int) -> float:
        warm = max(1, round(self.settings.warmup * steps))
        if step < warm:
            return self.settings.rate * (step + 1) / warm
        gone = (step - warm) / max(1, steps - warm)
        return self.settings.rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * gone)))

    def _optimizer(self, model: Pruner) -> torch.optim.Optimizer:
        plain = [p for p in model.parameters() if p.ndim < 2]
        matrices = [p for p in model.parameters() if p.ndim >= 2]
        groups = [{"params": matrices, "weight_decay": self.settings.decay}, {"params": plain, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=self.settings.rate)

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.settings.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device, dtype=torch.bfloat16)


def balanced(logit: Tensor, target: Tensor, weight: float) -> Tensor:
    """Mean binary cross-entropy over what is known, positives counting ``weight`` times.

    Args:
        logit: Any shape.
        target: The same shape, 0 to 1, NaN where nothing is known.
        weight: Of the positive part of each target.
    """
    known = ~torch.isnan(target)
    wanted = target[known]
    said = logit[known]
    if not len(wanted):
        return logit.sum() * 0.0
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        said, wanted, pos_weight=torch.tensor(weight, device=said.device), reduction="sum"
    )
    return loss / (1 + (weight - 1) * wanted).sum()


if __name__ == "__main__":
    main()
