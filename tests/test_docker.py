"""The container's files name what exists: files, options, the page that says that the gateway lives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from gateway_support import gateway, idle, target

from ctxpipe.commands.gateway.command import gateway as command
from ctxpipe.errors import UsageError


@pytest.fixture(scope="module")
def dockerfile(repository: Path) -> str:
    return (repository / "docker" / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services(repository: Path) -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((repository / "docker" / "compose.yaml").read_text(encoding="utf-8"))[
        "services"
    ]
    return made


def parsed(words: list[str]) -> dict[str, Any]:
    return command.make_context("gateway", words).params


def array(dockerfile: str, instruction: str) -> list[str]:
    found = re.search(rf"^{instruction} (\[.*\])$", dockerfile, re.MULTILINE)
    assert found
    made: list[str] = json.loads(found[1])
    return made


def test_the_image_starts_a_gateway(dockerfile: str, services: dict[str, Any]) -> None:
    program, name, *options = array(dockerfile, "ENTRYPOINT")
    assert (program, name) == ("ctxpipe", "gateway")
    for more in (array(dockerfile, "CMD"), services["gateway"]["command"]):
        params = parsed([*options, *more])
        assert (params["host"], params["port"], params["target"]) == ("0.0.0.0", 8080, "http://vllm:8000")
    with pytest.raises((UsageError, click.UsageError)):
        parsed([*options, "--no-such-option"])


def test_the_health_check_asks_a_page_that_exists(dockerfile: str) -> None:
    found = re.search(r"CMD (\[\"python\".*\])$", dockerfile, re.MULTILINE)
    assert found
    _, flag, code = json.loads(found[1])
    with target() as behind, gateway(behind.url, work=idle) as running:
        for url, expected in ((running.url, 0), (behind.url, 1)):
            here = code.replace("http://127.0.0.1:8080", url)
            assert here != code
            done = subprocess.run([sys.executable, flag, here], capture_output=True, check=False)
            assert done.returncode == expected


def test_the_image_runs_without_rights(dockerfile: str, services: dict[str, Any]) -> None:
    assert re.search(r"^USER \d{4,}$", dockerfile, re.MULTILINE)
    one = services["gateway"]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in one["ports"])
    assert "ports" not in services["vllm"]
    assert services["vllm"]["environment"]["VLLM_API_KEY"] == one["environment"]["GATEWAY_API_KEY"]
    assert one["environment"]["GATEWAY_API_KEY"].startswith("${GATEWAY_API_KEY:?")


def test_what_is_copied_is_what_the_package_is_made_of(repository: Path) -> None:
    lines = (repository / "docker" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*"
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert all((repository / name).exists() for name in kept)
    links = {path.name for path in (repository / "ctxpipe").iterdir() if path.is_symlink()}
    assert links <= kept
