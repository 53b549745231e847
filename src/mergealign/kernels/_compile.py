"""How kernels are compiled: on first use, for the forms of arguments they are called with, once per machine.

Only compiling needs numba. So the files of kernels do not import it at the top: what they need of it is handed to
`with_numba`, to be done when the first kernel has to be compiled.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
from collections.abc import Callable
from ctypes import Array, c_char
from functools import partial, update_wrapper
from typing import Any, NamedTuple

from ._forms import Form, form_of, layout_of, packed
from ._native import MachineCode, cache_folder, keep, kept, link

__all__ = ["Kernel", "inlined", "kernel", "when_compiling", "with_numba"]

_lock = threading.RLock()
_awaiting_numba: list[Callable[[], Any]] = []
_awaiting_compiling: list[Callable[[], None]] = []


def when_compiling(tell: Callable[[], None]) -> None:
    """Call `tell` once, when the first kernel is compiled that was not in the cache; not at all if none is."""
    _awaiting_compiling.append(tell)


def with_numba(register: Callable[[], Any]) -> Callable[[], Any]:
    """Call `register`, which may import numba, before anything is compiled; never if nothing is."""
    _awaiting_numba.append(register)
    return register


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, made known to kernels: it is compiled as a part of those that call it."""

    @with_numba
    def _register() -> None:
        from numba.extending import register_jitable

        register_jitable(function)

    return function


def kernel(function: Callable[..., Any] | None = None, *, fastmath: set[str] | None = None) -> Any:
    """`function` compiled on first use per mixture of dtypes; `.py_func` is the readable original.

    Division by zero gives infinity or NaN, as in numpy: Python's error would cost vector code. `fastmath` names laws of
    arithmetic that may be assumed, for example {"reassoc"}: sums in any order.
    """
    return Kernel(function, fastmath) if function else partial(kernel, fastmath=fastmath)


def _make_numba_ready() -> None:
    while _awaiting_compiling:
        _awaiting_compiling.pop()()
    while _awaiting_numba:
        _awaiting_numba.pop(0)()


def _jit(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """`function` as numba compiles, caches and calls it by itself."""
    _make_numba_ready()
    import numba

    folder = cache_folder()
    with contextlib.suppress(OSError):
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
    if folder is None or not os.access(folder, os.W_OK | os.X_OK):  # numba would cache beside the sources: stale there
        return numba.njit(**options)(function)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        return numba.njit(**options, cache=True)(function)
    finally:
        numba.config.CACHE_DIR = before


class _Native(NamedTuple):
    arguments: struct.Struct
    run: Callable[[bytes, Any], int]
    results: struct.Struct
    room: type[Array[c_char]]


class Kernel:
    """A function of arrays, numbers, None and tuples of these that returns nothing or numbers.

    Kernels may call one another. A call releases the GIL. It raises TypeError for arguments that it cannot be compiled
    for, as an array that is written to and must not be, and RuntimeError if an array it makes for itself is impossible.
    """

    __name__: str

    def __init__(self, function: Callable[..., Any], fastmath: set[str] | None) -> None:
        self.py_func = function
        self._options = {"nogil": True, "error_model": "numpy", "fastmath": fastmath or False}
        self._natives: dict[tuple[Form, ...], _Native] = {}
        self._instead: Callable[..., Any] | None = None  # where native code cannot serve
        update_wrapper(self, function)
        with_numba(self._register)

    def __call__(self, *arguments: Any) -> Any:
        if self._instead is not None:
            return self._instead(*arguments)
        words: list[Any] = []
        try:
            form = tuple([form_of(a, words) for a in arguments])
        except TypeError as e:
            raise TypeError(f"kernel {self.__name__} {e}") from e
        native = self._natives.get(form) or self._find(form)
        if native is None:
            return self(*arguments)
        room = native.room()
        if native.run(native.arguments.pack(*words), room):
            raise RuntimeError(f"kernel {self.__name__}: no memory for the arrays that it makes for itself")
        results = native.results.unpack(room)
        return results if len(results) > 1 else results[0] if results else None

    def _register(self) -> None:
        from numba.extending import overload

        overload(self, jit_options=self._options, strict=False)(lambda *_arguments: self.py_func)

    def _find(self, form: tuple[Form, ...]) -> _Native | None:
        """The code for arguments of this form; None if `_instead` must serve."""
        with _lock:
            if form in self._natives or self._instead:
                return self._natives.get(form)
            if int(os.environ.get("NUMBA_DISABLE_JIT") or 0):
                self._instead = self.py_func
                return None
            try:
                code = self._code(form)
                run = link(code)
            except (AttributeError, ImportError, RuntimeError):  # numba promises nothing of what _object_code.py uses
                self._instead = _jit(self.py_func, **self._options)
                return None
            results = packed(code.results)
            self._natives[form] = _Native(packed(layout_of(form)), run, results, c_char * results.size)
            return self._natives[form]

    def _code(self, form: tuple[Form, ...]) -> MachineCode:
        """From the cache, or compiled and put there if it is one of ours: others may change while the key does not."""
        signature = f"{self.__module__} {form}"
        ours = self.__module__.startswith(f"{__package__}.")
        if ours and (code := kept(self.__name__, signature)):
            return code
        _make_numba_ready()
        from ._object_code import object_code

        code = object_code(self.py_func, form, **self._options)
        if ours:
            keep(self.__name__, signature, code)
        return code
