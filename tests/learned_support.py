"""A pruner of seeded weights with MiniLM's vocabulary, as training and export write it, of some kilobytes."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.append(ROOT)  # where the recipe stands


def write(folder: Path) -> Path:
    """Write ``torch`` (weights), ``float32`` and ``int8`` (pruners) below a folder."""
    import torch
    from transformers import BertConfig, BertModel

    from ctxpipe.compress.prune.llmlingua2.export import fused_attention
    from training.export import FLOAT, INT8, onnx_files
    from training.model import Pruner, trained

    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=400,
        initializer_range=0.3,
    )
    (folder / "torch").mkdir(parents=True)
    Pruner(BertModel(config, add_pooling_layer=False)).save(folder / "torch")
    onnx_files(trained(folder / "torch", attention=fused_attention()), folder)
    for name, file in (("float32", FLOAT), ("int8", INT8)):
        (folder / name).mkdir()
        (folder / file).rename(folder / name / file)
        describe(folder / name, file)
    return folder


def describe(folder: Path, file: str) -> None:
    """Write tokenizer and manifest beside a network."""
    from training.examples import KINDS, LONGEST, QUESTION_TOKENS, SECOND_TOKENS, TITLE_TOKENS
    from training.export import FORMAT, MANIFEST, TOKENIZER
    from training.files import sha256, write_json
    from training.prepare import model_tokenizer

    (folder / TOKENIZER).write_text(model_tokenizer().to_str(), encoding="utf-8")
    layout = {"question": QUESTION_TOKENS, "second": SECOND_TOKENS, "title": TITLE_TOKENS, "longest": LONGEST}
    manifest = {
        "format": FORMAT,
        "version": "1.made",
        "files": {name: {"sha256": sha256(folder / name)} for name in (file, TOKENIZER)},
        "layout": layout,
        "sentence": dict.fromkeys(KINDS, (0.5, 0.25, 0.5, 0.0)),
        # What a network of random weights says must not drown the fusion.
        "rank": {
            "near": {"fusion": 1.0, "first": 0.1, "link": 0.1},
            "weights": {"fusion": 1.0, "first": 0.1, "second": 0.05, "link": 0.2},
        },
    }
    write_json(folder / MANIFEST, manifest)
