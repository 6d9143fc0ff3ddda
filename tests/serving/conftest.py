from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from http_support import Server, count_words, echo, list_models, servers

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    """Start servers; routes given as keyword arguments replace the good ones.

    ``models``, ``tokenize`` and ``chat`` are there by default, ``completions`` and ``metrics`` are not.
    """
    for name in ("CTXPIPE_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    models = list_models({"id": "m", "object": "model", "max_model_len": 100})
    with servers(models=models, tokenize=count_words, chat=echo) as start:
        yield start


def make_tokenizer(**options: Any) -> Any:
    """A byte-level tokenizer with a ChatML template, control strings, and two other added tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(["the quick brown fox says hello to the user and the assistant"] * 20, trainer)
    backend.add_tokens([AddedToken("<tool_call>", normalized=False), AddedToken("zebra", normalized=False)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        **{"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", **options},
    )
    tokenizer.chat_template = CHATML
    return tokenizer


def make_model(size: int, window: int) -> Any:
    """A small Llama with random weights, always the same ones."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=window,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LlamaForCausalLM(config).to(torch.bfloat16).eval()


@pytest.fixture
def tokenizer() -> Any:
    return make_tokenizer()


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    words = make_tokenizer()
    words.save_pretrained(folder)
    make_model(len(words), 4096).save_pretrained(folder)
    return folder


class EchoModel:
    """Stands in for a model where the answer has to be known: it repeats the last user message."""

    device = "cpu"

    def __init__(self, tokenizer: Any, window: int = 4096) -> None:
        from types import SimpleNamespace

        text = SimpleNamespace(max_position_embeddings=window)
        self.config = SimpleNamespace(get_text_config=lambda: text)
        self.generation_config = SimpleNamespace(eos_token_id=[0, 2])
        self.calls: list[tuple[list[int], dict[str, Any]]] = []
        self._head = tokenizer("user\n", add_special_tokens=False)["input_ids"]

    def generate(self, inputs: Any, *, streamer: Any, max_new_tokens: int, **options: Any) -> Any:
        import torch

        prompt = inputs[0].tolist()
        self.calls.append((prompt, {"max_new_tokens": max_new_tokens, **options}))
        turn = len(prompt) - 1 - prompt[::-1].index(2)
        start = max(i for i, number in enumerate(prompt[:turn]) if number == 1) + 1 + len(self._head)
        answer = [*prompt[start:turn], 2][:max_new_tokens]
        streamer.put(inputs)
        for number in answer:
            streamer.put(torch.tensor([number]))
        streamer.end()
        return torch.tensor([prompt + answer])


@pytest.fixture
def echo_model(tokenizer: Any) -> EchoModel:
    return EchoModel(tokenizer)


@pytest.fixture(params=[True, False], ids=["streamed", "whole"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that nobody listens on, held so that nobody else can."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
