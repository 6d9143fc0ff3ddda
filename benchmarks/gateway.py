"""The gateway under load: what it adds to requests that fit and to those that are cut, its memory, its cache of turns.

    python benchmarks/gateway.py [--litellm FOLDER] [--headroom FOLDER] [--seconds 20] [--clients 1 16 64] [--cuts]

A fake server answers at once. The same clients ask it directly, through the gateway and, with the folders of
environments in which ``litellm[proxy]`` and ``headroom-ai[proxy]`` are installed, through the proxies of LiteLLM and
Headroom. Each client sends its next request a pause after the last was answered, so that clients wait for the proxy and
not for each other; ``closed`` has no pause. With ``--cuts`` only what is cut is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
from common import write

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from samples import prose

CLIENTS = (1, 16, 64)
PAUSE = 1.0
KEY = f"sk-{secrets.token_hex(32)}"
WINDOW = 10_000
SERVER = Path(__file__).with_name("instant_server.py")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def process(command: list[str], url: str, path: str = "/v1/models", **environ: str) -> Iterator[psutil.Process]:
    """Start a program and wait until it answers."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | environ)
        try:
            end = time.monotonic() + 180
            while True:
                try:
                    if httpx2.get(url + path, timeout=5, headers={"authorization": f"Bearer {KEY}"}).status_code < 500:
                        break
                except httpx2.TransportError:
                    pass
                if child.poll() is not None or time.monotonic() > end:
                    out.seek(0)
                    raise RuntimeError(out.read().decode(errors="replace")[-3000:])
                time.sleep(0.2)
            yield psutil.Process(child.pid)
        finally:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@contextmanager
def litellm(folder: Path, target: str) -> Iterator[tuple[str, psutil.Process]]:
    """LiteLLM's proxy in front of the fake server, with nothing but what it needs."""
    port = free_port()
    config = {
        "model_list": [
            {"model_name": "m", "litellm_params": {"model": "openai/m", "api_base": f"{target}/v1", "api_key": "sk-1"}}
        ],
        "litellm_settings": {"telemetry": False, "drop_params": True},
    }
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        command = [str(folder / "bin" / "litellm"), "--config", str(path), "--host", "127.0.0.1", "--port", str(port)]
        url = f"http://127.0.0.1:{port}"
        quiet = {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY}
        with process(command, url, "/health/liveliness", **quiet) as made:
            yield url, made


@contextmanager
def headroom(folder: Path, target: str, *options: str) -> Iterator[tuple[str, psutil.Process]]:
    """Headroom's proxy in front of a server; it fetches nothing."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        str(folder / "bin" / "headroom"),
        "proxy",
        "--port",
        str(port),
        "--no-cache",
        "--no-rate-limit",
        *options,
    ]
    with tempfile.TemporaryDirectory() as home:
        quiet = {"HEADROOM_OFFLINE": "1", "HEADROOM_TELEMETRY": "off", "HOME": home}
        with process(command, url, "/health", OPENAI_TARGET_API_URL=f"{target}/v1", **quiet) as made:
            yield url, made


def body(number: int, size: str) -> tuple[bytes, str]:
    """A request, and the end of its last message, which the answer must repeat."""
    mark = f"The number of this question is {number:09d}."
    said = [{"role": "system", "content": "Be brief."}]
    if size == "long":
        said += [{"role": "user", "content": f"{LONG} {number}"}, {"role": "assistant", "content": "Noted."}]
    said.append(
        {
            "role": "user",
            "content": f"{NOTE if size == 'counted' else ''}What did the harbour of Mr. Hale measure? {mark}",
        }
    )
    return json.dumps({"model": "m", "messages": said, "max_tokens": 50}).encode(), mark[-40:]


LONG = prose(330)
NOTE = f"{prose(60)}\n\n"


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def load(url: str, clients: int, seconds: float, *, size: str = "small", pause: float = PAUSE) -> dict[str, Any]:
    """Clients that ask for some seconds; no answer may be lost or be another's."""
    taken: list[float] = []
    lost = mixed = number = 0
    headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
    limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
    end = time.perf_counter() + seconds

    async def one(client: httpx2.AsyncClient, index: int) -> None:
        nonlocal lost, mixed, number
        await asyncio.sleep(pause * index / clients)
        while time.perf_counter() < end:
            number += 1
            data, mark = body(number, size)
            started = time.perf_counter()
            try:
                said = await client.post(f"{url}/v1/chat/completions", content=data, headers=headers)
                taken.append(time.perf_counter() - started)
                lost += said.status_code != 200
                mixed += said.status_code == 200 and said.json()["choices"][0]["message"]["content"] != mark
            except httpx2.TransportError:
                lost += 1
            await asyncio.sleep(pause)

    async with httpx2.AsyncClient(timeout=60, limits=limits, trust_env=False) as client:
        await asyncio.gather(*(one(client, index) for index in range(clients)))
    return {
        "requests": len(taken),
        "lost": lost,
        "mixed_up": mixed,
        "p50_ms": round(1000 * quantile(taken, 0.5), 2),
        "p99_ms": round(1000 * quantile(taken, 0.99), 2),
    }


def processor_seconds(program: psutil.Process | None) -> float:
    """Seconds of processor time of a program and its children."""
    family = [program, *program.children(recursive=True)] if program else []
    return float(sum(sum(one.cpu_times()[:2]) for one in family))


async def many(url: str, memory: psutil.Process, count: int) -> dict[str, Any]:
    """Memory of the gateway's processes over so many requests, every hundredth of which is cut."""
    sizes = []
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as client:
        for number in range(count):
            if number % (count // 10) == 0:
                family = [memory, *memory.children(recursive=True)]
                sizes.append(round(sum(one.memory_info().rss for one in family) / 2**20))
            data, _ = body(number, "long" if number % 100 == 0 else "counted")
            await client.post(f"{url}/v1/chat/completions", content=data, headers={"content-type": "application/json"})
    return {"requests": count, "mebibytes_at_each_tenth": sizes}


def fits(options: argparse.Namespace, result: dict[str, Any]) -> None:
    """What is added to requests that fit, and memory."""
    with ExitStack() as stack:
        target, own = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        stack.enter_context(process([sys.executable, str(SERVER), target.rpartition(":")[2], str(WINDOW)], target))
        gateway = [sys.executable, "-m", "ctxpipe", "gateway", "--target", target, "--port", own.rpartition(":")[2]]
        memory = stack.enter_context(process(gateway, own, "/healthz"))
        places = {"direct": target, "gateway": own}
        programs = {"gateway": memory}
        if options.litellm:
            places["litellm"], programs["litellm"] = stack.enter_context(litellm(options.litellm, target))
        if options.headroom:
            places["headroom"], programs["headroom"] = stack.enter_context(headroom(options.headroom, target))
        for clients in options.clients:
            for name, url in places.items():
                asyncio.run(load(url, clients, 2.0))  # connections, caches
                result[f"fits, {clients} clients, {name}"] = asyncio.run(load(url, clients, options.seconds))
        for name in ("direct", "gateway"):
            taken = asyncio.run(load(places[name], 64, options.seconds, size="counted"))
            result[f"fits and is counted, 64 clients, {name}"] = taken
        for name, url in places.items():
            before = processor_seconds(programs.get(name))
            taken = asyncio.run(load(url, 64, options.seconds, pause=0.0))
            # What a busy machine changes least.
            spent = 1000 * (processor_seconds(programs.get(name)) - before) / max(1, taken["requests"])
            result[f"fits, 64 clients, closed, {name}"] = {**taken, "processor_ms_a_request": round(spent, 2)}
        result["memory"] = asyncio.run(many(own, memory, options.requests))


def cuts(options: argparse.Namespace, result: dict[str, Any]) -> None:
    """How long it takes to cut 8,000 tokens to 2,000."""
    with ExitStack() as stack:
        target = f"http://127.0.0.1:{free_port()}"
        stack.enter_context(process([sys.executable, str(SERVER), target.rpartition(":")[2], str(WINDOW)], target))
        for rank in ("bm25", "hybrid"):
            own = f"http://127.0.0.1:{free_port()}"
            gateway = [sys.executable, "-m", "ctxpipe", "gateway", "--target", target, "--port", own.rpartition(":")[2]]
            how = ["--budget", "2000", "--rank", rank, "--deadline", "30"]
            with process([*gateway, *how], own, "/healthz") as program:
                asyncio.run(load(own, 1, 2.0, size="long", pause=0.0))
                before = processor_seconds(program)
                cut = asyncio.run(load(own, 1, options.seconds, size="long", pause=0.0))
                spent = 1000 * (processor_seconds(program) - before) / max(1, cut["requests"])
            result[f"8,000 tokens cut to 2,000, 1 client, {rank}"] = {**cut, "processor_ms_a_request": round(spent, 1)}


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--litellm", type=Path)
    parser.add_argument("--headroom", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--cuts", action="store_true", help="measure only what is cut")
    parser.add_argument("--name", default="gateway", help="of the file with the results")
    options = parser.parse_args()
    result: dict[str, Any] = {"load_average_before": os.getloadavg(), "pause_seconds": PAUSE}
    if not options.cuts:
        fits(options, result)
    cuts(options, result)
    result["load_average_after"] = os.getloadavg()
    print(json.dumps(result, indent=1))
    write(options.name, result)


if __name__ == "__main__":
    main()
