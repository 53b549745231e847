"""bfloat16, float16, float32 and float64 bits ↔ float64, rounded to nearest even exactly once.

`decode(stored)` and `encode(value, like)` choose the format by the numpy type of `stored` and `like`: uint16 is
bfloat16, int16 is float16, float32 and float64 are themselves. Both exist twice: as plain Python (the reference, used
by the tests) and as what numba compiles into a kernel.
"""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np

from ._compile import inlined, with_numba

__all__ = ["BFLOAT16", "bits_of_float32", "decode", "decode_narrow", "either", "encode", "float32_of_bits", "is_finite"]


def _reinterpret(name: str, python: str, source: str, target: str) -> Any:
    """A function that reads the bits of a `source` number as a `target` number (struct formats in `python`)."""

    def plain(x: Any) -> Any:
        return struct.unpack(python[1], struct.pack(python[0], x))[0]

    plain.__name__ = name

    @with_numba
    def _register() -> None:
        from numba import types
        from numba.extending import intrinsic, overload

        given, wanted = getattr(types, source), getattr(types, target)

        @intrinsic
        def compiled(_typing: Any, x: Any) -> Any:  # noqa: ARG001
            return wanted(given), lambda ctx, builder, _sig, args: builder.bitcast(args[0], ctx.get_value_type(wanted))

        @overload(plain)
        def _choose(x):  # type: ignore[no-untyped-def]  # noqa: ARG001
            return lambda x: compiled(given(x))

    return plain


float32_of_bits = _reinterpret("float32_of_bits", "If", "uint32", "float32")
bits_of_float32 = _reinterpret("bits_of_float32", "fI", "float32", "uint32")
_f64_of = _reinterpret("_f64_of", "Qd", "uint64", "float64")
_bits_of_f64 = _reinterpret("_bits_of_f64", "dQ", "float64", "uint64")


def either(x: Any, y: Any) -> Any:
    """x | y of two uint32. numba widens that to 64 bits, which halves the lanes of the loop around it."""
    return np.uint32(x | y)


@with_numba
def _register_either() -> None:
    from numba import types
    from numba.extending import intrinsic, overload

    @intrinsic
    def or32(_typing: Any, _x: Any, _y: Any) -> Any:
        return types.uint32(types.uint32, types.uint32), lambda _c, builder, _s, args: builder.or_(args[0], args[1])

    @overload(either)
    def _choose(x, y):  # type: ignore[no-untyped-def]  # noqa: ARG001
        return lambda x, y: or32(x, y)


_F64_EXPONENT = 0x7FF0_0000_0000_0000


@inlined
def _round(x: float, mantissa_bits: int, smallest_normal: float) -> float:
    """`x` rounded to nearest even to a float of `mantissa_bits` stored bits, subnormals included.

    Adding a power of two 2^(e + 52 − mantissa_bits) to a number of exponent e leaves just the wanted bits in the sum,
    rounded by the hardware; subtracting it again is exact.
    """
    size = abs(x)
    if not size > smallest_normal:  # below it, all numbers share one spacing
        size = smallest_normal
    shift = _f64_of((_bits_of_f64(size) & np.uint64(_F64_EXPONENT)) + (np.uint64(52 - mantissa_bits) << np.uint64(52)))
    return math.copysign((abs(x) + shift) - shift, x)


@inlined
def _decode_bf16(stored: Any) -> float:
    return np.float64(float32_of_bits(np.uint32(stored) << np.uint32(16)))


@inlined
def _decode_f16(stored: Any) -> float:
    bits = np.uint32(stored) & np.uint32(0xFFFF)
    magnitude = bits & np.uint32(0x7FFF)
    sign = (bits >> np.uint32(15)) << np.uint32(31)
    if magnitude >= np.uint32(0x7C00):  # infinity, or NaN with its payload
        return np.float64(float32_of_bits(sign | np.uint32(0x7F80_0000) | (magnitude << np.uint32(13))))
    # as float32 bits the exponent is 112 too low; one exact product mends it, for subnormals too
    return np.float64(float32_of_bits(sign | (magnitude << np.uint32(13)))) * 2.0**112


@inlined
def _decode_float(stored: Any) -> float:
    return np.float64(stored)  # float() would keep float32 in a kernel


@inlined
def _encode_bf16(value: float, _like: Any) -> Any:
    rounded = _round(value, 7, 2.0**-126)
    return np.uint16(bits_of_float32(np.float32(rounded)) >> np.uint32(16))


@inlined
def _encode_bf16_of_f32(value: Any, _like: Any) -> Any:
    """The same for a float32 value, in 32-bit integers: four times as fast."""
    bits = bits_of_float32(value)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    rounded = np.uint16((bits + np.uint32(0x7FFF) + odd) >> np.uint32(16))
    return rounded if value == value else np.uint16(0x7FC0)  # a sum of NaN's bits might carry into the sign


@inlined
def _encode_f16(value: float, _like: Any) -> Any:
    rounded = _round(value, 10, 2.0**-14)
    bits = bits_of_float32(np.float32(rounded * 2.0**-112))  # exact: the inverse of the product in _decode_f16
    magnitude = (bits & np.uint32(0x7FFF_FFFF)) >> np.uint32(13)
    if not abs(rounded) <= 65504.0:
        magnitude = np.uint32(0x7E00) if value != value else np.uint32(0x7C00)
    return np.int16(np.uint16(((bits >> np.uint32(31)) << np.uint32(15)) | magnitude))


@inlined
def _encode_f32(value: float, _like: Any) -> Any:
    return np.float32(value)


@inlined
def _encode_f64(value: float, _like: Any) -> Any:
    return np.float64(value)


@inlined
def _is_finite_bf16(stored: Any) -> bool:
    return (stored & np.uint16(0x7F80)) != np.uint16(0x7F80)


@inlined
def _is_finite_f16(stored: Any) -> bool:
    return (stored & np.int16(0x7C00)) != np.int16(0x7C00)


@inlined
def _is_finite_float(stored: Any) -> bool:
    return abs(stored) < np.inf


BFLOAT16 = "uint16"
"""The numpy type that stands for bfloat16."""

_DECODE = {"uint16": _decode_bf16, "int16": _decode_f16, "float32": _decode_float, "float64": _decode_float}
_ENCODE = {"uint16": _encode_bf16, "int16": _encode_f16, "float32": _encode_f32, "float64": _encode_f64}
_IS_FINITE = {
    "uint16": _is_finite_bf16,
    "int16": _is_finite_f16,
    "float32": _is_finite_float,
    "float64": _is_finite_float,
}


def decode(stored: Any) -> float:
    """The value of a stored number, exact. (No subnormal is flushed, no NaN is lost.)"""
    return _DECODE[stored.dtype.name](stored)


def decode_narrow(stored: Any) -> Any:
    """The value of a stored number, exact, in float32 where its format fits into it."""
    return decode(stored) if stored.dtype == np.float64 else np.float32(decode(stored))


def encode(value: float, like: Any) -> Any:
    """`value` in the format of the stored number `like`, rounded to nearest even once; too large becomes infinity."""
    return _ENCODE[like.dtype.name](float(value), like)  # numpy would go on in float32


def is_finite(stored: Any) -> bool:
    """Whether a stored number is neither NaN nor infinite."""
    return bool(_IS_FINITE[stored.dtype.name](stored))


@with_numba
def _register() -> None:
    from numba.extending import overload

    @overload(decode)
    def _decode(stored):  # type: ignore[no-untyped-def]
        chosen = _DECODE[str(stored)]
        return lambda stored: chosen(stored)

    @overload(decode_narrow)
    def _decode_narrow(stored):  # type: ignore[no-untyped-def]
        chosen = _DECODE[str(stored)]
        if str(stored) == "float64":
            return lambda stored: chosen(stored)
        return lambda stored: np.float32(chosen(stored))

    @overload(encode)
    def _encode(value, like):  # type: ignore[no-untyped-def]
        if str(value) == "float32" and str(like) == BFLOAT16:
            return lambda value, like: _encode_bf16_of_f32(value, like)
        chosen = _ENCODE[str(like)]
        return lambda value, like: chosen(np.float64(value), like)

    @overload(is_finite)
    def _is_finite(stored):  # type: ignore[no-untyped-def]
        chosen = _IS_FINITE[str(stored)]
        return lambda stored: chosen(stored)
