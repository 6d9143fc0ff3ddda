"""Puts a pruner into the package, without the word embeddings that it has almost in common with the embedded encoder.

python -m training.ship --pruner ~/ctxpipe-training/pruner
python -m training.ship --whole FOLDER     makes of the package's pruner one that is whole again
"""

from __future__ import annotations

import hashlib
import shutil
import zlib
from pathlib import Path
from typing import Any

import click
import onnx
from onnx import external_data_helper, numpy_helper

from ctxpipe.compress.learned.files import SHIPPED, PrunerFiles
from ctxpipe.compress.learned.words import ENCODER
from training.export import INT8, MANIFEST, TOKENIZER
from training.files import read_json, replace_atomically, sha256, write_json

CARD, DIFFERENCE = "MODEL_CARD.md", "words.zlib"
WORDS = "word_embeddings.weight_quantized"
NOTE = """
## In the package

The word embeddings differ little from those of the encoder that the package has too. `{difference}` is the difference,
and `{network}` lacks them: {size:,} bytes in place of {whole:,}. Loaded, the network is the one named above.
"""


@click.command()
@click.option("--pruner", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--whole", type=click.Path(file_okay=False, path_type=Path))
def main(pruner: Path | None, whole: Path | None) -> None:
    """Write the package's pruner, or a whole one from it."""
    if (pruner is None) == (whole is None):
        raise click.UsageError("give either --pruner or --whole")
    if pruner:
        ship(pruner, SHIPPED)
    elif whole:
        unship(SHIPPED, whole)


def ship(pruner: Path, out: Path) -> None:
    """Write the files of a whole pruner as the package has them.

    Args:
        pruner: Folder of ``export``, ``combine`` and ``card``.
        out: Receives network, difference, tokenizer, manifest and card.

    Raises:
        click.ClickException: when its word embeddings have another shape than the encoder's.
    """
    manifest = read_json(pruner / MANIFEST)
    network, encoder = onnx.load(pruner / INT8), onnx.load(ENCODER)
    words, base = _words(network), _words(encoder)
    if (words.dims, words.data_type) != (base.dims, base.data_type):
        raise click.ClickException("its word embeddings have another shape than the encoder's; ship the whole pruner")
    matrix = numpy_helper.to_array(words)
    whole = manifest["files"][INT8]
    about = {
        "name": words.name,
        "difference": DIFFERENCE,
        "offset": ENCODER.read_bytes().index(base.raw_data),
        "shape": list(matrix.shape),
        "sha256": hashlib.sha256(matrix.tobytes()).hexdigest(),
        "whole": whole["sha256"],
    }
    packed = zlib.compress((matrix - numpy_helper.to_array(base)).tobytes(), 9)
    external_data_helper.set_external_data(words, location=DIFFERENCE)  # given to ONNX Runtime, and never read there
    words.ClearField("raw_data")
    out.mkdir(parents=True, exist_ok=True)
    replace_atomically(out / INT8, lambda file: file.write(network.SerializeToString()))
    replace_atomically(out / DIFFERENCE, lambda file: file.write(packed))
    shutil.copyfile(pruner / TOKENIZER, out / TOKENIZER)
    manifest["files"] = _listed(out, INT8, DIFFERENCE, TOKENIZER)
    write_json(out / MANIFEST, manifest | {"words": about})
    note = NOTE.format(difference=DIFFERENCE, network=INT8, size=(out / INT8).stat().st_size, whole=whole["bytes"])
    (out / CARD).write_text((pruner / CARD).read_text(encoding="utf-8") + note, encoding="utf-8")


def unship(shipped: Path, out: Path) -> None:
    """Write a pruner of the package as a whole one; the network is that of ``export``, byte for byte.

    Args:
        shipped: What ``ship`` wrote.
        out: Receives network, tokenizer, manifest and card.
    """
    described = PrunerFiles.describe(shipped).words
    if described is None:
        raise click.ClickException(f"{shipped} is whole")
    network = onnx.load(shipped / INT8, load_external_data=False)
    words = _words(network)
    words.ClearField("external_data")
    words.ClearField("data_location")
    words.raw_data = described.read(shipped).tobytes()
    out.mkdir(parents=True, exist_ok=True)
    replace_atomically(out / INT8, lambda file: file.write(network.SerializeToString()))
    shutil.copyfile(shipped / TOKENIZER, out / TOKENIZER)
    manifest = read_json(shipped / MANIFEST)
    del manifest["words"]
    manifest["files"] = _listed(out, INT8, TOKENIZER)
    write_json(out / MANIFEST, manifest)
    card = (shipped / CARD).read_text(encoding="utf-8").partition(NOTE.partition("\n\n")[0])[0]
    (out / CARD).write_text(card, encoding="utf-8")


def _words(network: Any) -> Any:
    (words,) = (tensor for tensor in network.graph.initializer if tensor.name.endswith(WORDS))
    return words


def _listed(folder: Path, *names: str) -> dict[str, dict[str, Any]]:
    return {name: {"sha256": sha256(folder / name), "bytes": (folder / name).stat().st_size} for name in names}


if __name__ == "__main__":
    main()
