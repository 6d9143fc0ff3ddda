"""A program that behaves like ``vllm serve`` from the outside: a real process with a worker, a log and a web server."""

from __future__ import annotations

import sys
from pathlib import Path

OOM = (
    "ValueError: To serve at least one request with the model's max seq len (8192), (0.18 GiB KV cache is needed, "
    "which is larger than the available KV cache memory (0.06 GiB). Based on the available memory, the estimated "
    "maximum model length is 2896. Try increasing `gpu_memory_utilization`"
)

PROGRAM = """\
#!{python}
import argparse, http.server, json, os, signal, subprocess, sys, time

MANNER = os.environ.get("FAKE_VLLM", "")
if sys.argv[1:] == ["--version"]:
    print(os.environ.get("FAKE_VLLM_VERSION", "0.32.0"))
    sys.exit()
parser = argparse.ArgumentParser()
parser.add_argument("command")
parser.add_argument("model")
parser.add_argument("--host")
parser.add_argument("--port", type=int)
parser.add_argument("--served-model-name")
parser.add_argument("--max-model-len", default="8192")
given, rest = parser.parse_known_args()
length = 8192 if given.max_model_len == "auto" else int(given.max_model_len)

def say(text):
    print(f"(EngineCore pid={{os.getpid()}}) INFO 11-21 12:31:18 [core.py:1] {{text}}", flush=True)

deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)" if MANNER in ("deaf", "killed") else "pass"
lives = f"import signal, time; {{deaf}}; print('up', flush=True); time.sleep(300)"
worker = subprocess.Popen([sys.executable, "-c", lives], start_new_session=True, stdout=subprocess.PIPE)
worker.stdout.readline()
say(f"worker {{worker.pid}} main {{os.getpid()}} command {{json.dumps(sys.argv)}}")
say("Resolved architecture: LlamaForCausalLM")
say("Starting to load model m...")
if MANNER.startswith("says "):
    print(MANNER.removeprefix("says "), file=sys.stderr, flush=True)
    sys.exit(1)
if MANNER == "tight" and length > 2896:
    print({oom!r}, flush=True)
    sys.exit(1)
if MANNER == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if MANNER == "hangs":
    time.sleep(300)
if MANNER == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:00<00:00]", end="\\r", flush=True)
say("GPU KV cache size: 93,184 tokens, Maximum concurrency")

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = sum(len(turn["content"].split()) for turn in body["messages"])
        said = {{"role": "assistant", "content": "Mr. Hale"}}
        usage = {{"prompt_tokens": words, "completion_tokens": 2}}
        answer = {{"model": body["model"], "choices": [{{"message": said, "finish_reason": "stop"}}], "usage": usage}}
        body = json.dumps({{"count": words}} if self.path == "/tokenize" else answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        key = os.environ.get("VLLM_API_KEY")
        allowed = self.path == "/health" or key is None or self.headers.get("Authorization") == f"Bearer {{key}}"
        name = given.served_model_name or given.model
        body = json.dumps({{"data": [{{"id": name, "max_model_len": length}}]}}).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if MANNER == "dies" and self.path == "/v1/models":
            print("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", flush=True)
            os._exit(1)

http.server.HTTPServer((given.host, given.port), Handler).serve_forever()
"""


def write_vllm(folder: Path) -> Path:
    """Write the program, which ``FAKE_VLLM`` in its environment makes fail.

    ``says TEXT`` fails with the text; ``tight`` fails as long as the window is above 2,896; ``killed``, ``hangs``,
    ``deaf`` (to SIGTERM) and ``dies`` (once it has answered) do what they are called. Its worker has a session of its
    own, and in ``killed`` and ``deaf`` is deaf, too.
    """
    program = folder / "vllm"
    program.write_text(PROGRAM.format(python=sys.executable, oom=OOM), encoding="utf-8")
    program.chmod(0o755)
    return program
