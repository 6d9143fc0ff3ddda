"""Looking for processes that should be gone."""

from __future__ import annotations

import re
import time
from pathlib import Path

import psutil


def pids_in(log: Path) -> list[int]:
    """The processes that a stand-in for vLLM names in its log."""
    text = log.read_text(encoding="utf-8", errors="replace")
    return [int(number) for found in re.findall(r"worker (\d+) main (\d+)", text) for number in found]


def alive(pids: list[int]) -> list[int]:
    """Those that still run; a zombie does not."""
    found = []
    for pid in pids:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except psutil.NoSuchProcess:
            continue
    return found


def gone(pids: list[int], seconds: float = 120) -> bool:
    """Whether all of them end within some seconds."""
    end = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pids)
