from __future__ import annotations

from pathlib import Path

import pytest
from vllm_support import Served, needs_avx512

from ctxpipe.cli import main
from ctxpipe.evals.runs.arms import parse_arms
from ctxpipe.evals.runs.records import load_records
from ctxpipe.evals.runs.runner import RunPlan, run
from ctxpipe.evals.targets.generation import Generator
from ctxpipe.evals.targets.likelihood import LocalTarget
from ctxpipe.evals.targets.server_likelihood import ServerTarget
from ctxpipe.models.precision import quick_dtype
from ctxpipe.serving.engines import connect

pytestmark = needs_avx512
ARMS = "raw,raw2,closed,default,random"


def test_all_three_layers_through_a_server(server: Served, tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = ["facts", "--limit", "4", "--lengths", "400", "--arms", ARMS, "--rates", "0.3", "--quiet"]
    arguments += ["--layers", "1,2,3", "--answer-tokens", "12", "--target", server.url, "--out", str(out)]
    assert main(["eval", "run", *arguments]) == 0
    records = load_records(out / "records.jsonl").records
    assert len(records) == 4 * 5
    assert {record.status for record in records} == {"ok"}
    assert all({"survival", "nll", "answer"} & record.scores.keys() >= {"nll", "answer"} for record in records)
    assert all(record.prompt_tokens and record.timings["first_token"] > 0 for record in records)
    assert main(["eval", "report", str(out), "--html", str(tmp_path / "page.html")]) == 0
    assert "Generated answers" in (tmp_path / "page.html").read_text()


def test_a_server_finds_answers_as_likely_as_the_model_here(server: Served, smollm2_dir: Path, tmp_path: Path) -> None:
    plan = RunPlan(
        suites=("facts", "needle"),
        arms=tuple(parse_arms(["raw", "closed"])),
        out=tmp_path / "local",
        limit=4,
        lengths=(300,),
        layers=(2,),
    )
    run(plan, LocalTarget(dtype=quick_dtype("cpu")))
    there = RunPlan(**{name: getattr(plan, name) for name in plan.__slots__} | {"out": tmp_path / "server"})
    run(there, ServerTarget(server.url))
    found = [
        {(one.id, one.arm): one.scores["nll"] for one in load_records(folder / "records.jsonl").records}
        for folder in (plan.out, there.out)
    ]
    assert found[0].keys() == found[1].keys()
    # Two implementations in bfloat16 differ by hundredths of a nat; another prompt or answer would by much more.
    assert found[1] == pytest.approx(found[0], rel=0.05, abs=0.1)


def test_what_does_not_fit_the_servers_window_is_truncated(server: Served, tmp_path: Path) -> None:
    plan = RunPlan(
        suites=("needle",),
        arms=tuple(parse_arms(["raw", "default@500"])),
        out=tmp_path / "run",
        limit=1,
        lengths=(9000,),
        layers=(2, 3),
    )
    run(plan, ServerTarget(server.url), Generator(connect(server.url), max_tokens=8))
    status = {record.arm: record.status for record in load_records(tmp_path / "run" / "records.jsonl").records}
    assert status == {"raw": "truncated", "default@500": "ok"}
