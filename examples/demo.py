"""Ask two questions of the Python language reference, which every Python installation carries.

Run it with ``make demo``, which sets up what it needs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

FOLDER = Path("demo-output")
DOCUMENT = "python-reference.md"
MODEL = "qwen2.5-coder-0.5b"
QUESTIONS = ("What does the nonlocal statement do?", "What does the await expression do?")
WIDTH = 100
NEXT = """\
What to type next:

  .venv/bin/ctxpipe query YOUR-FILES -q "..."            your own PDFs, folders, notebooks, mail, ...
  .venv/bin/ctxpipe query YOUR-FILES -q "..." --cover    a question that only all of them answer: summaries, lists
  .venv/bin/ctxpipe query YOUR-FILES -q "..." --target http://HOST:8000    a larger model on a server
  .venv/bin/ctxpipe compress YOUR-FILES -q "..." --budget 4000             only the text, for another program
"""


def command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``ctxpipe`` in the folder of the demo."""
    return subprocess.run([sys.executable, "-m", "ctxpipe", *arguments], cwd=FOLDER, text=True, check=False, **options)


def write_document() -> None:
    """The topics of the language reference as one file."""
    FOLDER.mkdir(exist_ok=True)
    text = "".join(f"# {name}\n\n{topics[name]}\n\n" for name in sorted(topics))
    (FOLDER / DOCUMENT).write_text(text, encoding="utf-8")


def ask(question: str) -> None:
    """Ask, and print answer, sources and numbers."""
    print(f'$ ctxpipe query {DOCUMENT} -q "{question}"\n', flush=True)
    started = time.perf_counter()
    done = command("query", DOCUMENT, "-q", question, "--json", "--quiet", capture_output=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(done.stderr.strip())
    run = json.loads(done.stdout)
    if run["model"] != MODEL:
        print(done.stderr, file=sys.stderr)  # the reason is there
    print(textwrap.fill(" ".join(run["answer"].split()), WIDTH), end="\n\n")
    for citation in run["citations"]:
        print(source(citation), end="\n\n")
    context = run["context"]
    print(f"{context['source_tokens']:,} tokens read, {context['kept_tokens']:,} sent, {seconds:.1f} s\n", flush=True)


def source(citation: dict[str, Any]) -> str:
    """A cited sentence and its place."""
    number = f"[{citation['number']}] " if citation["number"] else ""
    sentence = textwrap.fill(f"{number}{' '.join(citation['text'].split())}", WIDTH - 2)
    place = f"{citation['source']}, characters {citation['start']:,} to {citation['end']:,}"
    return textwrap.indent(f"{sentence}\n{place}", "  ")


def main() -> None:
    """The demo."""
    write_document()
    command("models", "pull", MODEL)  # where it cannot be had, query says so, and another model answers
    print(flush=True)
    for question in QUESTIONS:
        ask(question)
    print(NEXT, end="")


if __name__ == "__main__":
    main()
