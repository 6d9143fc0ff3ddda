"""Opens a GGUF file of a model family that can be converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gguf import GGUFReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What differs between architectures.

    Attributes:
        model: The class of transformers.
        interleaved: Whether llama.cpp stores each head's rotary pairs next to each other.
        ends: Control tokens that end an answer beside the file's own.
    """

    model: str
    interleaved: bool = False
    ends: tuple[str, ...] = ()


FAMILIES: Mapping[tuple[str, str], Family] = MappingProxyType(
    {
        ("llama", "smollm"): Family(model="LlamaForCausalLM", interleaved=True),
        ("qwen2", "qwen2"): Family(model="Qwen2ForCausalLM", ends=("<|endoftext|>",)),
    }
)
"""Families by architecture and pre-tokenizer, as GGUF names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufFile:
    """An open GGUF file of a known family."""

    reader: GGUFReader
    architecture: str
    family: Family

    def value(self, key: str) -> Any:
        """A value of the file's metadata.

        Raises:
            ValueError: if the file has none of that name.
        """
        value = self.optional(key)
        if value is None:
            raise ValueError(f"the GGUF file has no {key}")
        return value

    def optional(self, key: str) -> Any:
        """A value of the file's metadata; None if it has none of that name."""
        field = self.reader.get_field(key)
        return None if field is None else field.contents()

    def size(self, key: str) -> Any:
        """A value that GGUF stores under the architecture's name."""
        return self.value(f"{self.architecture}.{key}")


def opened(path: Path) -> GgufFile:
    """Open a file.

    Raises:
        ValueError: for an architecture or a tokenizer that is not one of ``FAMILIES``.
    """
    from gguf import GGUFReader

    reader = GGUFReader(path)
    architecture, words = (reader.get_field(key) for key in ("general.architecture", "tokenizer.ggml.pre"))
    kind = (str(architecture and architecture.contents()), str(words and words.contents()))
    if kind not in FAMILIES:
        known = " or ".join(map(str, FAMILIES))
        raise ValueError(f"{path.name} holds architecture and tokenizer {kind}, not {known}")
    return GgufFile(reader=reader, architecture=kind[0], family=FAMILIES[kind])
