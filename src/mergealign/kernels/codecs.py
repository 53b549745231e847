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
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload, register_jitable

__all__ = ["BFLOAT16", "bits_of_float32", "decode", "encode", "float32_of_bits", "is_finite"]


def _reinterpret(name: str, python: str, source: Any, target: Any, llvm: ir.Type) -> Any:
    """A function that reads the bits of a `source` number as a `target` number (struct formats in `python`)."""

    def plain(x: Any) -> Any:
        return struct.unpack(python[1], struct.pack(python[0], x))[0]

    @intrinsic
    def compiled(_typing: Any, x: Any) -> Any:  # noqa: ARG001
        return target(source), lambda _ctx, builder, _sig, args: builder.bitcast(args[0], llvm)

    plain.__name__ = name

    @overload(plain)
    def _choose(x):  # type: ignore[no-untyped-def]  # noqa: ARG001
        return lambda x: compiled(source(x))

    return plain


float32_of_bits = _reinterpret("float32_of_bits", "If", types.uint32, types.float32, ir.FloatType())
bits_of_float32 = _reinterpret("bits_of_float32", "fI", types.float32, types.uint32, ir.IntType(32))
_f64_of = _reinterpret("_f64_of", "Qd", types.uint64, types.float64, ir.DoubleType())
_bits_of_f64 = _reinterpret("_bits_of_f64", "dQ", types.float64, types.uint64, ir.IntType(64))

_F64_EXPONENT = 0x7FF0_0000_0000_0000


@register_jitable
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


@register_jitable
def _decode_bf16(stored: Any) -> float:
    return np.float64(float32_of_bits(np.uint32(stored) << np.uint32(16)))


@register_jitable
def _decode_f16(stored: Any) -> float:
    bits = np.uint32(stored) & np.uint32(0xFFFF)
    magnitude = bits & np.uint32(0x7FFF)
    sign = (bits >> np.uint32(15)) << np.uint32(31)
    if magnitude >= np.uint32(0x7C00):  # infinity, or NaN with its payload
        return np.float64(float32_of_bits(sign | np.uint32(0x7F80_0000) | (magnitude << np.uint32(13))))
    # as float32 bits the exponent is 112 too low; one exact product mends it, for subnormals too
    return np.float64(float32_of_bits(sign | (magnitude << np.uint32(13)))) * 2.0**112


@register_jitable
def _decode_float(stored: Any) -> float:
    return np.float64(stored)  # float() would keep float32 in a kernel


@register_jitable
def _encode_bf16(value: float, _like: Any) -> Any:
    rounded = _round(value, 7, 2.0**-126)
    return np.uint16(bits_of_float32(np.float32(rounded)) >> np.uint32(16))


@register_jitable
def _encode_f16(value: float, _like: Any) -> Any:
    rounded = _round(value, 10, 2.0**-14)
    bits = bits_of_float32(np.float32(rounded * 2.0**-112))  # exact: the inverse of the product in _decode_f16
    magnitude = (bits & np.uint32(0x7FFF_FFFF)) >> np.uint32(13)
    if not abs(rounded) <= 65504.0:
        magnitude = np.uint32(0x7E00) if value != value else np.uint32(0x7C00)
    return np.int16(np.uint16(((bits >> np.uint32(31)) << np.uint32(15)) | magnitude))


@register_jitable
def _encode_f32(value: float, _like: Any) -> Any:
    return np.float32(value)


@register_jitable
def _encode_f64(value: float, _like: Any) -> Any:
    return np.float64(value)


@register_jitable
def _is_finite_bf16(stored: Any) -> bool:
    return (stored & np.uint16(0x7F80)) != np.uint16(0x7F80)


@register_jitable
def _is_finite_f16(stored: Any) -> bool:
    return (stored & np.int16(0x7C00)) != np.int16(0x7C00)


@register_jitable
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


def encode(value: float, like: Any) -> Any:
    """`value` in the format of the stored number `like`, rounded to nearest even once; too large becomes infinity."""
    return _ENCODE[like.dtype.name](value, like)


def is_finite(stored: Any) -> bool:
    """Whether a stored number is neither NaN nor infinite."""
    return bool(_IS_FINITE[stored.dtype.name](stored))


@overload(decode)
def _compiled_decode(stored):  # type: ignore[no-untyped-def]
    chosen = _DECODE[str(stored)]
    return lambda stored: chosen(stored)


@overload(encode)
def _compiled_encode(value, like):  # type: ignore[no-untyped-def]  # noqa: ARG001
    chosen = _ENCODE[str(like)]
    return lambda value, like: chosen(value, like)


@overload(is_finite)
def _compiled_is_finite(stored):  # type: ignore[no-untyped-def]
    chosen = _IS_FINITE[str(stored)]
    return lambda stored: chosen(stored)
