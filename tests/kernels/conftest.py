"""After the tests of each file: no kernel of the package had to be left to numba."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from mergealign.kernels._compile import Kernel


@pytest.fixture(autouse=True, scope="module")
def all_kernels_stand_alone() -> Iterator[None]:
    yield
    modules = [module for name, module in sys.modules.items() if name.startswith("mergealign.kernels.")]
    kernels = [value for module in modules for value in vars(module).values() if isinstance(value, Kernel)]
    assert kernels
    assert [k.__name__ for k in kernels if k._instead is not None] == []
