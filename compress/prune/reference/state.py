"""Global state that the package changes."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

_HASH_SEED = "PYTHONHASHSEED"


@contextmanager
def undisturbed() -> Iterator[None]:
    """Restore random states, the hash seed in the environment and cuDNN's switches afterwards."""
    import numpy as np
    import torch

    cudnn = torch.backends.cudnn
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    switches = cudnn.deterministic, cudnn.benchmark
    seed = os.environ.get(_HASH_SEED)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        if devices:
            torch.cuda.set_rng_state_all(devices)
        cudnn.deterministic, cudnn.benchmark = switches
        if seed is None:
            os.environ.pop(_HASH_SEED, None)
        else:
            os.environ[_HASH_SEED] = seed
