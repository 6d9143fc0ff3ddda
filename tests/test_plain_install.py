"""What ``pip install ctxpipe`` brings is enough for the default method; the rest says which extra it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from pdf_support import make_pdf
from plain_install import brought, refused
from samples import prose

from ctxpipe.cli import COMMANDS

SCRIPT = Path(__file__).with_name("plain_install.py")
NEEDLE = "The spare key of the observatory hangs behind the brass barometer."
QUESTION = "Where does the spare key of the observatory hang?"
HEAVY = {"torch", "transformers", "onnx", "onnxscript", "gguf", "scipy", "safetensors", "datasets", "matplotlib"}
FILES = {
    "a.md": f"# House\n\n{prose(60)}\n\n## Keys\n\n{NEEDLE}\n\n{prose(60, 3)}",
    "a.txt": f"{prose(60)}\n\n{NEEDLE}\n\n{prose(60, 3)}",
    "a.html": f"<h1>House</h1><p>{prose(60)}</p><h2>Keys</h2><p>{NEEDLE}</p><p>{prose(60, 3)}</p>",
    "a.json": json.dumps([{"id": i, "note": prose(3, i)} for i in range(30)] + [{"id": 31, "note": NEEDLE}]),
    "a.csv": "\n".join(["id,note", *(f'{i},"{prose(2, i)}"' for i in range(40)), f'40,"{NEEDLE}"']),
    "a.py": "\n\n".join([*(f"def f{i}(x):\n    return x + {i}" for i in range(80)), f"# {NEEDLE}\nKEY = 1"]),
}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, with an empty cache."""
    environment = {"PATH": "", "PYTHONPATH": ":".join(sys.path), "CTXPIPE_CACHE": str(folder / "cache")}
    command = [sys.executable, "-W", "error", str(SCRIPT), *arguments]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def test_the_heavy_packages_do_not_come_with_it() -> None:
    assert refused() >= HEAVY
    assert {"numpy", "onnxruntime", "tokenizers", "pypdfium2", "selectolax", "bm25s"} <= brought()


def test_the_default_method_runs_on_every_kind_of_text(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(
        make_pdf(prose(12).replace(". ", ".\n"), NEEDLE, prose(12, 3).replace(". ", ".\n"))
    )
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    code = (
        "import sys; from ctxpipe import Pipeline; pipeline = Pipeline(score_cache=0)\n"
        f"for name in {['a.pdf', *FILES]!r}:\n"
        f"    context = pipeline.compress(name, question={QUESTION!r}, budget=120)\n"
        "    print(name, context.rank, context.kept_tokens <= 120, 'brass barometer' in context.text)\n"
        "print(sorted(module for module in modules if module in sys.modules))"
    )
    done = run(tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines == [*(f"{name} learned True True" for name in ("a.pdf", *FILES)), "[]"]


def test_help_and_public_packages_need_no_extra(tmp_path: Path) -> None:
    listed = [["--help"], *([name, "--help"] for name in COMMANDS)]
    listed += [["eval", name, "--help"] for name in ("run", "report", "compare", "choose")]
    listed += [["models", name, "--help"] for name in ("list", "pull", "path")]
    code = (
        "import importlib; from ctxpipe.cli import main; from ctxpipe.errors import MissingExtraError\n"
        f"print([main(arguments) for arguments in {listed!r}])\n"
        "for package in ('ctxpipe', *(f'ctxpipe.{name}' for name in ('compress', 'serving', 'pipeline', 'evals'))):\n"
        "    module = importlib.import_module(package)\n"
        "    for name in getattr(module, '__all__', ()):\n"
        "        try:\n"
        "            getattr(module, name)\n"
        "        except MissingExtraError as exc:\n"
        "            print(package, name, exc)\n"
    )
    done = run(tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    *_, codes = (line for line in done.stdout.splitlines() if line.startswith("[0"))
    assert codes == str([0] * len(listed))
    without = [line for line in done.stdout.splitlines() if line.startswith("ctxpipe") and "ctxpipe[" in line]
    assert without
    assert all(line.startswith("ctxpipe.evals ") and line.endswith('"ctxpipe[eval]"') for line in without)


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["query", "a.txt", "-q", "why?"], "local"),
        (["compress", "a.txt", "--prune", "llmlingua", "--budget", "20"], "local"),
        (["compress", "a.txt", "--prune", "llmlingua2", "--budget", "20"], "local"),
        (["compress", "a.txt", "--prune", "reference", "--budget", "20"], "llmlingua"),
        (["compress", "a.docx", "--budget", "20"], "office"),
        (["gateway", "--target", "http://127.0.0.1:9"], "gateway"),
        (["models", "pull"], "local"),
        (["plan", "--plot", "plan.svg"], "plot"),
        (["eval", "run", "facts", "--out", "run"], "local"),
        (["eval", "run", "hf:a/b", "--out", "run"], "datasets"),
        (["eval", "report", "."], "eval"),
        (["eval", "compare", "a.txt", "a.txt"], "eval"),
        (["eval", "choose", ".", "--max-loss", "0.1"], "eval"),
    ],
)
def test_a_missing_extra_is_one_line(tmp_path: Path, arguments: list[str], extra: str) -> None:
    (tmp_path / "a.txt").write_text(prose(40))
    with ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    done = run(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f'needs an optional dependency: pip install "ctxpipe[{extra}]"\n')
    assert done.stderr.count("\n") == 1
