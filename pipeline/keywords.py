"""Keywords of the last release that `Pipeline` and its two functions still take."""

from __future__ import annotations

import dataclasses

from ctxpipe.compress.select.keep import Keep
from ctxpipe.old_names import KeywordGroup, old_keywords
from ctxpipe.serving.engines import Target

former_keywords = old_keywords(
    KeywordGroup(
        keyword="target",
        shown="Target",
        fields={name: name for name in ("window", "timeout", "endpoint")},
        make=lambda given, values: dataclasses.replace(Target.of("local" if given is None else given), **values),
    ),
    KeywordGroup(
        keyword="keep",
        shown="Keep",
        fields={"force_tokens": "force_tokens"},
        make=lambda given, values: dataclasses.replace(Keep.of(() if given is None else given), **values),
    ),
    scorer="prune_model",
    scorer_url="prune_url",
    errors="decode_errors",
    engine="target",
)
