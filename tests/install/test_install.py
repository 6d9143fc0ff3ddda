"""What ``pip install ctxpipe`` puts on a disk, and that the default method runs with it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from install_support import Installed
from pdf_support import make_pdf
from samples import prose

MOST_MEGABYTES = 350
ABSENT = {
    "torch",
    "transformers",
    "onnx",
    "onnxscript",
    "gguf",
    "scipy",
    "safetensors",
    "openai",
    "pandas",
    "matplotlib",
}
NEEDLE = "The spare key of the observatory hangs behind the brass barometer."
QUESTION = "Where does the spare key of the observatory hang?"


def test_it_is_small(installed: Installed, capsys: pytest.CaptureFixture[str]) -> None:
    told = f"{installed.megabytes:.0f} MB on disk, {len(installed.packages)} packages, {installed.seconds:.0f} s"
    with capsys.disabled():
        sys.stdout.write(f"\npip install ctxpipe: {told}\n")
    assert installed.megabytes <= MOST_MEGABYTES
    names = {name.lower().replace("_", "-") for name in installed.packages}
    assert "ctxpipe" in names
    assert not ABSENT & names
    assert not [name for name in names if name.startswith("nvidia")]


def test_the_default_method_answers_from_a_pdf(installed: Installed, tmp_path: Path) -> None:
    pages = [prose(12).replace(". ", ".\n"), f"{prose(4, 7)}\n{NEEDLE}".replace(". ", ".\n"), prose(12, 3)]
    (tmp_path / "report.pdf").write_bytes(make_pdf(*pages))
    done = installed.run("-m", "ctxpipe", "compress", "report.pdf", "-q", QUESTION, "--budget", "80", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "hangs behind the brass barometer" in re.sub(r"\s+", " ", done.stdout)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "cache" / "models").exists()


def test_the_command_is_on_the_path(installed: Installed, tmp_path: Path) -> None:
    code = "import subprocess, sys; sys.exit(subprocess.run(['ctxpipe', '--version']).returncode)"
    done = installed.run("-c", code, cwd=tmp_path)
    assert (done.returncode, done.stdout[:8]) == (0, "ctxpipe "), done.stderr


def test_modules_import_without_extras_but_for_those_that_are_an_extra(installed: Installed, tmp_path: Path) -> None:
    code = """
import importlib, pkgutil, ctxpipe
from ctxpipe.errors import MissingExtraError
for found in pkgutil.walk_packages(ctxpipe.__path__, "ctxpipe.", onerror=lambda name: None):
    if found.name != "ctxpipe.__main__":
        try:
            importlib.import_module(found.name)
        except MissingExtraError as exc:
            print("eval", str(exc).endswith('"ctxpipe[eval]"'))
        except ModuleNotFoundError as exc:
            print(exc.name, found.name.startswith((
                "ctxpipe.compress.prune.reference.", "ctxpipe.pipeline.gateway.",
                "ctxpipe.integrations.llama_index",
                "ctxpipe.integrations.litellm_guardrail", "ctxpipe.integrations.llm_plugin",
                "ctxpipe.integrations.mcp_server",
            )))
"""
    done = installed.run("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    extras = ("eval", "litellm", "llama_index", "llm", "llmlingua", "mcp", "prometheus_client", "starlette", "uvicorn")
    assert set(done.stdout.splitlines()) == {f"{name} True" for name in extras}


def test_a_model_on_this_machine_asks_for_its_extra(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(prose(10))
    done = installed.run("-m", "ctxpipe", "query", "a.txt", "-q", "Why?", cwd=tmp_path)
    expected = (
        'error: asking qwen2.5-coder-0.5b on this machine needs an optional dependency: pip install "ctxpipe[local]"\n'
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)
