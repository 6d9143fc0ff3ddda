"""Exports trained weights to ONNX, int8, checks them against torch, and writes what there is to know about them.

python -m training.export --examples ~/ctxpipe-training --run ~/ctxpipe-training/run --out ~/ctxpipe-training/pruner
"""

from __future__ import annotations

import time
import warnings
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from ctxpipe.compress.prune.llmlingua2.export import fused_attention
from ctxpipe.models.onnx import to_onnx
from ctxpipe.models.quiet import quiet
from training.batches import collate
from training.calibrate import Calibration
from training.development import predict, select
from training.examples import IGNORED, KINDS, LONGEST, QUESTION_TOKENS, SECOND_TOKENS, TITLE_TOKENS, Examples
from training.files import read_json, replace_atomically, sha256, write_json
from training.metrics import Logits, measure, sentence_table
from training.model import WEIGHTS, Pruner, trained
from training.prepare import model_tokenizer
from training.train import CALIBRATION, METRICS, SETTINGS

OPSET = 18
FORMAT = 1
FLOAT, INT8, TOKENIZER, MANIFEST = "pruner.onnx", "pruner_int8.onnx", "tokenizer.json", "manifest.json"
MOST_BYTES = 25_000_000
MOST_SECONDS = 1.0
INPUTS, OUTPUTS = ("input_ids", "token_type_ids"), ("keep", "relevance")


@click.command(context_settings={"show_default": True})
@click.option("--examples", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--run", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--checked", type=int, default=400, help="Development examples to compare on.")
def main(examples: Path, run: Path, out: Path, checked: int) -> None:
    """Write pruner_int8.onnx, tokenizer.json and manifest.json."""
    manifest = export(examples, run, out, checked=checked)
    click.echo(str(manifest["check"]), err=True)


def export(examples: Path, run: Path, out: Path, *, checked: int, tokenizer: Any = None) -> dict[str, Any]:
    """Export, check, describe.

    Args:
        examples: Folder of ``training.prepare``.
        run: Folder of ``training.train``.
        out: Receives the files.
        checked: Development examples that torch and ONNX Runtime are compared on.
        tokenizer: That of the body; MiniLM-L6's unless given.

    Raises:
        click.ClickException: when the file is too large, loads too slowly or chooses otherwise than torch.
    """
    out.mkdir(parents=True, exist_ok=True)
    calibration = Calibration.from_json(read_json(run / CALIBRATION))
    model = folded(trained(run), calibration)
    onnx_files(folded(trained(run, attention=fused_attention()), calibration), out)
    text = (tokenizer or model_tokenizer()).to_str()
    replace_atomically(out / TOKENIZER, lambda file: file.write(text.encode()))
    dev = Examples.load(examples / "dev.npz")
    asked = np.flatnonzero(dev.relevance >= 0)
    some = np.zeros(len(dev), dtype=bool)
    some[np.random.default_rng(0).choice(asked, min(checked, len(asked)), replace=False)] = True
    check = compare(model, out, select(dev, some), calibration)
    report = read_json(examples / "report.json")
    manifest = {
        "format": FORMAT,
        "version": f"{FORMAT}.{sha256(out / INT8)[:12]}",
        "files": {n: {"sha256": sha256(out / n), "bytes": (out / n).stat().st_size} for n in (INT8, TOKENIZER)},
        "opset": OPSET,
        "inputs": INPUTS,
        "outputs": OUTPUTS,
        "layout": {
            "order": "[CLS] question [SEP] title [SEP] passage [SEP]",
            "question": QUESTION_TOKENS,
            "second": SECOND_TOKENS,
            "title": TITLE_TOKENS,
            "longest": LONGEST,
        },
        "sentence": calibration.sentence,
        "check": check,
        "data": {n: {k: f[k] for k in ("licence", "sha256")} for n, f in report["files"].items()},
        "examples": {s: sha256(examples / f"{s}.npz") for s in ("train", "dev")},
        "weights": sha256(run / WEIGHTS),
        "prepared": report["options"],
        "settings": read_json(run / SETTINGS)["settings"],
        "metrics": read_json(run / METRICS),
        "torch": torch.__version__,
    }
    write_json(out / MANIFEST, manifest)
    size = (out / INT8).stat().st_size
    if size > MOST_BYTES or check["load_seconds"] > MOST_SECONDS:
        raise click.ClickException(f"{INT8} has {size:,} bytes and loads in {check['load_seconds']:.2f} s: too much")
    return manifest


def folded(model: Pruner, calibration: Calibration) -> Pruner:
    """The model with the heads' calibration in their weights, so that its logits are calibrated by themselves."""
    with torch.no_grad():
        for head, (scale, shift) in ((model.keep, calibration.keep), (model.relevance, calibration.relevance)):
            head.weight.mul_(scale)
            head.bias.mul_(scale).add_(shift)
    return model


class Unmasked(torch.nn.Module):
    """The network for rows without padding, which need no mask."""

    def __init__(self, model: Pruner) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, token_type_ids: torch.Tensor) -> Any:
        """Logits of all tokens and of the passages."""
        return self.model(input_ids, None, token_type_ids)


def onnx_files(model: Pruner, out: Path) -> None:
    """Write the network in float32 and with int8 weights.

    Args:
        model: With ``fused_attention``: one operator in place of ten, and no mask, are worth a third more speed.
        out: Receives both files.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with quiet(output=False):
        proto = to_onnx(Unmasked(model), INPUTS, OUTPUTS, opset=OPSET)
        del proto.graph.value_info[:]  # shapes noted before weights were transposed; the quantiser infers them anew
        onnx.save(proto, out / FLOAT)
        # Behind an operator of ONNX Runtime's own, types cannot be inferred.
        plain = {"DefaultTensorType": onnx.TensorProto.FLOAT}
        quantize_dynamic(out / FLOAT, out / INT8, per_channel=True, weight_type=QuantType.QInt8, extra_options=plain)


def compare(model: Pruner, out: Path, examples: Examples, calibration: Calibration) -> dict[str, Any]:
    """How far ONNX is from torch: largest difference of a logit, and of the best quarter how much is the same."""
    plain = replace(calibration, keep=(1.0, 0.0), relevance=(1.0, 0.0))
    expected = predict(model, examples, "cpu", autocast=nullcontext())
    result: dict[str, Any] = {"examples": len(examples)}
    names = [str(number) for number in range(int(examples.source.max()) + 1)]
    for name, file in (("float32", FLOAT), ("int8", INT8)):
        started = time.perf_counter()
        session = open_session(out / file)
        loaded = time.perf_counter() - started
        started = time.perf_counter()
        found = run_onnx(session, examples)
        seconds = time.perf_counter() - started
        inside = examples.sentence != IGNORED
        said = measure(examples, found, plain.sentences(examples, found), names)
        result[name] = {
            "largest_difference": float(np.abs(found.keep - expected.keep)[inside].max()),
            "mean_difference": float(np.abs(found.keep - expected.keep)[inside].mean()),
            "relevance_difference": float(np.abs(found.relevance - expected.relevance).max()),
            "same_tokens": agreement(examples, found.keep, expected.keep),
            "same_sentences": sentence_agreement(examples, found, expected, plain),
            "token_ap": {kind: said[kind]["token_ap"] for kind in KINDS if kind in said},
            "tokens_per_second": round(int(examples.offset[-1]) / seconds, 1),
        }
        if name == "int8":
            result["load_seconds"] = round(loaded, 3)
    said = measure(examples, expected, plain.sentences(examples, expected), names)
    result["torch"] = {"token_ap": {kind: said[kind]["token_ap"] for kind in KINDS if kind in said}}
    return result


def open_session(path: Path) -> Any:
    """A session as the package opens them."""
    from ctxpipe.models.cpu import cpu_session

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cpu_session(path)


def run_onnx(session: Any, examples: Examples) -> Logits:
    """Logits of all examples by ONNX Runtime, row by row as the package runs them."""
    keep = np.zeros(int(examples.offset[-1]))
    relevance = np.zeros(len(examples))
    for member in range(len(examples)):
        batch = collate(examples, [member])
        given = dict(zip(INPUTS, (batch.ids.numpy(), batch.types.numpy()), strict=True))
        token, passage = session.run(list(OUTPUTS), given)
        keep[examples.offset[member] : examples.offset[member + 1]] = token[0]
        relevance[member] = passage[0]
    return Logits(keep=keep, relevance=relevance)


def agreement(examples: Examples, first: Any, second: Any) -> float:
    """Of each passage's best quarter of tokens by one, the part that is in that by the other; mean over passages."""
    shares = []
    for begin, end in zip(examples.offset[:-1], examples.offset[1:], strict=True):
        inside = np.flatnonzero(examples.sentence[begin:end] != IGNORED) + begin
        quarter = len(inside) // 4
        if quarter:
            best = [set(np.argsort(-values[inside], kind="stable")[:quarter].tolist()) for values in (first, second)]
            shares.append(len(best[0] & best[1]) / quarter)
    return float(np.mean(shares))


def sentence_agreement(examples: Examples, first: Logits, second: Logits, calibration: Calibration) -> float:
    """The same for the best quarter of all sentences together."""
    quarter = max(1, len(sentence_table(examples, first).size) // 4)
    scores = [calibration.sentences(examples, logits) for logits in (first, second)]
    best = [set(np.argsort(-score, kind="stable")[:quarter].tolist()) for score in scores]
    return len(best[0] & best[1]) / quarter


if __name__ == "__main__":
    main()
