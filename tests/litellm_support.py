"""LiteLLM's client, which has an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

CLIENT = """
import json, sys, litellm
litellm.telemetry = False
body = json.loads(sys.stdin.read())
made = litellm.completion(api_base=sys.argv[1] + "/v1", api_key="sk-1", **body)
if body.get("stream"):
    print(json.dumps({"text": "".join(chunk.choices[0].delta.content or "" for chunk in made)}))
else:
    print(json.dumps({"text": made.choices[0].message.content, "tokens": made.usage.prompt_tokens}))
"""


def ask(environment: Path, url: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the client of an environment is answered: ``text`` and, of an answer in one piece, ``tokens``."""
    done = subprocess.run(
        [str(environment / "bin" / "python"), "-c", CLIENT, url],
        input=json.dumps(body),
        env=os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))
