"""Which software made a record."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

__all__ = ["software_versions"]


def software_versions(packages: Iterable[str]) -> dict[str, str]:
    """Version of Python, of mergealign and of each installed package named, read from metadata without importing it."""
    found = {"python": platform.python_version()}
    for name in ("mergealign", *packages):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
