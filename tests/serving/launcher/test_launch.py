"""The command line that is built, and what it refuses."""

from __future__ import annotations

import getpass
import itertools
import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.serving.launcher.launch import PRIVATE, Launch, from_plan
from ctxpipe.serving.launcher.recipes import RECIPES, recipe
from ctxpipe.serving.planner.plan import plan

WORDS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1, max_size=20)


def launch(**options: object) -> Launch:
    return Launch(program=("/opt/vllm/bin/vllm",), model="org/model", **options)  # type: ignore[arg-type]


def test_the_plan_decides_the_command() -> None:
    made = plan("scout", gpus=4, kv_dtype="fp8", language_only=True)
    planned = launch_of_plan(planned_length=True)
    length = str(made.row(4).max_context_tokens)
    assert planned[:2] == ("vllm", "serve")
    for pair in (
        ("--tensor-parallel-size", "4"),
        ("--max-model-len", length),
        ("--kv-cache-dtype", "fp8"),
        ("--gpu-memory-utilization", "0.92"),
        ("--host", "127.0.0.1"),
    ):
        assert pair in itertools.pairwise(planned)
    assert "--language-model-only" in planned
    measured = launch_of_plan(planned_length=False)
    assert ("--max-model-len", "auto") in itertools.pairwise(measured)


def launch_of_plan(*, planned_length: bool) -> tuple[str, ...]:
    made = plan("scout", gpus=4, kv_dtype="fp8", language_only=True)
    return Launch(program=("vllm",), **from_plan(made, 4, planned_length=planned_length)).arguments  # type: ignore[arg-type]


def test_what_does_not_fit_is_not_started() -> None:
    with pytest.raises(UsageError, match="does not fit on 1 x"):
        from_plan(plan("scout", gpus=1, gpu="24GiB"), 1)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--api-key=hunter2", "CTXPIPE_API_KEY"),
        ("--api_key", "CTXPIPE_API_KEY"),
        ("--hf-token", "HF_TOKEN"),
        ("--port", "before --"),
        ("--served_model_name=x", "before --"),
        ("--uds=/tmp/s", "not listen"),
    ],
)
def test_options_that_vllm_shall_not_be_given(option: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        launch(extra=(option,))
    assert "hunter2" not in str(caught.value)


def test_values_that_make_no_sense() -> None:
    with pytest.raises(UsageError, match="the window must be at least 1 token, not 0"):
        launch(max_model_len=0)
    with pytest.raises(UsageError, match="host to listen on is empty"):
        launch(host="")


@pytest.mark.parametrize(
    ("host", "url", "is_open"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000", False),
        ("127.8.9.1", "http://127.8.9.1:8000", False),
        ("localhost", "http://localhost:8000", False),
        ("::1", "http://[::1]:8000", False),
        ("0.0.0.0", "http://127.0.0.1:8000", True),
        ("::", "http://[::1]:8000", True),
        ("192.0.2.7", "http://192.0.2.7:8000", True),
        ("gpu.example.org", "http://gpu.example.org:8000", True),
    ],
)
def test_addresses(host: str, url: str, is_open: bool) -> None:
    assert (launch(host=host).url, launch(host=host).is_open) == (url, is_open)


def test_a_certificate_makes_the_address_https() -> None:
    assert launch(extra=("--ssl-certfile", "c.pem")).url == "https://127.0.0.1:8000"


@given(model=WORDS, extra=st.lists(WORDS.filter(lambda word: not word.startswith("-"))))
def test_a_shell_reads_the_command_back(model: str, extra: list[str]) -> None:
    made = Launch(program=("vllm",), model=model, extra=tuple(extra))
    words = shlex.split(recipe("command", made))
    assert words[: len(PRIVATE)] == [f"{name}={value}" for name, value in PRIVATE.items()]
    assert tuple(words[len(PRIVATE) :]) == made.arguments


@pytest.mark.parametrize("kind", RECIPES)
def test_recipes_name_the_key_and_do_not_hold_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTXPIPE_API_KEY", "hunter2")
    text = recipe(kind, launch(tensor_parallel=8), nodes=2 if kind == "ray" else 1, key="CTXPIPE_API_KEY")
    assert "hunter2" not in text
    assert "VLLM_API_KEY=" in text
    assert "--api-key" not in text


def test_a_ray_cluster_keeps_tensor_parallelism_within_machines() -> None:
    text = recipe("ray", launch(tensor_parallel=8), nodes=4)
    assert "--tensor-parallel-size 2 --pipeline-parallel-size 4" in text
    assert "--distributed-executor-backend ray" in text
    assert text.count("--num-gpus=2") == 2
    checked = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    text = recipe("ray", launch(tensor_parallel=8, pipeline_parallel=2), nodes=2)
    assert "--tensor-parallel-size 8 --pipeline-parallel-size 2" in text


def stand_in(folder: Path, name: str, log: Path) -> None:
    program = folder / name
    program.write_text(f'#!/bin/sh\necho {name} "$@" "VLLM_HOST_IP=$VLLM_HOST_IP" >> {shlex.quote(str(log))}\n')
    program.chmod(0o755)


def test_the_commands_for_a_cluster_run_as_they_are(tmp_path: Path) -> None:
    """Machine by machine, as a shell reads them, with programs that only note how they are called."""
    log = tmp_path / "log"
    for name in ("ray", "vllm"):
        stand_in(tmp_path, name, log)
    made = Launch(program=("vllm",), model="org/model", tensor_parallel=4)
    subprocess.run(
        ["bash", "-eu"],
        input=recipe("ray", made, nodes=2),
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )
    head, worker, status, server, stop = log.read_text().splitlines()
    assert head == "ray start --head --node-ip-address=192.0.2.1 --port=6379 --num-gpus=2 VLLM_HOST_IP=192.0.2.1"
    assert (
        worker == "ray start --address=192.0.2.1:6379 --node-ip-address=192.0.2.2 --num-gpus=2 VLLM_HOST_IP=192.0.2.2"
    )
    assert status.startswith("ray status")
    assert server.startswith("vllm serve org/model --host 127.0.0.1 --port 8000 --tensor-parallel-size 2 ")
    assert stop.startswith("ray stop")


@pytest.mark.parametrize(("nodes", "told"), [(1, "at least 2"), (3, "cannot be shared"), (0, "at least 2")])
def test_clusters_that_cannot_be(nodes: int, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        recipe("ray", launch(tensor_parallel=8), nodes=nodes)


def complaints(unit: str, folder: Path) -> list[str]:
    """What systemd says of a unit."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    file = folder / "vllm-of-a-test.service"
    file.write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)], capture_output=True, text=True, check=False
    )
    return [line for line in done.stderr.splitlines() if "vllm-of-a-test" in line]


def test_a_unit_that_systemd_accepts(tmp_path: Path) -> None:
    program = tmp_path / "my vllm"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    made = replace(launch(extra=("--x", 'a "b" $HOME 100%')), program=(str(program),))
    unit = recipe("systemd", made)
    assert '"a \\"b\\" $$HOME 100%%"' in unit
    assert "DynamicUser=yes" in unit
    assert complaints(unit, tmp_path) == []
    assert complaints(unit.replace("Type=exec", "Type=exce"), tmp_path) != []


@pytest.mark.parametrize("what", ["program", "model"])
def test_a_unit_runs_as_the_user_whose_home_it_reads(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    program = tmp_path / "vllm"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    inside = {"program": replace(launch(), program=(str(program),)), "model": replace(launch(), model=str(tmp_path))}
    unit = recipe("systemd", inside[what])
    assert f"User={getpass.getuser()}\n" in unit
    assert "DynamicUser" not in unit
    if what == "program":
        assert complaints(unit, tmp_path) == []


def test_recipes_that_there_are_not() -> None:
    with pytest.raises(UnknownNameError, match="did you mean systemd"):
        recipe("systemdd", launch())
    with pytest.raises(UsageError, match="--nodes needs --dry-run ray"):
        recipe("systemd", launch(), nodes=2)
    with pytest.raises(UsageError, match="whole path"):
        recipe("systemd", replace(launch(), program=("vllm",)))
