"""The config of a token classifier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ctxpipe.errors import ModelError, UsageError
from ctxpipe.extras import require
from ctxpipe.models.hub import loading
from ctxpipe.models.ready import revision
from ctxpipe.models.resolve import resolve

DEFAULT_MODEL = "microsoft/llmlingua-2-bert-base-multilingual-cased-meetingbank"
"""The smaller of the two checkpoints of the paper's authors (Apache-2.0)."""
LONGEST_WINDOW = 512
"""Tokens of a window, special tokens included, as in the training of the published classifiers."""

_KEEP = re.compile(r"label_1|1|true|keep|kept|preserved?|retain(ed)?|important|include[d]?", re.IGNORECASE)
_DROP = re.compile(
    r"label_0|0|false|drop(ped)?|discard(ed)?|remove[d]?|delete[d]?|unimportant|exclude[d]?", re.IGNORECASE
)
_SHIFTED = frozenset({"camembert", "roberta", "xlm-roberta", "xlm-roberta-xl", "xmod"})
"""Model types whose positions begin after the padding position, so that the window is shorter than the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """A token classifier whose weights are not loaded yet.

    Attributes:
        name: As the user named it.
        place: A local folder or a Hugging Face id.
        revision: Hash of its exact content; empty if unknown.
        family: The config's ``model_type``: ``bert``, ``xlm-roberta``, ``modernbert``, ...
        keep: Index of the label that means "keep".
        labels: Number of labels.
        layers: Number of layers.
        window: Most tokens of a row, special tokens included.
        trust_remote_code: Whether Python code that ships with the model may run.
    """

    name: str
    place: str
    revision: str
    family: str
    keep: int
    labels: int
    layers: int
    window: int
    trust_remote_code: bool = False

    @classmethod
    def describe(
        cls, name: str = DEFAULT_MODEL, *, keep_label: str | None = None, trust_remote_code: bool = False
    ) -> Classifier:
        """Read a classifier's config.

        Args:
            name: A folder or a Hugging Face id.
            keep_label: The label that means "keep", if the config's names do not show it.
            trust_remote_code: Whether Python code that ships with the model may run.

        Raises:
            ModelError: if there is no such model, it is not a token classifier, or no label means "keep".
            UsageError: if it has no label ``keep_label``.
        """
        place = resolve(name)
        config = read_config(name, trust_remote_code=trust_remote_code)
        if not classifies_tokens(config):
            heads = config.architectures or [config.model_type]
            raise ModelError(f"{name} is not a token classifier but a {heads[0]}")
        names = {int(index): str(label) for index, label in config.id2label.items()}
        return cls(
            name=name,
            place=place,
            revision=revision(name),
            family=config.model_type,
            keep=_keep_index(name, names, keep_label),
            labels=len(names),
            layers=int(config.num_hidden_layers),
            window=_window(config),
            trust_remote_code=trust_remote_code,
        )


def read_config(name: str, *, trust_remote_code: bool = False) -> Any:
    """The transformers config of a model.

    Raises:
        MissingExtraError: without the extra ``local``.
        ModelError: if there is no such model or it has no config.
    """
    require("local", f"the config of {name}", "transformers")
    place = resolve(name)
    from transformers import AutoConfig

    with loading(name, "config", place=place):
        return AutoConfig.from_pretrained(place, trust_remote_code=trust_remote_code)


def classifies_tokens(config: Any) -> bool:
    """Whether a config is that of a token classifier, independent of the model's name."""
    return any("ForTokenClassification" in head for head in config.architectures or [])


def _keep_index(name: str, labels: Mapping[int, str], wanted: str | None) -> int:
    listed = ", ".join(labels[index] for index in sorted(labels))
    if wanted is not None:
        for index, label in labels.items():
            if label == wanted:
                return index
        raise UsageError(f"{name} has no label {wanted!r}; its labels: {listed}")
    keeping = [index for index, label in labels.items() if _KEEP.fullmatch(label)]
    if len(keeping) == 1 and len(labels) > 1:
        return keeping[0]
    others = [index for index, label in labels.items() if not _DROP.fullmatch(label)]
    if len(labels) == 2 and len(others) == 1:
        return others[0]
    raise ModelError(f"{name} labels tokens {listed}, none of which is known to mean keep; name it as keep_label")


def _window(config: Any) -> int:
    positions = getattr(config, "max_position_embeddings", None) or LONGEST_WINDOW
    if config.model_type in _SHIFTED:
        positions -= (config.pad_token_id or 0) + 1
    return int(min(LONGEST_WINDOW, positions))


Precision = Literal["float32", "int8"]
