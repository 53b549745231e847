"""From a Python function to an object file, by numba; imported only where something must be compiled.

What numba compiles cannot be called without numba: its arguments are numba's own structures, its errors Python's. So a
second function is put before it, with 8 bytes per argument: a number, or the address of an array object, whose first
fields numpy's C interface promises (PyArrayObject). Arrays that a kernel makes for itself come from malloc of the C
library, behind the header in which numba counts references. Errors with a message that is made when they occur, as
where one array is assigned to another and shapes differ, need Python: kernels assign in loops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.codegen import CPUCodeLibrary
from numba.core.compiler import Flags, compile_extra
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.core.runtime.nrtdynmod import _meminfo_struct_type
from numba.np.arrayobj import populate_array
from numba.np.numpy_support import from_dtype

from ._forms import ArrayForm, Form
from ._native import ENTRY, MachineCode

__all__ = ["object_code"]

types: Any = numba.types
_INT32, _WORD, _ADDRESS = ir.IntType(32), ir.IntType(64), ir.IntType(8).as_pointer()
_ARRAY = ir.LiteralStructType(  # what all objects of Python have; data, number of dimensions, shape, strides
    [ir.ArrayType(ir.IntType(8), object.__basicsize__), _ADDRESS, _INT32, _WORD.as_pointer(), _WORD.as_pointer()]
)
_HEADER = ("references", "destructor", "its argument", "data", "size")
_HEADER_BYTES = 64
_LETTERS = {types.boolean: "?", types.int64: "q", types.float64: "d"}


class _ObjectFile(CPUCodeLibrary):  # type: ignore[misc]
    """A library of numba that becomes an object file instead of a part of this process."""

    content = b""

    def _finalize_final_module(self) -> None:
        self.content = self._codegen._tm.emit_object(self._final_module)
        self._finalized = True


@global_compiler_lock
def object_code(function: Callable[..., Any], form: tuple[Form, ...], **options: Any) -> MachineCode:
    """`function` for arguments of a form; `options` are those of numba.njit.

    Raises:
        TypeError: the function cannot take them.
        RuntimeError: numba has changed inside.
    """
    if len(_meminfo_struct_type.elements) != len(_HEADER):
        raise RuntimeError(f"numba {numba.__version__} counts references in another way")
    if len(form) != function.__code__.co_argcount:
        raise TypeError(f"kernel {function.__name__} cannot take {len(form)} arguments")
    flags = Flags()
    no_python = {"nopython": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    cpu_target.options.parse_as_flags(flags, {**options, **no_python})
    flags.no_compile = True  # not before the entry is there
    typing, context = cpu_target.typing_context, cpu_target.target_context
    library = _ObjectFile(context.codegen(), function.__qualname__)
    try:
        arguments = tuple(map(_type_of, form))
        compiled = compile_extra(typing, context, function, arguments, None, flags, {}, library=library)
    except numba.core.errors.NumbaError as e:
        raise TypeError(f"kernel {function.__name__} cannot take {form}: {e}") from e
    returned = compiled.signature.return_type
    results = [] if returned == types.none else list(returned) if isinstance(returned, types.BaseTuple) else [returned]
    if not set(results) <= set(_LETTERS):
        return MachineCode("", b"")
    module = library.create_ir_module(ENTRY)
    _define_entry(context, module, compiled, results)
    _define_allocation(module)
    library.add_ir_module(module)
    library.finalize()
    return MachineCode("".join(_LETTERS[r] for r in results), library.content)


def _type_of(form: Form) -> Any:
    if form is None:
        return types.none
    if isinstance(form, ArrayForm):
        return types.Array(
            from_dtype(form.dtype), form.n_dims, form.order, readonly=not form.is_writeable, aligned=form.is_aligned
        )
    return from_dtype(form) if isinstance(form, np.dtype) else types.BaseTuple.from_types(tuple(map(_type_of, form)))


def _define_entry(context: Any, module: ir.Module, compiled: Any, results: list[Any]) -> None:
    words = _WORD.as_pointer()
    entry = ir.Function(module, ir.FunctionType(_INT32, [words, words]), ENTRY)
    builder = ir.IRBuilder(entry.append_basic_block())

    def slots(start: Any) -> Iterator[Any]:
        index = 0
        while True:
            yield builder.gep(start, [_WORD(index)])
            index += 1

    given, returned = compiled.signature.args, compiled.signature.return_type
    addresses = slots(entry.args[0])
    values = [_argument(context, builder, type_, addresses) for type_ in given]
    callee = context.declare_function(module, compiled.fndesc)
    status, value = context.call_conv.call_function(builder, callee, returned, given, values)
    with builder.if_then(status.is_ok):
        parts = cgutils.unpack_tuple(builder, value) if isinstance(returned, types.BaseTuple) else [value]
        for part, type_, address in zip(parts, results, slots(entry.args[1]), strict=False):  # None is a part, too
            data = context.data_model_manager[type_].as_data(builder, part)
            builder.store(data, builder.bitcast(address, data.type.as_pointer()))
    builder.ret(builder.select(status.is_ok, _INT32(0), _INT32(1)))


def _argument(context: Any, builder: ir.IRBuilder, type_: Any, addresses: Iterator[Any]) -> Any:
    """The value, as numba wants it, of the next argument."""
    if isinstance(type_, types.NoneType):
        return context.get_dummy_value()
    if isinstance(type_, types.BaseTuple):
        return context.make_tuple(builder, type_, [_argument(context, builder, t, addresses) for t in type_])
    if not isinstance(type_, types.Array):
        data = context.get_data_type(type_)
        stored = builder.load(builder.bitcast(next(addresses), data.as_pointer()))
        return context.data_model_manager[type_].from_data(builder, stored)
    given = builder.load(builder.bitcast(next(addresses), _ARRAY.as_pointer().as_pointer()))
    start, shape, strides = (builder.load(cgutils.gep(builder, given, 0, field)) for field in (1, 3, 4))
    array = context.make_array(type_)(context, builder)
    populate_array(
        array,
        data=builder.bitcast(start, array.data.type),
        shape=[builder.load(builder.gep(shape, [_WORD(i)])) for i in range(type_.ndim)],
        strides=[builder.load(builder.gep(strides, [_WORD(i)])) for i in range(type_.ndim)],
        itemsize=context.get_abi_sizeof(context.get_data_type(type_.dtype)),
        meminfo=None,
    )
    return array._getvalue()


def _define_allocation(module: ir.Module) -> None:
    """The two functions of numba's runtime that are called by np.empty and when nobody refers to its array any more."""
    malloc = ir.Function(module, ir.FunctionType(_ADDRESS, [_WORD]), "malloc")
    free = ir.Function(module, ir.FunctionType(ir.VoidType(), [_ADDRESS]), "free")

    allocate = ir.Function(module, ir.FunctionType(_ADDRESS, [_WORD, _INT32]), "NRT_MemInfo_alloc_aligned")
    builder = ir.IRBuilder(allocate.append_basic_block())
    size, align = allocate.args[0], builder.zext(allocate.args[1], _WORD)
    room = builder.add(align, _WORD(_HEADER_BYTES))
    block = builder.call(malloc, [builder.add(size, room)])
    with builder.if_then(cgutils.is_null(builder, block), likely=False):
        builder.ret(block)
    end = builder.add(builder.ptrtoint(block, _WORD), room)
    data = builder.inttoptr(builder.sub(end, builder.urem(end, align)), _ADDRESS)
    none = ir.Constant(_ADDRESS, None)
    header = builder.bitcast(block, _meminfo_struct_type.as_pointer())
    for i, value in enumerate((_WORD(1), none, none, data, size)):  # _HEADER
        builder.store(value, cgutils.gep(builder, header, 0, i))
    builder.ret(block)

    destroy = ir.Function(module, ir.FunctionType(ir.VoidType(), [_ADDRESS]), "NRT_MemInfo_call_dtor")
    builder = ir.IRBuilder(destroy.append_basic_block())
    builder.call(free, destroy.args)
    builder.ret_void()
