"""A gateway in a thread, and a real server behind it that records every byte and answers as a test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2

from ctxpipe.pipeline.gateway.serve import GatewayServer
from ctxpipe.pipeline.gateway.settings import Settings

WINDOW = 2_000
PER_MESSAGE = 5
PROMPTS = ("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages")


@cache
def _tokenizer() -> Any:
    from ctxpipe.models.tokenizer import TargetTokenizer

    return TargetTokenizer.load("smollm2-135m")


def tokens(text: str) -> int:
    return int(_tokenizer().count(text))


def texts_of(value: Any) -> Iterator[str]:
    """All texts of a prompt, without the names of members."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("role", "type", "id", "tool_call_id", "call_id", "tool_use_id"):
                yield from texts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner)


def count(body: Any) -> int:
    """Tokens of a prompt as the fake target's template would make them."""
    prompt = [body.get(name) for name in ("messages", "prompt", "system", "tools")]
    extra = PER_MESSAGE * len(body.get("messages") or ())
    return extra + sum(tokens(text) for text in texts_of(prompt))


@dataclass
class Got:
    """One request as the target got it."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass
class Exchange:
    """A request, and ways to answer it."""

    handler: BaseHTTPRequestHandler
    got: Got
    over: threading.Event
    gone: threading.Event

    def send(self, body: bytes, *, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        if self.handler.command != "HEAD":
            self.handler.wfile.write(body)

    def json(self, value: object, *, status: int = 200, **headers: str) -> None:
        self.send(json.dumps(value).encode(), status=status, **headers)

    def open_stream(self) -> None:
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", "text/event-stream")
        self.handler.send_header("Transfer-Encoding", "chunked")
        self.handler.end_headers()

    def part(self, data: bytes) -> None:
        self.handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.handler.wfile.flush()

    def end_stream(self) -> None:
        self.handler.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Close the connection."""
        self.handler.close_connection = True
        self.handler.connection.shutdown(2)


Behaviour = Callable[[Exchange], None]


def answer(x: Exchange) -> None:
    x.json({"object": "answer", "usage": {"prompt_tokens": 7}, "path": x.got.path})


def tokenize(x: Exchange) -> None:
    """As vLLM does, which knows no blocks of Anthropic's in a chat."""
    for message in x.got.json.get("messages") or ():
        parts = message.get("content") if isinstance(message, dict) else None
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict) and part.get("type") in ("tool_use", "tool_result", "redacted_thinking"):
                x.json({"error": {"message": f"Unknown part type: {part['type']}"}}, status=400)
                return
    x.json({"count": count(x.got.json), "max_model_len": WINDOW, "tokens": []})


def count_tokens(x: Exchange) -> None:
    """As vLLM does, which refuses to count what is longer than its window."""
    tokens = count(x.got.json)
    if tokens > WINDOW:
        x.json({"type": "error", "error": {"message": "maximum context length"}}, status=400)
    else:
        x.json({"input_tokens": tokens})


def models(x: Exchange) -> None:
    x.json({"object": "list", "data": [{"id": "m", "object": "model", "max_model_len": WINDOW}]})


def missing(x: Exchange) -> None:
    x.json({"detail": "Not Found"}, status=404)


GOOD: dict[str, Behaviour] = {
    **dict.fromkeys(PROMPTS, answer),
    "/tokenize": tokenize,
    "/v1/messages/count_tokens": count_tokens,
    "/v1/models": models,
}


@dataclass
class Target:
    """The server behind a gateway."""

    routes: dict[str, Behaviour]
    seen: list[Got] = field(default_factory=list, repr=False)
    over: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def asked(self, path: str) -> list[Got]:
        return [got for got in self.seen if got.path.partition("?")[0] == path]

    def last(self, path: str) -> Got:
        return self.asked(path)[-1]


def _handler(target: Target) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def _body(self) -> bytes:
            if "chunked" in (self.headers.get("Transfer-Encoding") or ""):
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _serve(self) -> None:
            got = Got(self.command, self.path, list(self.headers.items()), self._body())
            target.seen.append(got)
            behaviour = target.routes.get(self.path.partition("?")[0], missing)
            try:
                behaviour(Exchange(self, got, target.over, target.gone))
            except (BrokenPipeError, ConnectionResetError):
                target.gone.set()
                self.close_connection = True

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._serve
            raise AttributeError(name)

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def target(**routes: Behaviour | None) -> Iterator[Target]:
    """A server; routes (``tokenize``, ``chat``, ...) replace the good ones, and None takes one away."""
    names = {
        "tokenize": "/tokenize",
        "chat": PROMPTS[0],
        "completions": PROMPTS[1],
        "responses": PROMPTS[2],
        "messages": PROMPTS[3],
        "count_tokens": "/v1/messages/count_tokens",
        "models": "/v1/models",
    }
    chosen = {**GOOD, **{names[name]: behaviour for name, behaviour in routes.items() if behaviour is not None}}
    for name in [name for name, behaviour in routes.items() if behaviour is None]:
        del chosen[names[name]]
    made = Target(chosen)
    httpd = _Quiet(("127.0.0.1", 0), _handler(made))
    made.url = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.over.set()
        httpd.shutdown()
        httpd.server_close()
        thread.join()


@dataclass
class Running:
    """A gateway that answers."""

    url: str
    port: int
    server: GatewayServer
    notes: list[str]

    def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        """Send JSON, or bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        more = {
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return httpx2.post(self.url + path, content=data, headers=more, timeout=60)

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return httpx2.get(self.url + path, headers={k.replace("_", "-"): v for k, v in headers.items()}, timeout=60)


def idle(data: bytes) -> bytes:
    """What a worker runs in tests in which nothing is compressed: it starts at once."""
    return b"{}"


@contextmanager
def gateway(url: str, **options: Any) -> Iterator[Running]:
    """A gateway in front of a server, in a thread; compression by words in common, which loads no model."""
    given = {"port": 0, "rank": "bm25", "deadline": 30.0, "grace": 2.0, **options}
    ready = threading.Event()
    notes: list[str] = []
    server = GatewayServer(Settings(target=url, **given), on_ready=lambda _: ready.set(), on_note=notes.append)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        end = time.monotonic() + 60
        while not ready.wait(0.05):
            assert thread.is_alive(), "the gateway did not start"
            assert time.monotonic() < end, "the gateway does not answer"
        yield Running(server.url, int(server.url.rpartition(":")[2]), server, notes)
    finally:
        server.should_exit = True
        thread.join(90)  # running answers have 30 seconds, and the machine may be busy
        assert not thread.is_alive(), "the gateway did not stop"
