#!/bin/sh
# Ask one question of the Python language reference, which every Python installation carries.
# Run it with `make demo`, which sets up what it needs.
set -eu
cd "$(dirname "$0")/.."
export PYTHONUTF8=1

reference=demo-output/python-reference.md
question="What does the nonlocal statement do?"

mkdir -p demo-output
.venv/bin/python -c '
from pydoc_data.topics import topics

for name in sorted(topics):
    print(f"# {name}\n\n{topics[name]}\n")
' > "$reference"

echo "\$ ctxpipe query $reference -q \"$question\" --budget 200 --max-tokens 64"
.venv/bin/ctxpipe query "$reference" -q "$question" --budget 200 --max-tokens 64
