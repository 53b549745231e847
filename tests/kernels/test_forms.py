"""Arguments in all forms reach the machine code as Python sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mergealign.kernels._compile import kernel
from mergealign.kernels._forms import ArrayForm, form_of


@kernel
def _sum_of(array: Any) -> float:
    total = 0.0
    for row in range(array.shape[0]):
        for column in range(array.shape[1]):
            total += (row + 10 * column) * array[row, column]
    return total


@kernel
def _gather(numbers: Any, arrays: Any, nothing: Any, out: Any) -> int:
    out[0], out[1], out[2], out[3], out[4] = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    for k in range(len(arrays)):
        out[5 + k] = arrays[k][-1]
    return -1 if nothing is None else len(arrays)


WHOLE = np.arange(24.0).reshape(4, 6)
UNALIGNED = np.frombuffer(b"x" + WHOLE.tobytes(), np.float64, offset=1).reshape(4, 6)


@pytest.mark.parametrize(
    "array", [WHOLE, WHOLE.T, WHOLE[:, 1:4], WHOLE[::-1, ::2], np.asfortranarray(WHOLE), WHOLE[:0], UNALIGNED]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint16])
def test_arrays_as_they_lie(array: Any, dtype: Any) -> None:
    array = array if dtype == array.dtype else array.astype(dtype, order="K")
    assert _sum_of(array) == _sum_of.py_func(array)


@pytest.mark.parametrize(
    "numbers",
    [
        (1.5, -2, True, np.float32(0.1), np.int32(-7)),
        (np.float64(-0.0), 2**40, False, np.uint64(2**52 + 1), np.int16(-3)),
        (np.uint8(255), 2**63, np.bool_(True), np.int8(-128), np.uint16(65535)),
    ],
)
@pytest.mark.parametrize("n_arrays", [1, 2, 5])
@pytest.mark.parametrize("nothing", [None, 0])
def test_numbers_tuples_and_none(numbers: Any, n_arrays: int, nothing: Any) -> None:
    arrays = tuple(np.arange(k + 1, dtype=np.float32) for k in range(n_arrays))
    compiled, plain = np.zeros((2, 10))
    assert _gather(numbers, arrays, nothing, compiled) == _gather.py_func(numbers, arrays, nothing, plain)
    assert_array_equal(compiled, plain)


def test_one_form_per_layout() -> None:
    """A column of one is contiguous in C's and in Fortran's order alike: the form of both is C's."""
    forms = {form_of(a, []) for a in (WHOLE, WHOLE[:1], np.zeros((1, 1)), np.asfortranarray(np.zeros((1, 3))))}
    assert len(forms) == 1
    form = form_of(WHOLE.T, [])
    assert isinstance(form, ArrayForm)
    assert (form.order, form.is_aligned, form.is_writeable) == ("F", True, True)
    unaligned = form_of(UNALIGNED, [])
    assert isinstance(unaligned, ArrayForm)
    assert (unaligned.order, unaligned.is_aligned, unaligned.is_writeable) == ("C", False, False)


def test_too_large_an_integer() -> None:
    with pytest.raises(TypeError, match="takes no int"):
        form_of(2**64, [])
