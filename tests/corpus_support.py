"""Kills an indexer while it works."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

_CODE = """
import os, signal, sqlite3, sys
from ctxpipe.pipeline.corpus import corpus, embed, index

index._COMMIT_SECONDS = 0.0
embed.BATCH_CHARACTERS = 500
folder, file, words, left = sys.argv[1:4] + [int(sys.argv[4])]
connect = sqlite3.connect

def counted(statement):
    global left
    left -= statement.startswith(words)
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

def traced(*place, **options):
    database = connect(*place, **options)
    database.set_trace_callback(counted)
    return database

sqlite3.connect = traced
corpus.index(folder, file)
"""


def killed_at(folder: Path, file: Path, statement: str, count: int) -> None:
    """Index a folder in small commits, in a process that kills itself at an SQL statement.

    It is killed from inside, so that the moment is the same on a busy machine.

    Args:
        folder: What is indexed.
        file: The corpus file.
        statement: How the statement begins.
        count: How many statements begin so, with the one at which it is killed.
    """
    given = [str(folder), str(file), statement, str(count)]
    done = subprocess.run([sys.executable, "-c", _CODE, *given], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
