"""Compiled loops over blocks of parameters, on the raw numbers of a safetensors file.

A stored number is told by the numpy type of its array: bfloat16 is uint16, float16 is int16 (both are bits), float32
and float64 are themselves. One loop written once is therefore compiled for every mixture of dtypes that turns up.
"""
