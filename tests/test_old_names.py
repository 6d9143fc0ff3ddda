"""Names of the last release work, and a note says what to write instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from http_support import servers

from ctxpipe import Document, Pipeline, compress, query
from ctxpipe.cli import main
from ctxpipe.compress.prune.hosted.server import ScorerServer
from ctxpipe.config import load
from ctxpipe.errors import RejectedError, UsageError
from ctxpipe.old_names import OldNameWarning
from ctxpipe.serving import Memory, Parallelism, plan
from ctxpipe.serving.fake import FakeEngine

DAMAGED = b"Tea was served \xff at five. " * 20


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "damaged.txt"
    path.write_bytes(DAMAGED + bytes(range(1, 250)))
    return path


def test_old_keywords_do_what_the_new_ones_do(damaged: Path) -> None:
    with pytest.warns(OldNameWarning, match=r"errors= is now decode_errors=; the old name works in this release only"):
        pipeline = Pipeline(rank="none", errors="replace")  # type: ignore[call-arg]
    assert pipeline.compress(damaged, rate=0.5).kept_tokens > 0
    with pytest.warns(OldNameWarning, match="scorer= is now prune_model="), pytest.raises(UsageError, match="no model"):
        compress(Document(text="Tea."), rate=0.5, prune="none", scorer="smollm2-135m")
    with pytest.warns(OldNameWarning, match="scorer_url= is now prune_url="), pytest.raises(UsageError, match="nonse"):
        Pipeline(prune="surprisal", scorer_url="nonsense")  # type: ignore[call-arg]


def test_keywords_that_were_grouped_work_one_by_one() -> None:
    with pytest.warns(OldNameWarning) as caught:
        pipeline = Pipeline(target="fake", window=50, timeout=2.0, keep="Tea", force_tokens=["five"])  # type: ignore[call-arg]
    assert [str(one.message).partition(";")[0] for one in caught] == [
        "window= is now target=Target(window=...)",
        "timeout= is now target=Target(timeout=...)",
        "force_tokens= is now keep=Keep(force_tokens=...)",
    ]
    assert pipeline.engine.window == 50
    with pytest.warns(OldNameWarning, match="engine= is now target="):
        assert Pipeline(engine=FakeEngine("yes", window=70)).engine.window == 70  # type: ignore[call-arg]
    with pytest.warns(OldNameWarning, match="force_tokens= is now keep="):
        kept = compress(Document(text="Tea was served at five. " * 9), budget=7, prune="random", force_tokens="five")
    assert "five" in kept.text


def test_a_plan_takes_what_was_grouped() -> None:
    new = plan("scout", parallelism=Parallelism(tensor=2, pipeline=3), memory=Memory(hybrid=False, overhead_gib=6))
    with pytest.warns(OldNameWarning) as caught:
        old = plan("scout", tp=2, pp=3, hybrid=False, overhead_gib=6, utilisation=None)  # type: ignore[call-arg]
    assert old == new
    assert {str(one.message).partition(";")[0] for one in caught} >= {
        "tp= is now parallelism=Parallelism(tensor=...)",
        "overhead_gib= is now memory=Memory(overhead_gib=...)",
    }


@pytest.mark.parametrize(
    "use",
    [
        lambda: Pipeline(errors="replace", window=9),
        lambda: compress(Document(text="Tea."), rate=0.5, errors="replace", timeout=1.0),
        lambda: query(Document(text="Tea."), question="Tea?", errors="replace", engine=FakeEngine()),
        lambda: plan("scout", tp=2, hybrid=False),
    ],
)
def test_a_warning_names_the_line_that_used_the_old_name(use: Callable[[], object]) -> None:
    with pytest.warns(OldNameWarning) as caught:
        use()
    assert [one.filename for one in caught] == [__file__] * 2


def test_an_old_name_beside_the_new_one_is_refused() -> None:
    with pytest.raises(UsageError, match="errors= is the old name of decode_errors=, which is given too"):
        Pipeline(errors="strict", decode_errors="replace")  # type: ignore[call-arg]


def test_old_settings_work_in_files_and_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "ctxpipe.toml").write_text('scorer = "a"\nerrors = "replace"\n', encoding="utf-8")
    with pytest.warns(OldNameWarning) as caught:
        config = load(directory=tmp_path, environ={"CTXPIPE_SCORER_URL": "http://127.0.0.1:9"})
    assert (config.prune_model, config.decode_errors, config.prune_url) == ("a", "replace", "http://127.0.0.1:9")
    assert config.origins["prune_url"] == "CTXPIPE_SCORER_URL"
    assert sorted(str(one.message).partition(";")[0] for one in caught) == [
        "CTXPIPE_SCORER_URL is now CTXPIPE_PRUNE_URL",
        "errors is now decode_errors",
        "scorer is now prune_model",
    ]


@pytest.mark.parametrize("order", [("scorer", "prune_model"), ("prune_model", "scorer")])
def test_the_new_setting_counts_where_both_are_given(tmp_path: Path, order: tuple[str, str]) -> None:
    values = {"scorer": "old", "prune_model": "new"}
    (tmp_path / "ctxpipe.toml").write_text("".join(f'{key} = "{values[key]}"\n' for key in order), encoding="utf-8")
    environ = {f"CTXPIPE_{key.upper()}": values[key] for key in order}
    with pytest.warns(OldNameWarning):
        assert load(directory=tmp_path, environ={}).prune_model == "new"
    with pytest.warns(OldNameWarning):
        assert load(directory=tmp_path / "none", environ=environ).prune_model == "new"


def test_old_options_work_and_are_noted_once(
    damaged: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(damaged.parent)
    assert main(["compress", str(damaged), "--rank", "none", "--rate", "0.5", "--errors", "replace", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.out
    assert captured.err == "note: --errors is now --decode-errors; the old name works in this release only\n"
    assert main(["compress", str(damaged), "--rate", "0.5", "--prune", "none", "--scorer", "x/y"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "note: --scorer is now --prune-model; the old name works in this release only"
    assert "--prune-model has no effect" in told[1]
    (damaged.parent / "ctxpipe.toml").write_text('errors = "replace"\n', encoding="utf-8")
    assert main(["config", "show", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "note: errors is now decode_errors; the old name works in this release only\n"
    assert json.loads(captured.out)["decode_errors"] == {"value": "replace", "origin": "ctxpipe.toml"}


@pytest.mark.parametrize("command", ["compress", "query", "plan"])
def test_help_lists_new_names_alone(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    told = capsys.readouterr().out.split()
    assert "--decode-errors" in told
    assert not {"--errors", "--scorer", "--scorer-url"} & set(told)


def test_the_scoring_server_s_key_is_found_under_its_old_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTXPIPE_SCORER_API_KEY", "sk-old-0123")
    with servers(models=lambda x: x.error(401, "who are you")) as start:
        server = start()
        with pytest.warns(OldNameWarning, match="CTXPIPE_SCORER_API_KEY is now CTXPIPE_PRUNE_API_KEY"):
            asked = ScorerServer(server.url)
        with pytest.raises(RejectedError, match="401"):
            _ = asked.served
        assert [headers["authorization"] for _, headers, _ in server.seen] == ["Bearer sk-old-0123"]
        monkeypatch.setenv("CTXPIPE_PRUNE_API_KEY", "sk-new-4567")
        with pytest.raises(RejectedError, match="401"):
            _ = ScorerServer(server.url).served
        assert server.seen[-1][1]["authorization"] == "Bearer sk-new-4567"
