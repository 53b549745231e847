"""How a model uses the CPU."""

from __future__ import annotations

import os

from ..errors import MissingExtraError

__all__ = ["use_threads"]


def use_threads(n: int | None = None) -> None:
    """Run models on `n` threads (default: all cores), which sleep while they wait for each other.

    By default OpenMP threads spin. On cores that other programs use too, a model with many small operations then runs
    twenty times slower. This has to be called before the first import of torch; afterwards only `n` has an effect.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import torch
    except ImportError as e:
        raise MissingExtraError("evaluate", "eval") from e
    if n is not None:
        torch.set_num_threads(n)
