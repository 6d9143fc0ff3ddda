"""A model of a few bytes in a wheel of its own, an index that serves it, and a process that pulls it.

Run as a script, it registers the tiny model and hands its arguments to the command line.
"""

from __future__ import annotations

import hashlib
import http.server
import os
import sys
import threading
import time
import zipfile
from pathlib import Path

CONTENT = b"weights " * 50_000
WHEEL = "tiny_model-1.0-py3-none-any.whl"


def prepare(folder: Path) -> None:
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    (folder / "raw.bin").rename(folder / "model.safetensors")
    if marker := os.environ.get("TINY_HANG"):
        Path(marker).touch()
        time.sleep(60)


def tiny(sha256: str = hashlib.sha256(CONTENT).hexdigest(), prepare=prepare):
    from ctxpipe.models.catalogue import EmbeddedModel
    from ctxpipe.models.wheel import PinnedFile

    file = PinnedFile(member="tiny_model/raw.bin", sha256=sha256, size=len(CONTENT), name="raw.bin")
    return EmbeddedModel(
        name="tiny-1m",
        package="tiny-model",
        version="1.0",
        files=(file,),
        prepare=prepare,
        required=("config.json", "tokenizer.json", "model.safetensors"),
        licence="Apache-2.0",
        purpose="tests",
        wheel_size=len(CONTENT),
        ready_size=len(CONTENT),
    )


def write_wheel(folder: Path) -> Path:
    path = folder / WHEEL
    info = "tiny_model-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny_model/raw.bin", CONTENT)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


class Index(http.server.ThreadingHTTPServer):
    """A package index on the loopback interface that has one wheel.

    ``stalled`` is set once half of the wheel is sent, when ``stall`` was set before; the rest then never comes.
    """

    daemon_threads = True

    def __init__(self, wheel: bytes) -> None:
        self.wheel, self.downloads, self.status = wheel, 0, 200
        self.stall, self.stalled, self.closing = False, threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/simple"

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        if self.server.status != 200:
            self._send(self.server.status, "text/plain", b"")
        elif self.path == "/simple/tiny-model/":
            self._send(200, "text/html", f'<a href="/files/{WHEEL}">{WHEEL}</a>'.encode())
        elif self.path == f"/files/{WHEEL}":
            self.server.downloads += 1
            self._send(200, "application/octet-stream", self.server.wheel)
        else:
            self._send(404, "text/plain", b"")

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind == "application/octet-stream" and self.server.stall:
            self.wfile.write(body[: len(body) // 2])
            self.server.stalled.set()
            self.server.closing.wait(60)
        else:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    from ctxpipe.cli import main
    from ctxpipe.models import catalogue

    catalogue.EMBEDDED = {"tiny-1m": tiny()}
    sys.exit(main(sys.argv[1:]))
