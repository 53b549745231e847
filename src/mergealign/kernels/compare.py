"""How far three models are from each other: sums over a block, in float64."""

from __future__ import annotations

from typing import Any

from ._compile import kernel
from .codecs import decode

__all__ = ["distances"]


@kernel
def distances(base: Any, domain: Any, aligned: Any, sums: Any) -> None:
    """Add to sums[8]: b·b, d·d, a·a, d·b, a·b, then |d − b|², |a − b|², |d − a|²."""
    bb = dd = aa = db = ab = domain2 = aligned2 = apart2 = 0.0
    for i in range(base.size):
        b, d, a = decode(base[i]), decode(domain[i]), decode(aligned[i])
        bb += b * b
        dd += d * d
        aa += a * a
        db += d * b
        ab += a * b
        domain2 += (d - b) ** 2
        aligned2 += (a - b) ** 2
        apart2 += (d - a) ** 2
    sums[0] += bb
    sums[1] += dd
    sums[2] += aa
    sums[3] += db
    sums[4] += ab
    sums[5] += domain2
    sums[6] += aligned2
    sums[7] += apart2
