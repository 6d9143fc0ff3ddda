"""Real HTTP servers on loopback whose every answer a test decides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATHS = {
    "models": "/v1/models",
    "tokenize": "/tokenize",
    "chat": "/v1/chat/completions",
    "completions": "/v1/completions",
    "metrics": "/metrics",
    "pooling": "/pooling",
}
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
        self.over.wait(120)


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


@contextmanager
def servers(**good: Behaviour) -> Iterator[Callable[..., Server]]:
    """A function that starts servers; routes given to it replace those given here, and None takes one away."""
    running: list[tuple[Server, ThreadingHTTPServer]] = []

    def start(*, context: Any = None, prefix: str = "", **routes: Behaviour | None) -> Server:
        chosen = {prefix + PATHS[name]: b for name, b in {**good, **routes}.items() if b is not None}
        server = Server(chosen)
        running.append((server, server.start(context)))
        return server

    yield start
    for server, httpd in running:
        server.over.set()
        httpd.shutdown()
        httpd.server_close()
