"""Make the files of embedded models that are part of the package, from the wheels pinned in the catalogue.

python scripts/ship_models.py          writes ctxpipe/models/embedded/
python scripts/ship_models.py --check  makes them elsewhere and compares; 1 where one differs

The shipped pruner is stored as a difference to MiniLM's weights. If those change, make it whole before, and ship it
again after (python -m training.ship).

MiniLM: exported to ONNX, weights in int8 (ctxpipe/models/onnx.py). SmolLM2: the tokenizer of the GGUF file alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from ctxpipe.models.catalogue import EMBEDDED
from ctxpipe.models.onnx import INT8_FILE
from ctxpipe.models.resolve import pull
from ctxpipe.models.shipped import FOLDER, MANIFEST
from ctxpipe.models.sources import Wheel

SHIPPED = {"minilm-l6": (INT8_FILE, "config.json", "tokenizer.json"), "smollm2-135m": ("tokenizer.json",)}
CHANGES = {
    "minilm-l6": "exported to ONNX with pooling, weights quantised to int8",
    "smollm2-135m": "the tokenizer of the GGUF file, written as tokenizer.json",
}
TOOLS = {"minilm-l6": ("torch", "transformers", "onnx", "onnxscript", "onnxruntime"), "smollm2-135m": ("tokenizers",)}


def main() -> int:
    """Write the files, or compare them."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["CTXPIPE_CACHE"] = scratch  # so that they are made anew
        os.environ.pop("CTXPIPE_MODELS", None)
        made = Path(scratch) / "made"
        for name in SHIPPED:
            _make(name, pull(name), made / name)
        if "--check" in sys.argv:
            return _compare(made)
        shutil.rmtree(FOLDER, ignore_errors=True)
        shutil.copytree(made, FOLDER)
    print(f"wrote {FOLDER}")
    return 0


def _make(name: str, ready: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    for file in SHIPPED[name]:
        content = (ready / file).read_bytes()
        if file == "tokenizer.json":  # without line breaks, which are a third of it
            content = json.dumps(json.loads(content), ensure_ascii=False, separators=(",", ":")).encode()
        (folder / file).write_bytes(content)
    model = EMBEDDED[name]
    source = next(source for source in model.sources if isinstance(source, Wheel))
    manifest = {
        "name": name,
        "source": source.label,
        "source_files": {member.path: member.file.sha256 for member in source.wheel.members},
        "licence": model.licence,
        "changes": CHANGES[name],
        "script": "scripts/ship_models.py",
        "tools": {tool: version(tool).partition("+")[0] for tool in TOOLS[name]},
        "files": {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in SHIPPED[name]},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _compare(made: Path) -> int:
    differing = [
        f"{name}/{file}"
        for name, files in SHIPPED.items()
        for file in files
        if (made / name / file).read_bytes() != (FOLDER / name / file).read_bytes()
    ]
    print("\n".join(f"{file} differs" for file in differing) or "all files are the same")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
