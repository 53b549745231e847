"""mergealign: a domain expert made safe again without training.

    merged = base + λ_d · (domain − base) + λ_a · (aligned − base)

The public names load on first use, so that `import mergealign` costs nothing.
"""

from __future__ import annotations

from typing import Any

__all__ = ["MergeAlignError", "__version__"]

_HOME = {"MergeAlignError": "errors"}


def __getattr__(name: str) -> Any:
    import importlib

    if name == "__version__":
        from importlib.metadata import version

        return version("mergealign")
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
