"""LLMLingua-2's speed: the llmlingua package and this library on the same document and the same weights.

    OMP_NUM_THREADS=2 python benchmarks/llmlingua2_speed.py
    OMP_NUM_THREADS=2 python benchmarks/llmlingua2_speed.py --passages 850
    python benchmarks/llmlingua2_speed.py --overlapped --shape xlmr-large --tokens 4000000    # on a GPU

Each method runs in a process of its own, in turns; the best of ``--repeats`` counts. The first form compares decisions
word by word. The second gives the same document in passages, as a retriever would; the package pads each to 512 tokens.
The third times this library alone on a network of a given shape and seeded weights, tokenisation
included, which goes on in a thread while batches are judged.
"""

from __future__ import annotations

import argparse
import json
import os
import pydoc_data.topics
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import write

RATE = 0.33
METHODS = ("upstream", "onnx float32", "onnx int8")
SHAPES = {
    "xlmr-large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    "tiny": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128},
}
PASSAGE = 2000
"""Characters of the texts that the overlapped form is given: about one row each."""


def document(characters: int) -> str:
    """The Python language reference as it comes with Python, repeated when it is too short."""
    text = "\n\n".join(text for _, text in sorted(pydoc_data.topics.topics.items()))
    return (text * (characters // len(text) + 1))[:characters]


Run = Callable[[list[str]], tuple[str, list[int]]]


def passages(text: str, characters: int) -> list[str]:
    """A document as its lines, joined up to so many characters; 0 leaves it whole."""
    if not characters:
        return [text]
    found: list[str] = []
    for line in text.split("\n"):
        if found and len(found[-1]) + len(line) < characters:
            found[-1] += f"\n{line}"
        else:
            found.append(line)
    return [passage for passage in found if passage.strip()]


def encoding() -> Any:
    """tiktoken without the download of cl100k: its pattern, and every byte a token."""
    import tiktoken
    from tiktoken_ext.openai_public import ENDOFTEXT

    ranks = {bytes([i]): i for i in range(256)}
    pattern = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s+"
    return tiktoken.Encoding("bytes", pat_str=pattern, mergeable_ranks=ranks, special_tokens={ENDOFTEXT: 256})


def upstream(folder: Path) -> Run:
    from unittest import mock

    import tiktoken
    from llmlingua import PromptCompressor

    with mock.patch.object(tiktoken, "encoding_for_model", return_value=encoding()):
        config = {"trust_remote_code": False}
        made = PromptCompressor(str(folder), device_map="cpu", model_config=config, use_llmlingua2=True)
    made.model_name = "bert-base-multilingual-cased"
    made.model.eval()

    def run(texts: list[str]) -> tuple[str, list[int]]:
        found = made.compress_prompt_llmlingua2(
            texts, rate=RATE, return_word_label=True, word_sep="\x1e", label_sep="\x1f"
        )
        labels = [int(pair.split("\x1f")[1]) for pair in found["fn_labeled_original_prompt"].split("\x1e")]
        return found["compressed_prompt"], labels

    return run


def native(folder: Path, runtime: str, dtype: str) -> Run:
    from ctxpipe.compress.prune.llmlingua2.compat import LLMLingua2Compat

    counter = encoding()
    model = LLMLingua2Compat.load(
        str(folder), device="cpu", runtime=runtime, dtype=dtype, count=lambda word: len(counter.encode(word))
    )

    def run(texts: list[str]) -> tuple[str, list[int]]:
        found = model.compress_words(texts, rate=RATE)
        return "\n\n".join(one.text for one in found), [int(kept) for one in found for kept in one.kept]

    return run


def child(method: str, folder: Path, characters: int, each: int, repeats: int) -> None:
    """One method, timed; the result goes to standard output as JSON."""
    run = upstream(folder) if method == "upstream" else native(folder, *method.split())
    texts = passages(document(characters), each)
    run([texts[0][:3000]])
    best: dict[str, Any] = {}
    for _ in range(repeats):
        used, started = _cpu(), time.perf_counter()
        kept, labels = run(texts)
        seconds, cpu = time.perf_counter() - started, _cpu() - used
        if not best or seconds < best["seconds"]:
            best = {"seconds": seconds, "cpu_seconds": cpu, "labels": labels, "characters": len(kept)}
    print(json.dumps(best))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def classifier(folder: Path) -> Path:
    """MiniLM-L6's body with a seeded head: the shape that the published figures for this machine are of."""
    import torch
    from transformers import AutoTokenizer, BertForTokenClassification

    from ctxpipe.models.resolve import resolve

    torch.manual_seed(0)
    model = BertForTokenClassification.from_pretrained(resolve("minilm-l6"), num_labels=2)
    torch.nn.init.normal_(model.classifier.weight, std=0.5)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(resolve("minilm-l6")).save_pretrained(folder)
    return folder


def peak() -> float:
    """GFLOP/s of a float32 matrix product in ONNX Runtime, on the threads that it is given."""
    import onnx
    from onnx import TensorProto, helper

    from ctxpipe.models.cpu import cpu_session

    size = 1536
    weight = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["a", "b"], ["c"])],
        "product",
        [helper.make_tensor_value_info("a", TensorProto.FLOAT, [size, size])],
        [helper.make_tensor_value_info("c", TensorProto.FLOAT, [size, size])],
        [helper.make_tensor("b", TensorProto.FLOAT, [size, size], weight.tobytes(), raw=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "product.onnx"
        onnx.save(model, path)
        session = cpu_session(path)
        times = []
        for _ in range(8):
            started = time.perf_counter()
            session.run(None, {"a": weight})
            times.append(time.perf_counter() - started)
    return 2 * size**3 / min(times) / 1e9


def gflop_per_token(config: Any, row: int) -> float:
    """Of an encoder: four projections, two of the feed-forward part, and attention over a row."""
    width, inner = config.hidden_size, config.intermediate_size
    return config.num_hidden_layers * (2 * (4 * width**2 + 2 * width * inner) + 4 * row * width) / 1e9


def compared(folder: Path, methods: list[str], tokens: int, each: int, repeats: int, rounds: int) -> dict[str, Any]:
    """All methods in turns, ``rounds`` times; the first is what the others are compared with."""
    from transformers import AutoConfig, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    sample = document(200_000)
    characters = round(tokens * len(sample) / len(tokenizer.tokenize(sample)))
    tokens = len(tokenizer.tokenize(document(characters)))
    best: dict[str, dict[str, Any]] = {}
    for _ in range(rounds):
        for method in methods:
            command = [sys.executable, __file__, "--child", method, "--folder", str(folder)]
            command += ["--characters", str(characters), "--passages", str(each)]
            command += ["--repeats", str(repeats)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            found = json.loads(done.stdout.splitlines()[-1])
            if method not in best or found["seconds"] < best[method]["seconds"]:
                best[method] = found
    flop = gflop_per_token(AutoConfig.from_pretrained(folder), 500)
    rows, base = {}, best[methods[0]]
    for method, found in best.items():
        same = np.mean(np.array(found["labels"]) == np.array(base["labels"]))
        rows[method] = {
            "tokens_per_second": round(tokens / found["seconds"]),
            "ratio": round(base["seconds"] / found["seconds"], 2),
            "ratio_of_processor_time": round(base["cpu_seconds"] / found["cpu_seconds"], 2),
            "seconds": round(found["seconds"], 2),
            "processor_seconds": round(found["cpu_seconds"], 2),
            "same_decisions": round(float(same), 5),
            "gflop_per_second": round(flop * tokens / found["seconds"]),
        }
    return {
        "tokens": tokens,
        "passages": len(passages(document(characters), each)),
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "gflop_per_token": round(flop, 4),
        "peak_float32_gflop_per_second": round(peak()),
        "methods": rows,
    }


def shaped(folder: Path, shape: str, text: str) -> Path:
    """An XLM-R of a shape with seeded weights, and a Unigram tokenizer trained on some text."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaForTokenClassification

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=8000, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator([text], trainer)
    frame = [("<s>", 0), ("</s>", 2)]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=frame)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=250_002 if shape == "xlmr-large" else 8000,
        max_position_embeddings=514,
        type_vocab_size=1,
        num_labels=2,
        **SHAPES[shape],
    )
    XLMRobertaForTokenClassification(config).to(torch.bfloat16).save_pretrained(folder)
    return folder


def overlapped(folder: Path, shape: str, tokens: int, device: str, dtype: str) -> dict[str, Any]:
    """Source tokens per second from text to scores, and of tokenisation and network alone."""
    import torch

    from ctxpipe.compress.prune.llmlingua2.scorer import LLMLingua2Scorer
    from ctxpipe.compress.types import ScoringText

    shaped(folder, shape, document(300_000))
    scorer = LLMLingua2Scorer(model=str(folder), device=device, dtype=dtype, runtime="torch")
    none = np.zeros(0, dtype=np.int64)

    def texts(characters: int) -> list[ScoringText]:
        whole = document(characters)
        parts = [whole[at : at + PASSAGE] for at in range(0, len(whole), PASSAGE)]
        return [ScoringText(text=part, headings=(), start=none, end=none) for part in parts]

    warm = texts(max(100_000, tokens // 10))
    found = scorer.score_tokens(warm, None)
    each = sum(len(t.text) for t in warm) / sum(len(f.values) for f in found)
    given = texts(round(tokens * each))
    started = time.perf_counter()
    judged = sum(len(f.values) for f in scorer.score_tokens(given, None))
    both = time.perf_counter() - started
    started = time.perf_counter()
    read = scorer._reader.read([text.text for text in given])
    reading = time.perf_counter() - started
    rows = [
        row for t, r in zip(given, read, strict=True) for row in scorer._reader.rows(r, scorer._reader.cuts(t.text, r))
    ]
    started = time.perf_counter()
    scorer._classifier.keep_probabilities(rows)
    judging = time.perf_counter() - started
    network = scorer._classifier.network  # type: ignore[attr-defined] # it is torch's
    hardware = torch.cuda.get_device_name(network.device) if network.device.type == "cuda" else "processor"
    return {
        "shape": shape,
        "hardware": hardware,
        "dtype": str(network.dtype),
        "tokens": judged,
        "tokens_per_second": round(judged / both),
        "tokens_per_second_of_tokenisation": round(judged / reading),
        "tokens_per_second_of_network": round(judged / judging),
        "gflop_per_token": round(gflop_per_token(network.config, 500), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=38_000)
    parser.add_argument("--methods", default=",".join(METHODS), help="also: torch float32, torch bfloat16")
    parser.add_argument("--repeats", type=int, default=1, help="runs in each process")
    parser.add_argument("--rounds", type=int, default=2, help="processes of each method, in turns")
    parser.add_argument("--passages", type=int, default=0, help="give the document in passages of so many characters")
    parser.add_argument("--overlapped", action="store_true", help="time this library alone, tokenisation overlapped")
    parser.add_argument("--shape", choices=SHAPES, default="xlmr-large")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--dry", action="store_true", help="print the result without writing the file")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--characters", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.folder, given.characters, given.passages, given.repeats)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "classifier"
        folder.mkdir()
        if given.overlapped:
            result = overlapped(folder, given.shape, given.tokens, given.device, given.dtype)
            name = "llmlingua2_overlapped"
        else:
            classifier(folder)
            os.environ["CTXPIPE_CACHE"] = str(Path(scratch) / "cache")  # for what is exported of it
            methods = given.methods.split(",")
            result = compared(folder, methods, given.tokens, given.passages, given.repeats, given.rounds)
            name = "llmlingua2_passages" if given.passages else "llmlingua2_speed"
    print(json.dumps(result, indent=1))
    if not given.dry:
        write(name, result)


if __name__ == "__main__":
    main()
