"""The steps of the container's image, run here: its files, its installation, its gateway and its health check."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PLACE = "/opt/ctxpipe"
"""Where the image has its environment; here it is in a temporary folder."""


def instructions(repository: Path) -> list[tuple[str, str]]:
    """Names and arguments of the Dockerfile's instructions, with continued lines joined."""
    text = (repository / "docker" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def copied(repository: Path, folder: Path) -> None:
    """What ``COPY . .`` takes, by the rules of Dockerfile.dockerignore."""
    rules = (repository / "docker" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {rule[1:] for rule in rules if rule.startswith("!")}
    left_out = [Path(rule).name for rule in rules[1:] if not rule.startswith("!")]
    folder.mkdir()
    for name in kept:
        source = repository / name
        if source.is_dir():
            shutil.copytree(
                source,
                folder / name,
                symlinks=True,
                ignore=lambda _, names: [n for n in names if any(fnmatch.fnmatch(n, rule) for rule in left_out)],
            )
        else:
            shutil.copy(source, folder / name)


@pytest.fixture(scope="module")
def image(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that the image's steps make."""
    folder = tmp_path_factory.mktemp("image")
    copied(repository, folder / "source")
    made = folder / "environment"
    for name, rest in instructions(repository):
        if name == "RUN" and PLACE in rest:
            subprocess.run(["bash", "-ec", rest.replace(PLACE, str(made))], cwd=folder / "source", check=True)
    return made


@pytest.fixture(scope="module")
def port(repository: Path, image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The image's gateway, which runs on a free port of the loopback; its target is out of reach."""
    steps = dict(instructions(repository))
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    words = [*json.loads(steps["ENTRYPOINT"]), "--target", "http://127.0.0.1:9"]
    words = [{"0.0.0.0": "127.0.0.1", "8080": str(port)}.get(word, word) for word in words]
    settings = dict(re.findall(r"(\w+)=(\S+)", steps["ENV"]))
    settings |= {
        "CTXPIPE_CACHE": str(tmp_path_factory.mktemp("cache")),
        "PATH": f"{image / 'bin'}:{os.environ['PATH']}",
    }
    process = subprocess.Popen([str(image / "bin" / words[0]), *words[1:]], env=settings, cwd=image)
    yield port
    process.terminate()
    assert process.wait(30) in (0, -15, 130, 143)


def test_the_gateway_of_the_image_is_healthy(repository: Path, image: Path, port: int) -> None:
    check = dict(instructions(repository))["HEALTHCHECK"]
    program, *words = json.loads(check[check.index("[") :])
    words = [word.replace(":8080", f":{port}") for word in words]
    end = time.monotonic() + 60
    while subprocess.run([str(image / "bin" / program), *words], capture_output=True, check=False).returncode:
        assert time.monotonic() < end
        time.sleep(0.2)


def test_the_image_has_no_tools_to_install(image: Path) -> None:
    names = {path.name for path in (image / "bin").iterdir()}
    assert "ctxpipe" in names
    assert not [name for name in names if name.startswith("pip")]
