"""``ctxpipe serve`` as users run it: what it prints, how it is stopped, what it refuses."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands_support import Command
from fake_vllm import write_vllm
from processes import alive, gone, pids_in

from ctxpipe.commands.serve.command import KEPT_LOGS, new_log

MODEL = ("--model", "llama-3.1-8b")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "vllm.log"


@contextmanager
def started(folder: Path, log: Path, *options: object, manner: str = "") -> Iterator[subprocess.Popen[str]]:
    vllm = write_vllm(folder)
    command = [sys.executable, "-m", "ctxpipe", "serve", *MODEL, "--port", "0", "--vllm", vllm, "--log", log, *options]
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"FAKE_VLLM": manner},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_it_with_all_its_processes(tmp_path: Path, log: Path, number: signal.Signals) -> None:
    with started(tmp_path, log) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        assert len(alive(pids_in(log))) == 2
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, ""), err
    assert alive(pids_in(log)) == []
    assert f"its log is {log}" in err
    assert "planned: meta-llama/Llama-3.1-8B-Instruct on 1 x h100-80gb" in err
    assert "answers at http://127.0.0.1:" in err
    assert err.endswith("stopped\n")


def test_its_own_death_stops_the_server(tmp_path: Path, log: Path) -> None:
    with started(tmp_path, log) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        family = pids_in(log)
        process.kill()
    assert gone(family)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_start_can_be_ended(tmp_path: Path, log: Path, number: signal.Signals, code: int) -> None:
    with started(tmp_path, log, manner="hangs") as process:
        assert process.stderr is not None
        while "loading the model" not in process.stderr.readline():
            assert process.poll() is None
        os.killpg(process.pid, number)
        process.communicate(timeout=60)
    assert process.returncode == code
    assert alive(pids_in(log)) == []


def test_a_server_that_ends_by_itself_is_a_failure(tmp_path: Path, log: Path) -> None:
    with started(tmp_path, log, "--quiet", manner="dies") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out.startswith("http://")
    assert err.startswith("error: the server ended by itself: the GPU has too little memory")
    assert err.count("\n") == 1


def test_a_failed_start_is_one_line(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
    monkeypatch.setenv("FAKE_VLLM", "tight")
    options = ("--port", 0, "--vllm", write_vllm(tmp_path), "--log", log, "--max-model-len", 8192)
    done = run("serve", *MODEL, *options, "--quiet")
    assert (done.code, done.out) == (1, "")
    assert "vLLM says that 2896 tokens do" in done.err
    assert done.err.count("\n") == 1


def test_a_dry_run_prints_the_command_and_no_secret(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTXPIPE_API_KEY", "hunter2")
    done = run("serve", "--gpus", 4, "--kv-dtype", "fp8", "--dry-run", "--", "--max-num-seqs", 4)
    assert done.code == 0, done.err
    assert "serve RedHatAI/Llama-4-Scout-17B-16E-Instruct-quantized.w4a16 --host 127.0.0.1 --port 8000" in done.out
    assert "--tensor-parallel-size 4 --max-model-len auto --kv-cache-dtype fp8" in done.out
    assert done.out.endswith("--max-num-seqs 4\n")
    assert 'VLLM_API_KEY="$CTXPIPE_API_KEY"' in done.out
    assert "hunter2" not in done.out + done.err


def test_the_planned_window_is_asked_for_by_name(run: Command) -> None:
    planned = run("plan", "--gpus", 2, "--json").out
    done = run("serve", "--gpus", 2, "--max-model-len", "plan", "--dry-run")
    window = done.out.partition("--max-model-len ")[2].split()[0]
    assert f'"max_context_tokens": {window}' in planned
    done = run("serve", "--gpus", 2, "--max-model-len", 5_000_000, "--dry-run")
    assert "fewer than the 5,000,000 asked for" in done.err
    assert "--max-model-len 5000000" in done.out


@pytest.mark.parametrize(
    ("kind", "told"), [("ray", "--distributed-executor-backend ray"), ("systemd", "ExecStart=/opt/vllm serve")]
)
def test_recipes(run: Command, kind: str, told: str) -> None:
    done = run("serve", "--gpus", 8, "--vllm", "/opt/vllm", "--dry-run", kind)
    assert done.code == 0, done.err
    assert told in done.out


def test_recipes_work_as_the_docs_print_them(
    run: Command, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # neither there nor beside the interpreter is a vllm
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    docs = (repository / "docs" / "serving.md").read_text(encoding="utf-8")
    printed = re.findall(r"^\$ ctxpipe (serve .*--dry-run.*)$", docs, re.MULTILINE)
    assert len(printed) == 2
    for line in printed:
        words = shlex.split(line.partition(" > ")[0])
        done = run(*words)
        assert done.code == 0, done.err
        kind = words[words.index("--dry-run") + 1]
        if kind == "systemd":
            assert "ExecStart=/opt/vllm/bin/vllm serve" in done.out
            assert "note" not in done.out
            assert "vllm is not on this machine, so the unit names /opt/vllm/bin/vllm" in done.err
        else:
            assert done.out.count("--num-gpus=1") == 2
            checked = subprocess.run(["bash", "-n"], input=done.out, text=True, capture_output=True, check=False)
            assert (checked.returncode, checked.stderr) == (0, "")


def test_cpu_names_the_embedded_model_and_an_environment_of_its_own(
    run: Command, smollm2_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)
    done = run("serve", "--cpu", "--dry-run")
    assert done.code == 0, done.err
    assert f"-m vllm.entrypoints.cli.main serve {smollm2_dir} " in done.out
    assert "HF_HUB_OFFLINE=1" in done.out
    assert "VLLM_CPU_KVCACHE_SPACE=2" in done.out
    assert "--served-model-name smollm2-135m --enforce-eager" in done.out
    done = run("serve", "--cpu", "--dry-run", "--", "--kv-cache-memory-bytes", "64M")
    assert "VLLM_CPU_KVCACHE_SPACE" not in done.out


def test_cpu_serves_in_the_type_that_the_processor_is_quick_in(
    run: Command, smollm2_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("serve", "--cpu", "--dry-run")
    monkeypatch.setattr("ctxpipe.models.precision.quick_dtype", lambda device: {"cpu": "float32"}[device])
    assert " --enforce-eager --dtype float32" in run(*asked).out
    assert "float32" not in run(*asked, "--model", smollm2_dir).out
    assert run(*asked, "--", "--dtype=bfloat16").out.count("--dtype") == 1
    monkeypatch.setattr("ctxpipe.models.precision.quick_dtype", lambda device: {"cpu": "bfloat16"}[device])
    assert "--dtype" not in run(*asked).out


def test_listening_wider_without_a_key_is_warned_about(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("serve", *MODEL, "--host", "0.0.0.0", "--dry-run", "--quiet")
    assert "warning: 0.0.0.0 is reachable from other machines and no key is set" in done.err
    monkeypatch.setenv("CTXPIPE_API_KEY", "x")
    assert run("serve", *MODEL, "--host", "0.0.0.0", "--dry-run", "--quiet").err == ""
    monkeypatch.delenv("CTXPIPE_API_KEY")
    assert run("serve", *MODEL, "--dry-run", "--quiet").err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--cpu", "--gpus", 2), 2, "--gpus and --cpu exclude each other"),
        (("--cpu", "--max-model-len", "plan"), 2, "needs a GPU"),
        (("--cpu", "--model", "./no/such/folder"), 1, "is neither a folder"),
        (("--max-model-len", "lots", "--dry-run"), 2, "takes a number, auto or plan"),
        (("--gpus", 0, "--dry-run"), 2, "GPU"),
        (("--model", "scuot", "--dry-run"), 2, "did you mean scout"),
        (("--gpu", "h100-80", "--dry-run"), 2, "h100-80gb"),
        (("--gpus", 1, "--gpu", "24GiB", "--dry-run"), 2, "does not fit on 1 x"),
        (("--nodes", 2), 2, "--nodes needs --dry-run ray"),
        (("--gpus", 2, "--dry-run", "ray", "--nodes", 3), 2, "cannot be shared"),
        (("--dry-run", "slurm"), 2, "slurm"),
        (("--cpu", "--dry-run", "ray"), 2, "--cpu serves on one machine"),
        (("--dry-run", "systemd", "--vllm", "no/vllm"), 2, "whole path"),
        (("--start-timeout", 0), 2, "above 0"),
        (("--dry-run", "--", "--api-key", "hunter2"), 2, "CTXPIPE_API_KEY"),
        (("--vllm", "/no/vllm"), 1, "/no/vllm is not an executable program"),
    ],
)
def test_bad_requests(run: Command, arguments: tuple[object, ...], code: int, told: str) -> None:
    done = run("serve", *arguments)
    assert done.code == code, done.err
    assert told in done.err
    assert "hunter2" not in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("options", "told"),
    [(("--cpu",), "--cpu needs --serve"), (("--serve", "--target", "local"), "--serve and --target exclude")],
)
def test_queries_that_cannot_serve(run: Command, options: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = run("query", tmp_path, "-q", "why?", *options)
    assert done.code == 2
    assert told in done.err


def test_a_query_that_fails_stops_the_server_that_it_started(
    run: Command, smollm2_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_vllm(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CTXPIPE_MODELS", str(smollm2_dir.parent))
    monkeypatch.setenv("CTXPIPE_CACHE", str(tmp_path / "cache"))
    note = tmp_path / "note.txt"
    note.write_text("Tea was served at five.")
    asked = ("-q", "When?", "--serve", *MODEL, "--rank", "bm25", "--timeout", 5)
    done = run("query", note, *asked)  # the stand-in answers no question
    assert done.code == 1, done.err
    assert "answers, window 8,192 tokens" in done.err
    assert done.err.splitlines()[-1].startswith("error: ")
    (log,) = (tmp_path / "cache" / "logs").glob("*.log")
    assert alive(pids_in(log)) == []
    done = run("query", tmp_path / "missing.txt", *asked)
    assert done.code == 1
    assert "missing.txt" in done.err
    assert "starting" not in done.err


def test_old_logs_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTXPIPE_CACHE", str(tmp_path))
    (tmp_path / "logs").mkdir()
    for number in range(30):
        (tmp_path / "logs" / f"vllm-20250101-0000{number:02}-1.log").touch()
    new = new_log()
    new.touch()
    kept = sorted(path.name for path in new.parent.iterdir())
    assert len(kept) == KEPT_LOGS
    assert (kept[0], kept[-1]) == ("vllm-20250101-000011-1.log", new.name)


@pytest.mark.parametrize("arguments", [("scout",), ("--cpu", "--", "scout", "--max-num-seqs", 4)])
def test_a_model_without_its_option_is_told_how_it_is_named(run: Command, arguments: tuple[object, ...]) -> None:
    done = run("serve", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "a model is named with --model scout" in done.err
    assert done.err.count("\n") == 1
