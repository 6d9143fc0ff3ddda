"""Ten million tokens to six thousand, with a needle in them: time per stage, peak memory, whether the needle is kept.

    python benchmarks/scale.py

The text is the source code of the installed Python packages, in the order of their paths, with one sentence put in. The
command runs in a process of its own, so the peak is the command's.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from common import write

SIZE = 40_000_000
NEEDLE = "The override code of the Skellig lighthouse generator is 48151 plus the keeper's year of birth."
QUESTION = "What is the override code of the lighthouse generator on Skellig?"


def document() -> str:
    """40 MB of text with the needle two thirds in."""
    parts, size = [], 0
    for path in sorted(Path(sysconfig.get_paths()["purelib"]).rglob("*.py")):
        parts.append(path.read_text(encoding="utf-8", errors="replace"))
        size += len(parts[-1])
        if size > SIZE:
            break
    text = "\n\n".join(parts)
    place = text.index("\n\n", SIZE * 2 // 3)
    return f"{text[:place]}\n\n{NEEDLE}{text[place:SIZE]}"


def main() -> None:
    """Compress, print and write the result."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "forty-megabytes.txt"
        path.write_text(document(), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "ctxpipe",
            "compress",
            str(path),
            "-q",
            QUESTION,
            "--budget",
            "6000",
            "--no-cache",
            "--json",
        ]
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - started
    found = json.loads(done.stdout)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    result = {
        "characters": found["sources"][0]["characters"],
        "source_tokens": found["source_tokens"],
        "kept_tokens": found["kept_tokens"],
        "seconds": round(seconds, 1),
        "peak_gib": round(peak, 2),
        "needle_kept": NEEDLE in found["text"],
        "timings": found["timings"],
    }
    print(json.dumps(result, indent=1))
    write("scale", result)


if __name__ == "__main__":
    main()
