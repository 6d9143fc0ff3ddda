"""The ``vllm`` program of this machine, and whether its version is supported."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from ctxpipe.errors import LaunchError

OLDEST = (0, 30)
"""The oldest supported version."""

_SECONDS = 120
_ASK = "from importlib.metadata import version; print(version('vllm'))"


def search(given: str | None = None) -> str | None:
    """The whole path of the program that ``--vllm`` names, else of ``vllm`` beside this interpreter or on the path."""
    beside = str(Path(sys.executable).with_name("vllm"))
    path = shutil.which(given) if given else shutil.which(beside) or shutil.which("vllm")
    return None if path is None else str(Path(path).absolute())


def find_program(given: str | None = None) -> tuple[str, ...]:
    """The program that ``search`` finds, if its version will do.

    Raises:
        LaunchError: if there is none, or it is too old.
    """
    program = search(given)
    if program is None:
        if given:
            raise LaunchError(f"{given} is not an executable program; --vllm takes the vllm to start")
        raise LaunchError(
            'vllm is not installed: pip install "ctxpipe[vllm]" on a machine with a GPU, name another with --vllm, '
            "or start a small model without a GPU (--cpu)"
        )
    _check_version(program)
    return (program,)


def _check_version(program: str) -> None:
    version = _version(program)
    number = re.match(r"(\d+)\.(\d+)", version)
    if number is None:
        raise LaunchError(f"{program} does not print its version ({version or 'it prints nothing'}); is it vLLM?")
    if (int(number[1]), int(number[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise LaunchError(f"{program} is vLLM {version}, and ctxpipe needs {oldest} or newer: pip install -U vllm")


def _version(program: str) -> str:
    """The version, from the program's interpreter or, which takes seconds, from the program itself."""
    if (interpreter := _interpreter(program)) and (told := _printed([interpreter, "-I", "-c", _ASK])):
        return told
    printed = _printed([program, "--version"])
    match = re.search(r"\d+\.\d+\S*", printed)
    return match[0] if match else printed[:80]


def _interpreter(program: str) -> str | None:
    try:
        with open(program, "rb") as file:
            first = file.readline(512)
    except OSError:
        return None
    path = first.removeprefix(b"#!").strip().decode(errors="replace") if first.startswith(b"#!") else ""
    return path if "python" in path and os.access(path, os.X_OK) else None


def _printed(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = done.stdout.split("\n") if done.returncode == 0 else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
