"""``llm``'s own command line with our plugin: a fragment for the prompt, a tool, and a template that has the tool."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llm
import pytest
from click.testing import CliRunner, Result
from documents import block_of
from llm.cli import cli
from llm.plugins import pm
from samples import prose

from ctxpipe import Corpus
from ctxpipe.integrations import llm_plugin
from ctxpipe.models.tokenizer import TargetTokenizer

FACT = "The amber ledger is kept in room 2."
QUESTION = "Where is the amber ledger kept?"


class Echo(llm.Model):
    """A model that searches once if it may, and then says all that it was given."""

    model_id = "echo"
    can_stream = False
    supports_tools = True

    def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any) -> Iterator[str]:
        if prompt.tools and not prompt.tool_results:
            tool = next(tool for tool in prompt.tools if tool.name == "Ctxpipe_search")
            response.add_tool_call(llm.ToolCall(name=tool.name, arguments={"question": QUESTION}))
            yield ""
            return
        found = "\n".join(result.output for result in prompt.tool_results)
        yield f"{prompt.system or ''}\n{prompt.prompt}\n{found}"


class Models:
    @llm.hookimpl
    def register_models(self, register: Any) -> None:
        register(Echo())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Documents in the current folder, and ``llm`` with the plugin and a model."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "ledgers.txt").write_text(f"{prose(60)}\n\n{FACT}\n\n{prose(60, 1)}")
    (tmp_path / "docs" / "other.txt").write_text(prose(80, 2))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "llm"))
    # Where the package is installed, its entry point has registered the plugin.
    plugins = [Models(), *([] if pm.is_registered(llm_plugin) else [llm_plugin])]
    for one in plugins:
        pm.register(one)
    yield tmp_path
    for one in plugins:
        pm.unregister(one)


def run(*arguments: str) -> Result:
    result: Result = CliRunner().invoke(cli, [*arguments], input="")
    return result


def ask(*arguments: str) -> Result:
    return run("prompt", "-m", "echo", "--no-stream", *arguments)


def test_a_fragment_holds_what_answers_the_prompt(folder: Path) -> None:
    result = ask("-f", "ctxpipe:docs/?budget=120", QUESTION)
    assert result.exit_code == 0, result.output
    assert FACT in result.stdout
    kept = result.stdout[: result.stdout.index(QUESTION)].strip()
    assert TargetTokenizer.load("smollm2-135m").count(kept) <= 120
    assert "note: docs/: kept " in result.stderr


def test_a_fragment_may_have_a_question_of_its_own(folder: Path) -> None:
    assert FACT in ask("-f", "ctxpipe:docs/?q=Where is the amber ledger%3F&budget=120", "Translate this.").stdout


def test_a_fragment_without_a_question_is_the_gist(folder: Path) -> None:
    text = llm_plugin.fragment("docs/?budget=200")
    assert text.source == "ctxpipe:docs/?budget=200"
    assert 50 < TargetTokenizer.load("smollm2-135m").count(str(text)) <= 200


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("ctxpipe:nowhere", "nowhere"),
        ("ctxpipe:", "name what is read"),
        ("ctxpipe:docs/?budget=many", "the budget must be a number, not 'many'"),
        ("ctxpipe:docs/?budget=0", "budget"),
    ],
)
def test_what_cannot_be_read_is_said(folder: Path, argument: str, told: str) -> None:
    result = ask("-f", argument, QUESTION)
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_a_template_lets_the_model_search(folder: Path) -> None:
    result = ask("-t", "ctxpipe:docs/?budget=100", QUESTION)
    assert result.exit_code == 0, result.output
    assert "Answer from what Ctxpipe_search finds" in result.stdout
    assert FACT in result.stdout
    assert "(docs/: kept " in result.stdout


def test_the_tool_is_there_by_itself(folder: Path) -> None:
    result = ask("-T", 'Ctxpipe("docs/")', QUESTION)
    assert result.exit_code == 0, result.output
    assert FACT in result.stdout


def test_the_commands_of_its_page_work(folder: Path) -> None:
    Corpus.build("docs/", "handbook.ctx").close()
    lines = block_of("integrations/llm.md", "").text.splitlines()
    commands = [line.removeprefix("$ llm ") for line in lines if line.startswith("$ llm ")]
    assert len(commands) == 3
    for command in commands:
        result = ask(*shlex.split(command))
        assert result.exit_code == 0, f"{command}\n{result.output}"
        assert ": kept " in result.output


def test_the_package_names_the_plugin_to_llm(tmp_path: Path, repository: Path) -> None:
    """A process of its own finds it as an installed package's entry point."""
    declared = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["entry-points"]["llm"]
    info = tmp_path / "ctxpipe_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ctxpipe-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[llm]\n" + "\n".join(f"{k} = {v}" for k, v in declared.items()))
    done = subprocess.run(
        [sys.executable, "-m", "llm", "plugins"],
        env={"PYTHONPATH": f"{repository}:{tmp_path}", "LLM_LOAD_PLUGINS": "ctxpipe-plugin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    (found,) = json.loads(done.stdout)
    assert sorted(found["hooks"]) == ["register_fragment_loaders", "register_template_loaders", "register_tools"]
