"""What README.md and docs/ show works: every Python block runs, every command runs or is at least understood."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import click
import pytest
from documents import ROOT, Block, blocks, name_of, pages
from fake_vllm import write_vllm
from gateway_support import gateway
from http_support import Server, echo, list_models, servers
from pdf_support import make_pdf
from planner_support import TINY_LLAMA4, write_config
from samples import prose
from scoring_server import Network

from ctxpipe import Corpus
from ctxpipe.cli import app, main

pytestmark = pytest.mark.timeout(900)  # some of this starts many processes, which takes long on a busy machine
CLASSIFIER = "microsoft/llmlingua-2-xlm-roberta-large-meetingbank"
GIVEN = "text = 'The keeper of the light at Larkmoor is Ada Fenwick. She hid 14 silver spoons under the stairs.'\n"
"""What Python blocks may take as given."""
RULER = {
    "index": 0,
    "input": "A special magic number is hidden within the following text. Make sure to memorize it. I will quiz you "
    "about the number afterwards.\nThe grass is green. One of the special magic numbers for Larkmoor is: 8271640.\n"
    "The sky is blue.\nWhat is the special magic number for Larkmoor mentioned in the provided text?",
    "outputs": ["8271640"],
    "length": 64,
}
"""A line that RULER's generator writes."""
LESS = {
    r"^ctxpipe eval run (?!.*hf:)": ["--limit", "4", "--lengths", "300", "--layers", "1", "--quiet"],
    r"^ctxpipe eval run .*hf:\./": ["--layers", "1", "--quiet"],
    r"^ctxpipe query (?!.*--target)": ["--max-tokens", "8", "--model", "smollm2-135m"],
    r"^ctxpipe serve (?!.*--dry-run)": ["--dry-run"],
}
"""What is added to a command so that it can run here; where an option is given twice, the last counts."""
NOT_RUN = {
    r"--serve --cpu": "installs vLLM for processors; tests/vllm/ runs it",
    r"^ctxpipe batch .*--ray": "starts Ray; tests/pipeline/batch/test_ray.py runs it",
    r"hf:zai-org/": "needs the Hugging Face Hub",
    r"--target URL|\bNAME\b": "stands for any server or name",
    r"longbench/|nolima/|\.\./shared/": "needs data sets that are not part of the repository",
    r"--lengths 512,1k": "measures for an hour",
    r"^ctxpipe gateway": "serves until it is stopped; tests/commands/test_gateway_command.py runs it",
    r"^ctxpipe mcp": "serves until it is stopped; tests/integrations/test_mcp.py runs it",
    r"^ctxpipe models pull": "downloads a model; tests/commands/test_models_command.py runs it",
}
"""Commands that are only parsed, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder with what the pages speak of, and servers in place of those that they name.

    Attributes:
        folder: The working directory.
        urls: URL in the pages to that of a server here.
        models: Model in the pages to a small one here.
    """

    folder: Path
    urls: dict[str, str]
    models: dict[str, str]

    def here(self, text: str) -> str:
        """A text of the pages with the servers and models that are here."""
        for there, here in {**self.urls, **self.models}.items():
            text = text.replace(there, here)
        return text


def likelihoods(x: Any) -> None:
    x.json({"choices": [{"index": 0, "prompt_logprobs": [{str(t): {"logprob": -0.5}} for t in x.body["prompt"]]}]})


def ids(x: Any) -> None:
    said = x.body.get("prompt") or " ".join(turn["content"] for turn in x.body["messages"])
    x.json({"count": len(said.split()), "tokens": list(range(len(said.split())))})


@pytest.fixture
def place(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    smollm2_dir: Path,
    tiny_causal: Path,
    tiny_classifier: Path,
) -> Iterator[Place]:
    lines = prose(24).split("\n")
    (tmp_path / "report.pdf").write_bytes(make_pdf(*("\n".join(lines[i::2]) for i in range(2)), title="Report"))
    notes = ("notes.md", "notes/first.md", "notes/second.md", "handbook/travel.md", "handbook/leave.md", "docs/a.md")
    for name in (*notes, "python-reference.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n\n{prose(12, len(name))}\n", encoding="utf-8")
    (tmp_path / "questions.jsonl").write_text(json.dumps({"question": "Who signs?"}) + "\n", encoding="utf-8")
    write_config(tmp_path / "my-model", TINY_LLAMA4)
    (tmp_path / "ruler/niah_single_1").mkdir(parents=True)
    (tmp_path / "ruler/niah_single_1/validation.jsonl").write_text(json.dumps(RULER) + "\n", encoding="utf-8")
    for link, folder in (("path/to/classifier", tiny_classifier), ("pruner/shipped", ROOT / "compress/learned/model")):
        (tmp_path / link).parent.mkdir(parents=True)
        (tmp_path / link).symlink_to(folder)
    (tmp_path / "bin").mkdir()
    write_vllm(tmp_path / "bin")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CTXPIPE_SCORES", str(tmp_path / "scores"))
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)  # with it, text would be sent to Anthropic
    with servers() as start, ExitStack() as stack:
        urls = {
            "http://127.0.0.1:8000": _server(start, smollm2_dir, chat=echo, tokenize=ids, completions=likelihoods),
            "http://127.0.0.1:8001": _server(start, tiny_classifier, **_scores(tiny_classifier)),
            "http://127.0.0.1:8002": _server(start, tiny_causal, **_scores(tiny_causal)),
        }
        if "gateway.md" in request.node.name:
            Corpus.build(tmp_path / "handbook", tmp_path / "served.ctx").close()
            corpora = {"handbook": tmp_path / "served.ctx"}
            behind = urls["http://127.0.0.1:8000"]
            urls["http://127.0.0.1:8080"] = stack.enter_context(gateway(behind, corpora=corpora)).url
        yield Place(
            folder=tmp_path,
            urls=urls,
            # The encoding that llmlingua counts in is downloaded.
            models={f'"{CLASSIFIER}")\n': f'"{tiny_classifier}", count=len)\n', CLASSIFIER: str(tiny_classifier)},
        )


def _server(start: Callable[..., Server], folder: Path, **routes: Any) -> str:
    model = {"id": "m", "root": str(folder), "max_model_len": 4000}
    return start(models=list_models(model), **routes).url


def _scores(folder: Path) -> dict[str, Any]:
    """Endpoints over the model of a folder, which is loaded with the first request."""
    network = cache(lambda: Network(folder))
    return {name: partial(_scored, network, name) for name in ("tokenize", "pooling", "completions")}


def _scored(network: Callable[[], Network], name: str, x: Any) -> None:
    getattr(network(), name)(x)


# Python

PYTHON = [block for page in pages() for block in blocks(page) if block.language == "python"]


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_a_python_block_runs(block: Block, place: Place) -> None:
    """In a process of its own, as a reader would run it."""
    code = place.here(GIVEN + block.text)
    # Ray would connect to a cluster that another test has started, which is closed to it.
    alone = {"RAY_ADDRESS": "local"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **alone, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stderr}"
    assert "the old name works" not in done.stderr


def test_types_of_the_python_blocks_are_right(tmp_path: Path) -> None:
    files = []
    for index, block in enumerate(PYTHON):
        files.append(tmp_path / f"block_{index}_{re.sub(r'[^a-z]', '_', block.page)}.py")
        files[-1].write_text(GIVEN + block.text, encoding="utf-8")
    files.append(tmp_path / "wrong.py")
    files[-1].write_text("from ctxpipe import Pipeline\n\nPipeline(rank=3)\n", encoding="utf-8")
    # Reading torch and the like would take minutes, and no example shows their types.
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\ncheck_untyped_defs = true\nignore_missing_imports = true\nfollow_imports = skip\n"
        "[mypy-ctxpipe.*]\nfollow_imports = silent\n"
    )
    options = ["--config-file", str(tmp_path / "mypy.ini"), "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *map(str, files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    wrong = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [line for line in wrong if "wrong.py:3" not in line] == [], done.stdout
    assert len(wrong) == 1, "a mistake was not found"


# Commands


def commands(block: Block) -> list[str]:
    """The ``ctxpipe`` commands of a block, without what else is shown there."""
    lines = block.text.replace("\\\n", " ").splitlines()
    shown = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")] or lines
    return [line for line in shown if line.startswith("ctxpipe ")]


def is_synopsis(block: Block) -> bool:
    """Whether a block describes a command's grammar: brackets around what may be left out."""
    return any(re.search(r"[\[(]-", line) for line in commands(block))


def known(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that words begin with, and the words behind it."""
    command: click.Command = app
    for place, word in enumerate(words):
        if not isinstance(command, click.Group):
            return command, words[place:]
        found = command.get_command(click.Context(app), word)
        assert found is not None, f"there is no command {word}"
        command = found
    return command, []


def options_of(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}


CONSOLE = [block for page in pages() for block in blocks(page) if block.language in ("", "console", "sh", "bash")]


@pytest.mark.parametrize("block", [block for block in CONSOLE if is_synopsis(block)], ids=str)
def test_a_synopsis_names_options_that_exist(block: Block) -> None:
    command, _ = known(block.text.split()[1:])
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", block.text))
    assert named <= options_of(command)


PAGES = sorted({block.page for block in CONSOLE if commands(block)})


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_work(page: str, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the page, in one folder: a run that one of them makes is what the next reports."""
    failed = []
    for block in CONSOLE:
        if block.page != page or is_synopsis(block):
            continue
        for line in commands(block):
            _provide(place.folder)
            code = _run(place, line)
            captured = capsys.readouterr()
            if code:
                failed.append(f"{block}: {line}\n{captured.err}")
            assert "the old name works" not in captured.err, line
    assert not failed, "\n\n".join(failed)


def _run(place: Place, line: str) -> int:
    command, redirected, _ = place.here(line).partition(" > ")
    arguments = [os.path.expanduser(word) if word.startswith("~") else word for word in _words(command)]
    if any(re.search(pattern, line) for pattern in NOT_RUN):
        return _parse(arguments)
    more = [option for pattern, less in LESS.items() if re.search(pattern, line) for option in less]
    assert not redirected or " " in redirected or redirected.endswith(".txt")
    return main([*arguments, *more])


def _words(line: str) -> list[str]:
    return shlex.split(line, comments=True)[1:]


def _parse(arguments: list[str]) -> int:
    """Let click take the arguments, and run nothing."""
    command, rest = known(arguments)
    command.make_context(str(command.name), rest)
    return 0


def _provide(folder: Path) -> None:
    """Record files to compare, once there is a run to take them from."""
    records = folder / "run1" / "records.jsonl"
    if records.exists() and not (folder / "a.jsonl").exists():
        lines = records.read_text(encoding="utf-8").splitlines(keepends=True)
        for name, arm in (("a", '"arm": "raw"'), ("b", '"arm": "bm25')):
            kept = [one for one in lines if arm in one or arm.replace(": ", ":") in one]
            (folder / f"{name}.jsonl").write_text("".join(kept), encoding="utf-8")


INLINE = [
    (name_of(page), command)
    for page in pages()
    for command in re.findall(
        r"`(ctxpipe [^`]+)`", re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    )
]


@pytest.mark.parametrize(("page", "line"), INLINE)
def test_a_command_within_a_sentence_exists(page: str, line: str) -> None:
    words = _words(" ".join(line.split()))
    command, _ = known(words)
    assert {word for word in words if word.startswith("-") and len(word) > 1} <= options_of(command)
