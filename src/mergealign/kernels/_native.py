"""Machine code of kernels: kept in files of a cache folder, loaded by LLVM alone, without numba.

Importing numba and making its first kernel ready takes longer than a small merge; LLVM takes a tenth of that. A file
holds one object file, as compilers write them, with one function that needs nothing but the C library. The folder is
named after a digest of all kernel sources, the file after the rest that the code depends on: the form of the arguments,
the versions of numba and llvmlite, the CPU. A digest of the content is kept with it: code that was damaged is not run
but compiled again. Where no file can be written, kernels are compiled anew in each process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import xxhash

__all__ = ["ENTRY", "MachineCode", "cache_folder", "keep", "kept", "link"]

ENTRY = "mergealign_kernel"
"""The function in an object file: of packed arguments and room for results, to an int32 that is 0 if all went well."""

_DIGEST_BYTES = 16
_numbers = count()  # of libraries: LLVM remembers the names of those that failed, too
_linked: list[Any] = []  # what LLVM frees when Python does, while its functions can still be called


@dataclass(frozen=True)
class MachineCode:
    """An object file, and the types of the results of its function as letters of `struct`.

    No bytes: a kernel whose code cannot stand without numba.
    """

    results: str
    object_file: bytes


@cache
def cache_folder() -> Path | None:
    """Where the code made from these sources is kept; None where nobody knows the user's home."""
    sources = b"".join(p.read_bytes() for p in sorted(Path(__file__).parent.glob("*.py")))
    try:
        if chosen := os.environ.get("NUMBA_CACHE_DIR"):  # the user's word
            home = Path(chosen)
        elif sys.platform == "darwin":
            home = Path.home() / "Library" / "Caches"
        else:
            home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return home / "mergealign" / f"kernels-{xxhash.xxh3_64_hexdigest(sources)}"


@cache
def _machine() -> str:
    """What the code depends on besides sources and arguments."""
    import llvmlite
    from llvmlite import binding

    spec = find_spec("numba")  # does not import it; package metadata would take 20 ms to tell the version
    numba = Path(spec.origin).with_name("_version.py").read_text() if spec and spec.origin else ""
    cpu = [
        sys.platform,
        str(object.__basicsize__),
        binding.get_host_cpu_name(),
        binding.get_host_cpu_features().flatten(),
    ]
    wishes = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("NUMBA_"))
    return "\n".join([numba, llvmlite.__version__, *cpu, *wishes])


def _file(name: str, signature: str) -> Path | None:
    folder = cache_folder()
    return folder and folder / f"{name}-{xxhash.xxh3_128_hexdigest((signature + _machine()).encode())}"


def kept(name: str, signature: str) -> MachineCode | None:
    """The code of a kernel for arguments of the forms in `signature`, if there is a file of it, undamaged."""
    try:
        path = _file(name, signature)
        content = path.read_bytes() if path else b""
    except OSError:
        return None
    digest, body = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if not body or xxhash.xxh3_128_digest(body) != digest:
        return None
    results, _, object_file = body.partition(b"\n")
    return MachineCode(results.decode(), object_file)


def keep(name: str, signature: str, code: MachineCode) -> None:
    """Write the file that `kept` reads, whole or not at all; where that is not possible, there will be none."""
    body = code.results.encode() + b"\n" + code.object_file
    path = _file(name, signature)
    if path is None:
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=path.parent)
        try:
            with open(handle, "wb") as file:
                file.write(xxhash.xxh3_128_digest(body) + body)
            os.replace(unfinished, path)
        except OSError:
            os.unlink(unfinished)


@cache
def _engine() -> Any:
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding.create_lljit_compiler(suppress_errors=True)  # they are raised


def link(code: MachineCode) -> Callable[[bytes, Any], int]:
    """The function of an object file; it runs without the GIL, in many threads at once.

    Raises:
        RuntimeError: it needs what this process does not have.
    """
    if not code.object_file:
        raise RuntimeError("the code does not stand without numba")
    from llvmlite.binding import JITLibraryBuilder

    builder = JITLibraryBuilder().add_object_img(code.object_file).add_current_process().export_symbol(ENTRY)
    library = builder.link(_engine(), f"{ENTRY}_{next(_numbers)}")
    _linked.append(library)
    return ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_char_p, ctypes.c_void_p)(library[ENTRY])
