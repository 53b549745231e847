"""The kinds of arguments that a kernel is compiled for, and how arguments are handed to machine code: 8 bytes each."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np

__all__ = ["ArrayForm", "Form", "form_of", "layout_of", "packed"]

_C_ORDER, _FORTRAN_ORDER, _ALIGNED, _WRITEABLE = 0x1, 0x2, 0x100, 0x400  # numpy.ndarray.flags.num
_BOOL, _INT, _LARGE_INT, _FLOAT = map(np.dtype, (np.bool_, np.int64, np.uint64, np.float64))
_LETTERS = "?bBhHiIlLqQfd"  # types of numbers that numpy and struct call by the same letter
_array_forms: dict[tuple[np.dtype[Any], int, int], ArrayForm] = {}  # by all flags, of which few matter


@dataclass(frozen=True, eq=False)
class ArrayForm:
    """What machine code knows of an array beforehand. Equal ones are one object, so that forms are looked up fast."""

    dtype: np.dtype[Any]
    n_dims: int
    flags: int

    @property
    def order(self) -> str:
        """C, F (Fortran), or A: any strides."""
        return "C" if self.flags & _C_ORDER else "F" if self.flags & _FORTRAN_ORDER else "A"

    @property
    def is_aligned(self) -> bool:
        return bool(self.flags & _ALIGNED)

    @property
    def is_writeable(self) -> bool:
        return bool(self.flags & _WRITEABLE)


Form: TypeAlias = "ArrayForm | np.dtype[Any] | tuple[Form, ...] | None"
"""An array, a number, a tuple or None. Python's numbers are float64, int64 (uint64 where it takes that) and bool."""


def form_of(value: Any, words: list[Any]) -> Form:
    """The form of an argument; what is handed over is added to `words`.

    An array is handed over as the address of its object, which begins with what machine code needs (PyArrayObject in
    numpy's C interface): nothing has to be made for a call, which blocks of 64 Ki elements would feel.

    Raises:
        TypeError: no kernel takes such a value.
    """
    if isinstance(value, np.ndarray):
        words.append(id(value))
        key = value.dtype, value.ndim, value.flags.num
        return _array_forms.get(key) or _array_form(*key)
    if isinstance(value, tuple):
        return tuple([form_of(v, words) for v in value])
    if value is None:
        return None
    words.append(value)
    if isinstance(value, np.generic) and value.dtype.char in _LETTERS:
        return value.dtype
    if isinstance(value, float):
        return _FLOAT
    if isinstance(value, bool):
        return _BOOL
    if isinstance(value, int) and -(2**63) <= value < 2**64:
        return _INT if value < 2**63 else _LARGE_INT
    raise TypeError(f"takes no {type(value).__name__}: {value!r:.50}")


def _array_form(dtype: np.dtype[Any], n_dims: int, flags: int) -> ArrayForm:
    order = flags & _C_ORDER or flags & _FORTRAN_ORDER
    return _array_forms.setdefault(
        (dtype, n_dims, flags), _only(dtype, n_dims, flags & (_ALIGNED | _WRITEABLE) | order)
    )


_only = cache(ArrayForm)


def layout_of(form: Form) -> str:
    """The letters, as of `struct`, of the words that a form hands over."""
    if form is None:
        return ""
    if isinstance(form, ArrayForm):
        return "P"
    return form.char if isinstance(form, np.dtype) else "".join(map(layout_of, form))


def packed(letters: Iterable[str]) -> struct.Struct:
    """Numbers of these types, each at the beginning of 8 bytes."""
    return struct.Struct("".join(f"{letter}{8 - struct.calcsize(letter)}x" for letter in letters))
