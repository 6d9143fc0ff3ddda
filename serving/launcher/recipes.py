"""What would be started, as text: a shell command, commands for a Ray cluster, a systemd unit."""

from __future__ import annotations

import getpass
import shlex
from dataclasses import replace
from pathlib import Path

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.serving.launcher.launch import KEY_VARIABLE, Launch

RECIPES = ("command", "ray", "systemd")

_RAY_PORT = 6379


_RAY = """\
# {gpus} GPUs on {nodes} machines, {each} on each. All of them need the same vLLM with Ray, the model at the same place,
# and a network that only they share: Ray lets whoever reaches it run code.
HEAD=192.0.2.1  # the address of the first machine
SELF=192.0.2.2  # the address of the machine that a command is run on

# 1. on the first machine
export VLLM_HOST_IP="$HEAD"
ray start --head --node-ip-address="$HEAD" --port={port} --num-gpus={each}

# 2. on each of the other {others}
export VLLM_HOST_IP="$SELF"
ray start --address="$HEAD:{port}" --node-ip-address="$SELF" --num-gpus={each}

# 3. on the first machine, once this counts {gpus} GPUs
ray status
{command}
# 4. at the end, on every machine
ray stop
"""

_UNIT = """\
# To install it as vllm.service:
#   sudo cp vllm.service /etc/systemd/system/
#   sudo systemctl daemon-reload
#   sudo systemctl enable --now vllm
[Unit]
Description=vLLM
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
{environment}
# {key}=... and HF_TOKEN=..., readable by root alone (chmod 600); "-": it may be absent
EnvironmentFile=-/etc/vllm.env
ExecStart={line}
{account}
NoNewPrivileges=yes
KillMode=mixed
TimeoutStopSec=60
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target
"""


_OWN_ACCOUNT = """\
DynamicUser=yes
StateDirectory=vllm
Environment=HOME=/var/lib/vllm"""


def recipe(kind: str, launch: Launch, *, nodes: int = 1, key: str | None = None) -> str:
    """The text of a recipe. It contains no secret.

    Args:
        kind: One of ``RECIPES``.
        launch: What would be started.
        nodes: Machines, for ``ray``; its GPUs are shared evenly among them.
        key: The variable that holds the key which the server would demand.

    Raises:
        UnknownNameError: for an unknown kind.
        UsageError: when the GPUs cannot be shared among the machines.
    """
    if kind not in RECIPES:
        raise UnknownNameError("recipe", kind, RECIPES)
    if kind == "ray":
        return ray(launch, nodes, key=key)
    if nodes != 1:
        raise UsageError("--nodes needs --dry-run ray: a server on several machines is started there, not from here")
    return systemd(launch) if kind == "systemd" else command(launch, key=key)


def command(launch: Launch, *, key: str | None = None) -> str:
    """A line for a POSIX shell; the key is named, not shown."""
    return f"{_variables(launch, key)} {shlex.join(launch.arguments)}\n"


def _variables(launch: Launch, key: str | None) -> str:
    pairs = [f"{name}={shlex.quote(value)}" for name, value in launch.environment.items()]
    return " ".join([*pairs, f'{KEY_VARIABLE}="${key}"'] if key else pairs)


def ray(launch: Launch, nodes: int, *, key: str | None = None) -> str:
    """Commands that join machines with Ray and start the server on the first of them.

    Tensor parallelism stays within a machine, where GPUs are linked, and the pipeline goes from machine to machine.

    Raises:
        UsageError: when the GPUs cannot be shared among the machines.
    """
    gpus = launch.tensor_parallel * launch.pipeline_parallel
    each = gpus // max(1, nodes)
    if nodes < 2:
        raise UsageError("a Ray cluster has at least 2 machines: --nodes 2 --dry-run ray")
    if gpus % nodes or (launch.tensor_parallel > each and launch.tensor_parallel % each):
        raise UsageError(f"{gpus} GPUs cannot be shared among {nodes} machines so that {launch.model} is split evenly")
    if launch.tensor_parallel > each:
        launch = replace(launch, tensor_parallel=each, pipeline_parallel=nodes)
    launch = replace(launch, extra=(*launch.extra, "--distributed-executor-backend", "ray"))
    return _RAY.format(
        gpus=gpus, nodes=nodes, each=each, others=nodes - 1, port=_RAY_PORT, command=command(launch, key=key)
    )


def systemd(launch: Launch) -> str:
    """A unit that keeps the server running. Keys and tokens belong in the file that it names, not in the unit.

    Raises:
        UsageError: when the program has no absolute path, which systemd needs.
    """
    program = launch.program[0]
    if not program.startswith("/"):
        raise UsageError(f"systemd needs the program's whole path, and {program} has none: --vllm /path/to/vllm")
    environment = "\n".join(f"Environment={_quoted(f'{name}={value}')}" for name, value in launch.environment.items())
    line = " ".join(_quoted(part, shell=True) for part in launch.arguments)
    return _UNIT.format(environment=environment, key=KEY_VARIABLE, line=line, account=_account(launch))


def _account(launch: Launch) -> str:
    """An account of the unit's own, or the user's where program or model lie in their home: no other may enter it."""
    home = Path.home()
    inside = any(Path(part).is_relative_to(home) for part in (launch.program[0], launch.model))
    return f"User={getpass.getuser()}" if inside else _OWN_ACCOUNT


def _quoted(text: str, *, shell: bool = False) -> str:
    """A word as systemd.syntax(7) reads it back; in a command line ``$`` would name a variable too."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    if shell:
        text = text.replace("$", "$$")
    return f'"{text}"' if not text or any(c in " \t'\";\\" for c in text) else text
