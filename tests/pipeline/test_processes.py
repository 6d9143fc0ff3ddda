"""Worker processes: an interruption is one line of the command, and none outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
from processes import gone

from ctxpipe.errors import CtxpipeError
from ctxpipe.pipeline.corpus import work
from ctxpipe.pipeline.corpus.corpus import Corpus, index
from ctxpipe.pipeline.processes import HelperProcesses, without_interruption

INDEX = """
import sys
from ctxpipe.cli import main
from ctxpipe.models import cpu
from ctxpipe.pipeline.corpus import work
if __name__ == "__main__":
    work.WORTH_A_POOL = 0
    cpu.cpu_threads = lambda: 2
    sys.exit(main())
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(600):
        (folder / f"{number}.txt").write_text(f"The ledger number {number} is kept in room {number}.\n" * 20)
    return folder


def _indexing(files: Path, tmp_path: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """An index run in a process group of its own, and its worker processes as soon as there is one."""
    program = tmp_path / "program.py"
    program.write_text(INDEX)
    process = subprocess.Popen(
        [sys.executable, program, "index", files, "-o", tmp_path / "files.ctx", "--no-dense"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while True:
        assert process.poll() is None
        children = psutil.Process(process.pid).children(recursive=True)
        workers = [child.pid for child in children if "spawn_main" in " ".join(child.cmdline())]
        if workers:
            return process, workers
        time.sleep(0.01)


@pytest.mark.parametrize("wait", [0.0, 1.0], ids=["while they begin", "while they work"])
def test_an_interrupted_group_says_one_line(files: Path, tmp_path: Path, wait: float) -> None:
    process, workers = _indexing(files, tmp_path)
    time.sleep(wait)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip() == "interrupted"
    assert gone(workers, 30)


def test_an_interruption_of_another_thread_waits_until_a_process_is_started() -> None:
    begun, steps = threading.Event(), []

    def interrupt() -> None:
        begun.wait()
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    def start() -> None:
        with without_interruption():
            begun.set()
            thread.join()
            time.sleep(0.01)  # Python looks for signals here
            steps.append("started")
        steps.append("went on")

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        start()
    assert steps == ["started"]


def test_none_outlives_a_process_that_was_killed(files: Path, tmp_path: Path) -> None:
    process, workers = _indexing(files, tmp_path)
    process.kill()
    process.wait()
    assert gone(workers, 30)
    process.communicate()


def test_a_process_that_dies_is_one_line_and_the_rest_is_kept(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "WORTH_A_POOL", 0)

    def kill_one(stage: str, done: int, total: int) -> None:
        if done == 100:
            workers = [c for c in psutil.Process().children() if "spawn_main" in " ".join(c.cmdline())]
            workers[0].kill()

    with pytest.raises(CtxpipeError, match="a process that prepared documents died"):
        index(files, tmp_path / "files.ctx", on_stage=kill_one, processes=2)
    assert Corpus.open(tmp_path / "files.ctx").documents
    assert index(files, tmp_path / "files.ctx", dense=False).documents == 600


def _where(folder: Path, number: int) -> tuple[int, int]:
    """Say where something is done, after three processes have begun something."""
    (folder / str(os.getpid())).touch()
    while len(list(folder.iterdir())) < 3:
        time.sleep(0.01)
    return number, os.getpid()


def _dies_elsewhere(home: int, number: int) -> tuple[int, int]:
    if os.getpid() != home:
        os._exit(1)
    return home, number


def test_helpers_give_results_in_order_and_end(tmp_path: Path) -> None:
    found = list(HelperProcesses(3).map(_where, tmp_path, range(9)))
    assert [number for number, _ in found] == list(range(9))
    assert found[0][1] == os.getpid()
    others = {pid for _, pid in found} - {os.getpid()}
    assert len(others) == 2
    assert gone(sorted(others), 30)


def test_what_a_helper_dies_of_is_done_here() -> None:
    home = os.getpid()
    assert list(HelperProcesses(2).map(_dies_elsewhere, home, range(3))) == [(home, number) for number in range(3)]


def _text_and_process(text: str) -> tuple[str, int]:
    return text, os.getpid()


def test_one_thing_is_done_beside_in_a_process_that_ends() -> None:
    with HelperProcesses(2).beside(_text_and_process, "text") as result:
        text, process = result()
    assert text == "text"
    assert process != os.getpid()
    assert gone([process], 30)


def test_what_cannot_be_sent_is_done_here() -> None:
    with HelperProcesses(2).beside(lambda text: (text, os.getpid()), "text") as result:
        assert result() == ("text", os.getpid())


def test_what_a_process_beside_dies_of_is_done_here() -> None:
    home = os.getpid()
    with HelperProcesses(2).beside(partial(_dies_elsewhere, home), 1) as result:
        assert result() == (home, 1)


def test_an_error_of_what_is_done_beside_is_raised() -> None:
    with HelperProcesses(2).beside(int, "many") as result, pytest.raises(ValueError, match="many"):
        result()


def test_the_process_beside_ends_with_the_context() -> None:
    before = {child.pid for child in psutil.Process().children()}
    with HelperProcesses(2).beside(time.sleep, 1000):
        begun = {child.pid for child in psutil.Process().children()} - before
    assert begun
    assert gone(sorted(begun), 30)
