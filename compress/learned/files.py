"""The pruner's folder: its files, and their check against the manifest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ctxpipe.compress.learned.words import SharedWords
from ctxpipe.errors import ModelError, reason_of

SHIPPED = Path(__file__).parent / "model"
MANIFEST, TOKENIZER = "manifest.json", "tokenizer.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreWeights:
    """How the parts of a sentence's score are added, each evened out over the sentences read (``scores.added``).

    Attributes:
        fusion: Weight of the fusion's score.
        first: Weight of the first pass's logit (question alone).
        second: Weight of the second pass's logit (question and best sentence so far); 0 skips that pass.
        link: Weight of links: a good sentence of another passage names the passage's heading.
    """

    fusion: float = 1.0
    first: float = 1.0
    second: float = 1.0
    link: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunerFiles:
    """A pruner whose weights are not loaded yet.

    Attributes:
        folder: The folder.
        model: File of the network.
        tokenizer: File of the tokenizer.
        hashes: SHA-256 of the folder's files, by name, from the manifest.
        words: Word embeddings that are not in the network's file; None if it is whole.
        layout: Longest question, second question, title and row, in tokens.
        sentence: For ``question``, ``second`` and ``free``: weights of a sentence's mean and maximum keep logit and of
            its passage's logit, and the intercept.
        near: Weights of fusion, first pass and links that decide what the second pass reads.
        weights: Weights of the final scores.
        version: Version from the manifest.
    """

    folder: Path
    model: Path
    tokenizer: Path
    hashes: dict[str, str]
    words: SharedWords | None
    layout: dict[str, int]
    sentence: dict[str, tuple[float, float, float, float]]
    near: ScoreWeights
    weights: ScoreWeights
    version: str

    @classmethod
    def describe(cls, folder: Path | str | None = None) -> PrunerFiles:
        """Read the manifest of a folder; by default that of the package's pruner.

        Raises:
            ModelError: if there is no manifest or it is invalid.
        """
        place = SHIPPED if folder is None else Path(folder).expanduser()
        try:
            manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
            if manifest["format"] != FORMAT:
                raise ModelError(f"the pruner in {place} has format {manifest['format']}; this version reads {FORMAT}")
            return cls(**_fields(place, manifest))
        except FileNotFoundError as exc:
            what = "the package" if folder is None else str(place)
            raise ModelError(f"{what} is not a pruner: {place / MANIFEST} is missing") from exc
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise ModelError(f"{place / MANIFEST} is damaged: {type(exc).__name__}: {exc}") from exc

    @property
    def revision(self) -> str:
        """Twelve hex digits: a hash of network, tokenizer and row layout."""
        hashes = self.hashes
        if self.words:  # scores do not depend on how the network is stored
            hashes = {self.model.name: self.words.whole, self.tokenizer.name: hashes[self.tokenizer.name]}
        said = json.dumps([sorted(hashes.items()), sorted(self.layout.items())])
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    def check(self) -> None:
        """Compare the files with their hashes.

        Raises:
            ModelError: if one is missing or has another hash.
        """
        for name, wanted in self.hashes.items():
            path = self.folder / name
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as exc:
                raise ModelError(f"the pruner is not complete: {path}: {reason_of(exc)}") from exc
            if digest != wanted:
                raise ModelError(f"the pruner is damaged: {path} is not the file that {MANIFEST} names")


def _fields(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    hashes = {str(name): str(about["sha256"]) for name, about in manifest["files"].items()}
    (network,) = (name for name in hashes if name.endswith(".onnx"))
    if TOKENIZER not in hashes or any(Path(name).name != name for name in hashes):
        raise ValueError("it must name one .onnx file and tokenizer.json, both beside it")
    words = SharedWords.described(manifest["words"]) if "words" in manifest else None
    if words and words.difference not in hashes:
        raise ValueError(f"it names no hash of {words.difference}")
    layout = {name: int(manifest["layout"][name]) for name in ("question", "second", "title", "longest")}
    if min(layout.values()) < 1 or layout["longest"] < layout["second"] + layout["title"] + 8:
        raise ValueError(f"its layout leaves no room for a passage: {layout}")
    rank = manifest.get("rank", {})
    return {
        "folder": folder,
        "model": folder / network,
        "tokenizer": folder / TOKENIZER,
        "hashes": hashes,
        "words": words,
        "layout": layout,
        "sentence": {name: _four(manifest["sentence"][name]) for name in ("question", "second", "free")},
        "near": replace(_weights(rank.get("near", {})), second=0.0),
        "weights": _weights(rank.get("weights", {})),
        "version": str(manifest["version"]),
    }


def _weights(named: dict[str, Any]) -> ScoreWeights:
    return ScoreWeights(**{part.name: float(named.get(part.name, part.default)) for part in fields(ScoreWeights)})


def _four(values: Any) -> tuple[float, float, float, float]:
    mean, top, passage, constant = map(float, values)
    return mean, top, passage, constant
