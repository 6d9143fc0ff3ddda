"""The embedded model that answers: what its file holds is what is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxpipe.errors import DownloadError
from ctxpipe.models.catalogue import EMBEDDED
from ctxpipe.models.resolve import resolve
from ctxpipe.models.sources import DownloadFolders

NAME = "qwen2.5-coder-0.5b"
PROMPTS = (
    "The function read.fwf reads a file of fixed-width fields into a data",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
    "<|im_start|>user\nWas kostet 1.234,50 €? 一千二百三十四<|im_end|>\n<|im_start|>assistant\n",
)

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pinned file, fetched anew: a ready folder no longer has it."""
    model = EMBEDDED[NAME]
    folders = [tmp_path_factory.mktemp(name) for name in ("folder", "scratch", "kept")]
    place = DownloadFolders(*folders)
    faults = []
    for source in model.sources:
        try:
            source.fetch(place, lambda stage, done, total: None)
        except DownloadError as exc:
            faults.append(str(exc))
        else:
            return place.folder / model.files[0].name
    pytest.skip(f"{NAME} cannot be had: {'; '.join(faults)}")


@pytest.fixture(scope="module")
def converted(gguf: Path) -> str:
    """The ready folder; made from the same file, so only where that can be had."""
    return resolve(NAME)


def test_the_tokenizer_is_the_file_s(gguf: Path, converted: str) -> None:
    from transformers import AutoTokenizer

    ours = AutoTokenizer.from_pretrained(converted)
    theirs = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    for prompt in PROMPTS:
        assert ours(prompt)["input_ids"] == theirs(prompt)["input_ids"]
        assert ours.decode(ours(prompt)["input_ids"]) == prompt


def test_the_logits_are_those_of_the_file_as_transformers_reads_it(gguf: Path, converted: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(converted)
    prompts = [tokenizer(prompt, return_tensors="pt")["input_ids"] for prompt in PROMPTS]
    ours = AutoModelForCausalLM.from_pretrained(converted, dtype=torch.float32).eval()
    theirs = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32).eval()
    with torch.no_grad():
        expected = [theirs(prompt).logits for prompt in prompts]
        found = [ours(prompt).logits for prompt in prompts]
        for one, other in zip(found, expected, strict=True):
            # bfloat16 keeps 8 bits of each weight.
            assert (one - other).abs().max() < 0.05 * other.abs().max()
            assert torch.equal(one[:, -1].argmax(-1), other[:, -1].argmax(-1))
        for parameter in theirs.parameters():
            parameter.copy_(parameter.bfloat16())
        for one, prompt in zip(found, prompts, strict=True):
            assert torch.allclose(one, theirs(prompt).logits, atol=1e-3)
