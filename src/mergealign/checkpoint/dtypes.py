"""The number formats of safetensors, and the name torch and config files give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["DTYPES", "FLOAT_DTYPES", "DType"]


@dataclass(frozen=True)
class DType:
    """One number format.

    Attributes:
        name: as in a safetensors header, "BF16".
        torch_name: as in config.json and on the command line, "bfloat16".
        bits: per number.
        storage: numpy type that holds the bits, as kernels expect it; None if we do not compute with it.
    """

    name: str
    torch_name: str
    bits: int
    storage: np.dtype[Any] | None = None

    @property
    def n_bytes(self) -> int:
        return self.bits // 8

    def view(self, block: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, Any]:
        """The numbers in a block of bytes, as kernels expect them."""
        if self.storage is None:
            raise TypeError(f"{self.torch_name} is not a format to compute with")
        return block.view(self.storage)


def _floating(name: str, torch_name: str, storage: type[np.generic]) -> DType:
    return DType(name, torch_name, np.dtype(storage).itemsize * 8, np.dtype(storage))


_ALL = [
    _floating("BF16", "bfloat16", np.uint16),
    _floating("F16", "float16", np.int16),
    _floating("F32", "float32", np.float32),
    _floating("F64", "float64", np.float64),
    DType("C64", "complex64", 64),
    *(DType(f"I{n}", f"int{n}", n) for n in (8, 16, 32, 64)),
    *(DType(f"U{n}", f"uint{n}", n) for n in (8, 16, 32, 64)),
    DType("BOOL", "bool", 8),
    DType("F8_E4M3", "float8_e4m3fn", 8),
    DType("F8_E5M2", "float8_e5m2", 8),
    DType("F8_E8M0", "float8_e8m0fnu", 8),
    DType("F8_E4M3FNUZ", "float8_e4m3fnuz", 8),
    DType("F8_E5M2FNUZ", "float8_e5m2fnuz", 8),
    DType("F6_E2M3", "float6_e2m3", 6),
    DType("F6_E3M2", "float6_e3m2", 6),
    DType("F4", "float4_e2m1", 4),
]

DTYPES = {d.name: d for d in _ALL}
"""By safetensors name."""

FLOAT_DTYPES = {d.torch_name: d for d in _ALL if d.storage is not None}
"""Those we compute with, by torch name."""
