from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
Behaviour = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """One request, and ways to answer it well or badly."""

    handler: BaseHTTPRequestHandler
    path: str
    body: Any
    over: threading.Event

    def send(self, body: bytes | str, *, status: int = 200, kind: str = "text/html", **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.handler.wfile.write(data)

    def json(self, body: object, *, status: int = 200, **headers: str) -> None:
        self.send(json.dumps(body), status=status, kind="application/json", **headers)

    def error(self, status: int, message: str, **headers: str) -> None:
        self.json({"error": {"message": message, "type": "test", "code": status}}, status=status, **headers)

    def open_stream(self, *, chunked: bool = False) -> None:
        self.handler.protocol_version = "HTTP/1.1"
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.handler.send_header("Transfer-Encoding" if chunked else "Connection", "chunked" if chunked else "close")
        self.handler.end_headers()
        self.handler.close_connection = True

    def event(self, data: object, *, chunked: bool = False) -> None:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        line = f"data: {text}\n\n".encode()
        self.handler.wfile.write(b"%x\r\n%b\r\n" % (len(line), line) if chunked else line)
        self.handler.wfile.flush()

    def piece(self, text: str, finish: str | None = None, *, chunked: bool = False) -> None:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
        self.event({"id": "x", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}, chunked=chunked)

    def hang(self) -> None:
        self.over.wait(30)


def words(text: str) -> int:
    return len(text.split())


def list_models(*models: dict[str, Any]) -> Behaviour:
    return lambda x: x.json({"object": "list", "data": list(models)})


def count_words(x: Exchange) -> None:
    turns = x.body.get("messages")
    count = words(x.body["prompt"]) if turns is None else sum(words(t["content"]) + 3 for t in turns) + 2
    x.json({"count": count, "max_model_len": 100, "tokens": list(range(count))})


def echo(x: Exchange) -> None:
    """Answer with the last message, a word a token."""
    pieces = [" " * (i > 0) + w for i, w in enumerate(x.body["messages"][-1]["content"].split(" "))]
    limit = x.body["max_tokens"]
    finish = "stop" if len(pieces) <= limit else "length"
    usage = {
        "prompt_tokens": sum(words(t["content"]) + 3 for t in x.body["messages"]) + 2,
        "completion_tokens": min(len(pieces), limit),
    }
    if not x.body.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": "".join(pieces[:limit])}}
        x.json({"id": "x", "model": "m", "choices": [{**choice, "finish_reason": finish}], "usage": usage})
        return
    x.open_stream()
    x.event({"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
    for piece in pieces[:limit]:
        x.piece(piece)
    x.piece("", finish)
    x.event({"id": "x", "model": "m", "choices": [], "usage": usage})
    x.event("[DONE]")


@dataclass
class Server:
    """A real server on loopback that answers as ``routes`` say; by default as a good vLLM server would."""

    routes: dict[str, Behaviour]
    seen: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def asked(self, path: str) -> list[Any]:
        return [body for seen, _, body in self.seen if seen == path]

    def start(self, context: Any = None) -> ThreadingHTTPServer:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                server.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                exchange = Exchange(self, self.path, body, server.over)
                missing: Behaviour = lambda x: x.json({"detail": "Not Found"}, status=404)  # noqa: E731
                try:
                    server.routes.get(self.path, missing)(exchange)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

        class Quiet(ThreadingHTTPServer):
            daemon_threads = False

            def handle_error(self, request: object, client_address: object) -> None:
                pass

        httpd = Quiet(("127.0.0.1", 0), Handler)
        if context is not None:
            httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{httpd.server_port}"
        threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return httpd


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    """Start servers; routes given as keyword arguments replace the good ones.

    ``models``, ``tokenize`` and ``chat`` are there by default, ``completions`` and ``metrics`` are not.
    """
    for name in ("CTXPIPE_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running: list[tuple[Server, ThreadingHTTPServer]] = []

    def start(*, context: Any = None, prefix: str = "", **routes: Behaviour | None) -> Server:
        good: dict[str, Behaviour] = {
            "models": list_models({"id": "m", "object": "model", "max_model_len": 100}),
            "tokenize": count_words,
            "chat": echo,
        }
        paths = {
            "models": "/v1/models",
            "tokenize": "/tokenize",
            "chat": "/v1/chat/completions",
            "completions": "/v1/completions",
            "metrics": "/metrics",
        }
        chosen = {prefix + paths[name]: b for name, b in {**good, **routes}.items() if b is not None}
        server = Server(chosen)
        running.append((server, server.start(context)))
        return server

    yield start
    for server, httpd in running:
        server.over.set()
        httpd.shutdown()
        httpd.server_close()


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
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
