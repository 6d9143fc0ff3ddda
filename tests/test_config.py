"""Settings: which layer wins, where each value came from, and what is refused."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.cli import main
from ctxpipe.config import OTHER_VARIABLES, SETTINGS, load
from ctxpipe.errors import UsageError

CODE = ("compress", "ctxpipe", "evals", "pipeline", "serving")


def own(folder: Path, text: str) -> None:
    (folder / "ctxpipe.toml").write_text(text, encoding="utf-8")


def project(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def test_defaults_say_that_they_are_defaults(tmp_path: Path) -> None:
    config = load(directory=tmp_path, environ={})
    assert config.origins == dict.fromkeys(SETTINGS, "default")
    assert (config.target, config.decode_errors, config.budget) == ("local", "strict", None)


def test_each_layer_overrides_the_one_before(tmp_path: Path) -> None:
    own(tmp_path, 'rank = "bm25"\nprune = "none"\nmax_tokens = 64\n')
    environ = {"CTXPIPE_PRUNE": "surprisal", "CTXPIPE_MAX_TOKENS": "128", "CTXPIPE_MODEL": ""}
    config = load({"max_tokens": 256, "model": None, "show": True}, directory=tmp_path, environ=environ)
    assert (config.rank, config.prune, config.max_tokens, config.model) == ("bm25", "surprisal", 256, None)
    assert config.origins["rank"] == "ctxpipe.toml"
    assert config.origins["prune"] == "CTXPIPE_PRUNE"
    assert config.origins["max_tokens"] == "--max-tokens"
    assert config.origins["model"] == "default"


def test_true_and_false(tmp_path: Path) -> None:
    own(tmp_path, "all_files = true\n")
    assert load({"all_files": None}, directory=tmp_path, environ={}).all_files is True
    assert load(directory=tmp_path, environ={"CTXPIPE_ALL_FILES": "no"}).all_files is False
    assert load({"all_files": True}, directory=tmp_path, environ={"CTXPIPE_ALL_FILES": "0"}).all_files is True


def test_a_section_of_pyproject_counts(tmp_path: Path) -> None:
    project(tmp_path, '[project]\nname = "x"\n[tool.ctxpipe]\ntimeout = 30\ndecode_errors = "replace"\n')
    config = load(directory=tmp_path, environ={})
    assert (config.timeout, type(config.timeout), config.decode_errors) == (30.0, float, "replace")
    assert config.origins["timeout"] == "pyproject.toml"


def test_a_pyproject_without_a_section_does_not_matter(tmp_path: Path) -> None:
    project(tmp_path, '[project]\nname = "x"\n')
    own(tmp_path, "window = 8192\n")
    assert load(directory=tmp_path, environ={}).window == 8192


@pytest.mark.parametrize(
    ("file", "environ", "flags", "left"),
    [
        ("budget = 100", {}, {"rate": 0.5}, (None, 0.5)),
        ("rate = 0.5", {}, {"budget": 100}, (100, None)),
        ("rate = 0.5", {"CTXPIPE_BUDGET": "100"}, {}, (100, None)),
        ("budget = 7", {"CTXPIPE_RATE": "0.5"}, {"budget": 100}, (100, None)),
    ],
)
def test_a_later_rate_unsets_a_budget_and_the_other_way_round(
    tmp_path: Path, file: str, environ: dict[str, str], flags: dict[str, object], left: tuple[object, object]
) -> None:
    own(tmp_path, file)
    config = load(flags, directory=tmp_path, environ=environ)
    assert (config.budget, config.rate) == left
    assert "default" in {config.origins["budget"], config.origins["rate"]}


@pytest.mark.parametrize(
    ("file", "environ", "flags", "message"),
    [
        ("budget = 1\nrate = 0.5", {}, {}, "ctxpipe.toml: budget and ctxpipe.toml: rate exclude each other"),
        ("", {"CTXPIPE_BUDGET": "1", "CTXPIPE_RATE": "1"}, {}, "CTXPIPE_BUDGET and CTXPIPE_RATE exclude each other"),
        ("", {}, {"budget": 1, "rate": 1.0}, "--budget and --rate exclude each other"),
        ("budgt = 1", {}, {}, "unknown setting in ctxpipe.toml, 'budgt'; did you mean budget?"),
        ("origins = {}", {}, {}, "unknown setting in ctxpipe.toml, 'origins'"),
        ("[compress]\nbudget = 1", {}, {}, "unknown setting in ctxpipe.toml, 'compress'"),
        ('budget = "many"', {}, {}, "ctxpipe.toml: budget must be a whole number, not str"),
        ("budget = true", {}, {}, "ctxpipe.toml: budget must be a whole number, not bool"),
        ("budget = 1.0", {}, {}, "ctxpipe.toml: budget must be a whole number, not float"),
        ("rate = false", {}, {}, "ctxpipe.toml: rate must be a number, not bool"),
        ("rank = 1", {}, {}, "ctxpipe.toml: rank must be text, not int"),
        ('decode_errors = "ignore"', {}, {}, "ctxpipe.toml: decode_errors must be strict or replace, not 'ignore'"),
        ("decode_errors = []", {}, {}, "ctxpipe.toml: decode_errors must be strict or replace, not []"),
        ("budget = ", {}, {}, "ctxpipe.toml is not TOML: Invalid value (at end of document)"),
        (f"budget = {'9' * 5000}", {}, {}, "ctxpipe.toml is not TOML: "),
        (f"budget = {'[' * 100_000}", {}, {}, "ctxpipe.toml is not TOML: "),
        ("", {"CTXPIPE_BUDGET": "many"}, {}, "CTXPIPE_BUDGET must be a whole number, not 'many'"),
        ("", {"CTXPIPE_RATE": "1,5"}, {}, "CTXPIPE_RATE must be a number, not '1,5'"),
        ("all_files = 1", {}, {}, "ctxpipe.toml: all_files must be true or false, not int"),
        ("", {"CTXPIPE_ALL_FILES": "maybe"}, {}, "CTXPIPE_ALL_FILES must be true or false, not 'maybe'"),
        ("", {"CTXPIPE_DECODE_ERRORS": "loud"}, {}, "CTXPIPE_DECODE_ERRORS must be strict or replace, not 'loud'"),
        ("", {"CTXPIPE_BUGDET": "1"}, {}, "unknown environment variable 'CTXPIPE_BUGDET'; did you mean CTXPIPE_BUDGET"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    tmp_path: Path, file: str, environ: dict[str, str], flags: dict[str, object], message: str
) -> None:
    own(tmp_path, file)
    with pytest.raises(UsageError) as caught:
        load(flags, directory=tmp_path, environ=environ)
    assert str(caught.value).startswith(message)


def test_two_files_with_settings_are_one_too_many(tmp_path: Path) -> None:
    own(tmp_path, "window = 1\n")
    project(tmp_path, "[tool.ctxpipe]\nwindow = 2\n")
    with pytest.raises(UsageError, match="both hold settings"):
        load(directory=tmp_path, environ={})


@pytest.mark.parametrize("text", ["[tool]\nctxpipe = 1\n", "tool = 1\nctxpipe = 1\n"])
def test_a_section_that_is_no_table(tmp_path: Path, text: str) -> None:
    project(tmp_path, text)
    if "[tool]" in text:
        with pytest.raises(UsageError, match=r"^pyproject\.toml: tool\.ctxpipe must be a table$"):
            load(directory=tmp_path, environ={})
    else:
        assert load(directory=tmp_path, environ={}).origins["budget"] == "default"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "ctxpipe.toml"
    file.write_bytes(b'rank = "\xff"')
    with pytest.raises(UsageError, match=r"^ctxpipe\.toml is not UTF-8: byte 8 "):
        load(directory=tmp_path, environ={})
    file.unlink()
    file.mkdir()
    with pytest.raises(UsageError, match=r"^ctxpipe\.toml cannot be read: Is a directory$"):
        load(directory=tmp_path, environ={})


@pytest.mark.parametrize("key", ["api_key", "apikey", "api-key", "openai_api_key", "token", "hf_token", "password"])
def test_a_secret_in_a_file_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    own(tmp_path, f'{key} = "sk-very-secret"')
    with pytest.raises(UsageError) as caught:
        load(directory=tmp_path, environ={})
    assert str(caught.value).startswith(f"ctxpipe.toml: {key} looks like a secret")
    assert "sk-very" not in str(caught.value)


def test_every_variable_that_the_package_reads_is_known(repository: Path) -> None:
    """A variable near a setting's name (CTXPIPE_MODELS, CTXPIPE_MODEL) would be taken for a typing error."""
    files = {file for folder in CODE for file in (repository / folder).rglob("*.py") if file.name != "config.py"}
    named = {name for file in files for name in re.findall(r'"(CTXPIPE_[A-Z_]+)"', file.read_text(encoding="utf-8"))}
    assert {"CTXPIPE_API_KEY", "CTXPIPE_CACHE", "CTXPIPE_MODELS"} <= named
    assert named <= OTHER_VARIABLES
    environ = dict.fromkeys(named, "x")
    assert load(directory=Path("/nonexistent"), environ=environ) == load(directory=Path("/nonexistent"), environ={})


@given(st.dictionaries(st.sampled_from(["SERVICE_HOST", "PORT_80_TCP", "API_KEY", "X"]), st.text(), max_size=4))
def test_variables_that_are_no_settings_do_not_matter(others: dict[str, str]) -> None:
    environ = {f"CTXPIPE_{name}": text for name, text in others.items()}
    assert load(directory=Path("/nonexistent"), environ=environ) == load(directory=Path("/nonexistent"), environ={})


@given(st.integers() | st.just(10**400) | st.floats() | st.booleans() | st.text() | st.none() | st.lists(st.integers()))
def test_any_value_is_taken_or_refused_with_a_usage_error(value: object) -> None:
    from ctxpipe.config import _checked

    for key in SETTINGS:
        with contextlib.suppress(UsageError):  # any other exception fails the test
            taken = _checked(key, value, "here")
            wanted = float(str(value)) if type(taken) is float else tuple(value) if type(taken) is tuple else value
            assert repr(taken) == repr(wanted)


def test_config_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    own(tmp_path, 'target = "http://ann:hunter2@127.0.0.1:8000/v1"\nrate = 0.25\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CTXPIPE_RANK", "bm25")
    assert main(["config", "show"]) == 0
    shown = capsys.readouterr().out
    lines = [line.split() for line in shown.splitlines()]
    assert ["target", "http://***@127.0.0.1:8000/v1", "ctxpipe.toml"] in lines
    assert ["rate", "0.25", "ctxpipe.toml"] in lines
    assert ["rank", "bm25", "CTXPIPE_RANK"] in lines
    assert ["budget", "-", "default"] in lines
    assert len(lines) == len(SETTINGS)
    assert main(["config", "show", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["rate"] == {"value": 0.25, "origin": "ctxpipe.toml"}
    assert table["budget"] == {"value": None, "origin": "default"}
    assert "hunter2" not in shown + json.dumps(table)


def test_config_show_refuses_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own(tmp_path, "rates = 1\n")
    monkeypatch.chdir(tmp_path)
    assert main(["config", "show"]) == 2
    assert capsys.readouterr() == (
        "",
        "error: unknown setting in ctxpipe.toml, 'rates'; did you mean rate or format or max_tokens?\n",
    )
