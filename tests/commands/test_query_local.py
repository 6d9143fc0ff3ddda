"""``ctxpipe query`` with the local model."""

from __future__ import annotations

from pathlib import Path

from commands_support import QUESTION, Command, assert_times_add_up


def test_the_local_model_answers_with_citations_and_a_table(run: Command, report: Path) -> None:
    small = ["--model", "smollm2-135m", "--max-tokens", 24]
    done = run("query", report, "-q", QUESTION, "--budget", 200, *small)
    assert done.code == 0, done.err
    assert done.out.strip()
    assert [line.split()[0] for line in done.err.splitlines()[-5:]] == ["kept", "prompt", "answer", "method", "time"]
    done = run("query", report, "-q", QUESTION, "--budget", 200, *small, "--verbose")
    for line in ("source tokens", "window used", "raw prompt", "prompt tokens", "time: asking"):
        assert line in done.err
    assert_times_add_up(done.err)
