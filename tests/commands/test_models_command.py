from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from terminal_support import seen

from ctxpipe.commands.models import models
from ctxpipe.errors import ModelError, UnknownNameError
from ctxpipe.models.catalogue import EMBEDDED


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CTXPIPE_CACHE", str(tmp_path))
    monkeypatch.delenv("CTXPIPE_MODELS", raising=False)
    return tmp_path


def run(*arguments: str):
    return CliRunner().invoke(models, list(arguments), catch_exceptions=False, standalone_mode=False)


def test_list_names_each_model_with_its_licence_and_state(empty_cache):
    lines = run("list").stdout.splitlines()
    assert lines[0].split() == ["NAME", "SIZE", "LICENCE", "PURPOSE", "STATE"]
    assert [line.split()[0] for line in lines[1:]] == list(EMBEDDED)
    for line, model in zip(lines[1:], EMBEDDED.values(), strict=True):
        assert f" {model.licence} " in line
        assert "to be fetched" in line


def test_list_json_tells_what_the_table_tells(empty_cache):
    rows = json.loads(run("list", "--json").stdout)
    assert {row["name"] for row in rows} == set(EMBEDDED)
    assert all(row["ready"] is False and row["path"] is None and row["fault"] is None for row in rows)


def test_list_shows_where_a_model_is(minilm_dir):
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert rows["minilm-l6"]["path"] == str(minilm_dir)
    assert str(minilm_dir) in run("list").stdout


def test_list_shows_a_folder_that_is_not_complete(tmp_path, monkeypatch):
    (tmp_path / "minilm-l6").mkdir()
    monkeypatch.setenv("CTXPIPE_MODELS", str(tmp_path))
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert "config.json is missing" in rows["minilm-l6"]["fault"]
    assert rows["minilm-l6"]["ready"] is False


def test_sizes_are_those_of_the_files(smollm2_dir, minilm_dir):
    for folder in (smollm2_dir, minilm_dir):
        size = sum(path.stat().st_size for path in folder.iterdir())
        assert EMBEDDED[folder.name].ready_size == pytest.approx(size, rel=0.02)


def test_path_prints_the_folder(minilm_dir):
    assert run("path", "minilm-l6").stdout == f"{minilm_dir}\n"


def test_path_of_a_model_that_is_not_here_says_how_to_get_it(empty_cache):
    with pytest.raises(ModelError, match="ctxpipe models pull minilm-l6"):
        run("path", "minilm-l6")


@pytest.mark.parametrize("arguments", [("pull", "minilm"), ("path", "minilm"), ("pull", "minilm-l6", "nope")])
def test_an_unknown_name_is_refused_before_anything_is_done(empty_cache, arguments):
    with pytest.raises(UnknownNameError):
        run(*arguments)
    assert list(empty_cache.iterdir()) == []


def test_pull_of_a_ready_model_says_where_it_is(minilm_dir):
    result = run("pull", "minilm-l6", "minilm-l6")
    assert result.stdout == ""
    assert result.stderr == f"minilm-l6 is ready in {minilm_dir}\n"


@pytest.mark.parametrize("command", [(), ("list",), ("pull",), ("path",)])
def test_every_help_has_an_example(command):
    text = run(*command, "--help").output
    assert "Example" in text
    assert "ctxpipe models" in text.split("Example")[1]


def test_a_terminal_sees_a_bar_on_standard_error_only(empty_cache):
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    script = Path(__file__).parents[1] / "tiny_model.py"
    code = f"import runpy, sys; runpy.run_path({str(script)!r}, run_name='tiny')"
    assert subprocess.run([sys.executable, "-c", code], check=True)
    wheels = empty_cache / "wheels"
    wheels.mkdir()
    make = (
        f"from pathlib import Path; import runpy; runpy.run_path({str(script)!r})['write_wheel'](Path({str(wheels)!r}))"
    )
    subprocess.run([sys.executable, "-c", make], check=True)
    environment = os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [sys.executable, str(script), "models", "pull"],
        stdout=subprocess.PIPE,
        stderr=follower,
        env=environment,
        text=True,
    ) as process:
        os.close(follower)
        shown = seen(leader)
        out, _ = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, "")
    assert "tiny-1m: downloading" in shown
    assert "tiny-1m is ready in" in shown
