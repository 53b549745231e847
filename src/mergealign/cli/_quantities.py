"""Numbers as people read them."""

from __future__ import annotations

__all__ = ["parameters", "size"]


def _scaled(n: int, units: tuple[str, ...]) -> str:
    value = float(n)
    for unit in units[:-1]:
        if value < 999.5:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} {units[-1]}"


def size(n_bytes: int) -> str:
    """Decimal units, as disks are sold: 1.65e9 → "1.65 GB"."""
    return _scaled(n_bytes, ("B", "kB", "MB", "GB", "TB"))


def parameters(n: int) -> str:
    """As models are called: 716800 → "717 k parameters"."""
    return f"{_scaled(n, ('', 'k', 'M', 'B'))} parameters"
