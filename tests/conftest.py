"""What all tests share: threads, the embedded models, the shared data sets, a copy of the repository."""

from __future__ import annotations

import gc
import os
import secrets
import signal
from pathlib import Path

# Each worker gets its share of the cores; otherwise every library would start a thread per core in every worker. The
# libraries read these when they are imported, so this comes before any of them.
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_THREADS = max(1, (os.cpu_count() or 1) // _WORKERS)
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(_name, str(_THREADS))
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["HF_HUB_OFFLINE"] = "1"
# A shell that starts the tests in the background lets them ignore Ctrl-C, and so every process that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
# No test sees scores that another one, or whoever runs the tests, computed: nothing can be kept there.
os.environ["CTXPIPE_SCORES"] = "/dev/null/none"
os.environ["CTXPIPE_DOCUMENTS"] = "/dev/null/none"

# Ray asks nobody and lets in nobody but what this process starts.
os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))

import pytest  # noqa: E402 - see above
from checkout_support import ROOT, copy_checkout  # noqa: E402 - see above
from hypothesis import HealthCheck, settings  # noqa: E402 - see above

# A busy machine makes examples slow without making them wrong.
settings.register_profile(
    "ctxpipe", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=False
)
settings.load_profile("ctxpipe")

pytest_plugins = ["browser", "model_fixtures"]


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting, key or proxy of whoever runs the tests must not change what they see."""
    from ctxpipe.config import OLD_SETTINGS, PREFIX, SETTINGS

    keys = ("CTXPIPE_API_KEY", "CTXPIPE_PRUNE_API_KEY", "CTXPIPE_SCORER_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL")
    for name in (
        *keys,
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
        *(f"{PREFIX}{key.upper()}" for key in (*SETTINGS, *OLD_SETTINGS)),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost,::1")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def smollm2_dir() -> Path:
    """The embedded causal model, fetched when it is not in the user's cache."""
    from ctxpipe.models.resolve import resolve

    return Path(resolve("smollm2-135m"))


@pytest.fixture(scope="session")
def minilm_dir() -> Path:
    """The embedded embedding model, fetched when it is not in the user's cache."""
    from ctxpipe.models.resolve import resolve

    return Path(resolve("minilm-l6"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data sets beside the repository; without it the test is skipped."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the data sets are not beside the repository (../shared/data)")
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the repository's tracked files as they stand, links kept as links."""
    return copy_checkout(tmp_path / "checkout")


SLOW = (
    "benchmarks/",
    "commands/test_hostile_folder.py",
    "commands/test_query_local.py",
    "compress/cache/test_remembering_pipeline.py",
    "compress/learned/test_adversarial.py",
    "compress/learned/test_combine.py",
    "compress/learned/test_languages.py",
    "compress/prune/llmlingua2/test_classifiers.py",
    "compress/prune/llmlingua2/test_parity.py",
    "compress/prune/llmlingua2/test_scorer.py",
    "compress/prune/test_llmlingua.py",
    "compress/prune/test_reference.py",
    "compress/prune/test_upstream_faults.py",
    "compress/prune/test_walk.py",
    "evals/runs/test_runner.py",
    "evals/suites/test_lengths.py",
    "evals/targets/test_generation.py",
    "evals/targets/test_likelihood.py",
    "integrations/",
    "models/test_qwen.py",
    "models/test_reach.py",
    "models/test_sources.py",
    "pipeline/batch/test_ray.py",
    "pipeline/cover/test_on_a_server.py",
    "pipeline/gateway/",
    "pipeline/readers/test_read_pdf_scans.py",
    "pipeline/test_processes.py",
    "test_demo.py",
    "test_documentation.py",
    "training/",
)


def _slow(path: Path) -> bool:
    return path.relative_to(Path(__file__).parent).as_posix().startswith(SLOW)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no file whose tests the suite leaves out: reading those takes every worker as long as many tests."""
    left_out = {"not slow": True, "slow": False}.get(config.option.markexpr)
    if left_out is None or collection_path.suffix != ".py":
        return None
    return True if _slow(collection_path) is left_out else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long for what it tells of a change."""
    for item in items:
        if _slow(item.path):
            item.add_marker("slow")


def pytest_collection_finish() -> None:
    """Leave what collecting made out of every later garbage collection: it lives as long as the run."""
    gc.collect()
    gc.freeze()
