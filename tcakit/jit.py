"""The only numba configuration, and the owner of the folder of compiled kernels.

numba's disk cache notices an edit of the kernel's own file only: a change in a helper of another file, in
numba's version or in a NUMBA_ flag would silently run old code. The folder is therefore named by a hash of all of
these, and is set before numba is imported.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

_PACKAGE = Path(__file__).parent
_KEPT_FOLDERS = 4

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def kernels_hash() -> str:
    """Name the code that the kernels are made of: their sources, numba's version and flags (16 hex digits)."""
    digest = hashlib.sha256()
    sources = [*sorted(_PACKAGE.rglob("*_kernel.py")), _PACKAGE / "market" / "codes.py", Path(__file__)]
    for source in sources:
        digest.update(source.relative_to(_PACKAGE).as_posix().encode())
        digest.update(source.read_bytes())
    digest.update(metadata.version("numba").encode())
    for name, value in sorted(os.environ.items()):
        if name.startswith("NUMBA_") and name != "NUMBA_CACHE_DIR":
            digest.update(f"{name}={value}".encode())
    return digest.hexdigest()[:16]


def cache_root() -> Path:
    """The folder all compiled kernels live under: $TCAKIT_CACHE, else the user's cache folder."""
    chosen = os.environ.get("TCAKIT_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if os.environ.get("TCAKIT_CACHE"):
        return Path(str(chosen)) / "kernels"
    return (Path(chosen) if chosen else Path(os.path.expanduser("~")) / ".cache") / "tcakit" / "kernels"


def _prepare_folder() -> Path:
    folder = cache_root() / kernels_hash()
    if not _is_ours(folder):
        # A read-only or absent home (cron, containers) must not stop a run.
        folder = Path(tempfile.gettempdir()) / f"tcakit-{os.geteuid()}-{kernels_hash()}"
        if not _is_ours(folder):
            folder = Path(tempfile.mkdtemp(prefix="tcakit-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder
    with suppress(OSError):
        others = sorted(
            (entry for entry in folder.parent.iterdir() if entry.is_dir()),
            key=lambda entry: entry.stat().st_mtime,
            reverse=True,
        )
        for stale in others[_KEPT_FOLDERS:]:
            shutil.rmtree(stale, ignore_errors=True)
    return folder


def _is_ours(folder: Path) -> bool:
    """Make the folder if need be; whether we may write there and, what is run being loaded from it, nobody else may."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.utime(folder)
        status = folder.stat()
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return False
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


_FOLDER = _prepare_folder()
os.environ["NUMBA_CACHE_DIR"] = str(_FOLDER)


def compiled_folder() -> Path:
    """Where compiled kernels are kept, and generated ones written: only we may write there."""
    return _FOLDER


import numba  # noqa: E402  (the folder must be known first)
import numba.extending  # noqa: E402

numba.config.CACHE_DIR = str(_FOLDER)  # type: ignore[attr-defined]

IS_COMPILED = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True, "fastmath": False}
# Unless told, a part counts references or not as its first caller does.
_PART = {**_OPTIONS, "_nrt": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def _quick_cache() -> Any:
    """numba's cache on disk, except that what was compiled before is loaded without all that numba can compile.

    A compiled kernel has no need of it, and it takes longer to load (scipy's linear algebra with it) than the whole of
    a short replay. None where numba is built otherwise than we know it: its own cache does then.
    """
    try:
        from numba.core.caching import FunctionCache
        from numba.core.runtime import rtsys
    except ImportError:
        return None
    if not hasattr(FunctionCache, "_load_overload") or not hasattr(FunctionCache, "_guard_against_spurious_io_errors"):
        return None

    class QuickCache(FunctionCache):
        def load_overload(self, sig: Any, target_context: Any) -> Any:
            rtsys.initialize(target_context)
            with self._guard_against_spurious_io_errors():
                return self._load_overload(sig, target_context)
            return None

    return QuickCache


_QuickCache = None if numba.config.DISABLE_JIT else _quick_cache()  # type: ignore[attr-defined]


def _kept(function: Kernel, **options: Any) -> Kernel:
    """Compile a kernel, or load it where it was compiled before."""
    if _QuickCache is None:
        return numba.njit(cache=True, **_OPTIONS, **options)(function)
    kernel = numba.njit(**_OPTIONS, **options)(function)
    kernel._cache = _QuickCache(function)
    return kernel


def jit(function: Kernel) -> Kernel:
    """Compile a bare loop over columns, cached on disk across processes."""
    return _kept(function)


def lanes_jit(function: Kernel) -> Kernel:
    """Compile a kernel whose neighbouring sums, kept in names of their own, are made in one instruction.

    Each sum is added up in the order that stands there, so that its bits are those of `jit`. The compiler looks for
    such neighbours only if told: elsewhere they are few and the search takes its time.
    """
    kernel: Any = _kept(function)
    if IS_COMPILED:
        compile_plain = kernel.compile

        def compile_in_lanes(signature: Any) -> Any:
            before = numba.config.SLP_VECTORIZE  # type: ignore[attr-defined]
            numba.config.SLP_VECTORIZE = 1  # type: ignore[attr-defined]
            try:
                return compile_plain(signature)
            finally:
                numba.config.SLP_VECTORIZE = before  # type: ignore[attr-defined]

        kernel.compile = compile_in_lanes
    lanes: Kernel = kernel
    return lanes


def inline(function: Kernel) -> Kernel:
    """Compile a small helper that kernels call in their inner loop."""
    return _kept(function, inline="always")


def part(function: Kernel) -> Kernel:
    """Compile a part of a kernel: only kernels can call it, and its code is kept with theirs.

    Left without numba's doors to Python and C, which take longer to compile than a small function does.
    """
    return numba.njit(**_PART)(function)


def hot_part(function: Kernel) -> Kernel:
    """Compile a part of a kernel and melt it into its caller: what runs on every row and is handed many arrays."""
    return numba.njit(forceinline=True, **_PART)(function)


# References to arrays are counted at every call of a part, with locked additions that cost more than a short part does.
_BARE: dict[str, Any] = {"_nrt": False}


def _closed() -> dict[str, Any]:
    """Options that make the parts of a kernel its own: nobody else may call them, so their arguments can be pruned.

    A function that others might call must be handed all it names, and a tuple of eight arrays is seventy numbers: most
    of the time of a part that is called was taken by putting them on the stack. Nothing where numba is built otherwise
    than we know it.
    """
    try:
        from llvmlite.binding import Linkage
        from numba.core.codegen import JITCodeLibrary
        from numba.core.compiler import Compiler
    except ImportError:
        return {}
    if not hasattr(JITCodeLibrary, "_optimize_final_module") or not hasattr(JITCodeLibrary, "enable_object_caching"):
        return {}

    class Library(JITCodeLibrary):
        def _optimize_final_module(self) -> None:
            # The loader takes a pruned part for the whole one that another kernel calls, if they have one name.
            mark = f".{uuid4().hex}"
            for function in self._final_module.functions:
                if not function.is_declaration and function.linkage == Linkage.linkonce_odr:
                    function.linkage = Linkage.internal
                    function.name += mark
            super()._optimize_final_module()

    class ClosedCompiler(Compiler):
        def __init__(self, typing: Any, target: Any, library: Any, *rest: Any) -> None:
            if library is None:
                library = Library(target.codegen(), "kernel")
                library.enable_object_caching()
            super().__init__(typing, target, library, *rest)

    return {"pipeline_class": ClosedCompiler}


_CLOSED = _closed() if IS_COMPILED else {}


def bare_jit(function: Kernel) -> Kernel:
    """Compile a kernel that makes no arrays, not even slices, and so need not count references to those it is given."""
    return _kept(function, **_BARE)


def tower_jit(function: Kernel) -> Kernel:
    """Compile such a kernel that stands on top of many parts that are called, and is called by none itself."""
    return _kept(function, **_BARE, **_CLOSED)


def bare_call(function: Kernel) -> Kernel:
    """Compile a part of such a kernel that is called rather than melted in: it is large, or seldom needed."""
    return numba.njit(**{**_PART, **_BARE})(function)


def bare_part(function: Kernel) -> Kernel:
    """Compile a part of such a kernel and melt it into its caller; it makes no arrays either."""
    return numba.njit(forceinline=True, **{**_PART, **_BARE})(function)


def _unfinished(is_melted: bool) -> dict[str, Any]:
    """Options that leave a part as numba lowered it: it is optimised in the kernel on top, and there only.

    numba optimises a function, with all that it calls, wherever one is called by another: a tower of parts is then
    optimised once a storey, and none of it is ever run but from the top. A part that is not melted into its callers
    stays a function of its own, so that what is seldom needed does not swell what always runs. Nothing where numba is
    built otherwise than we know it, which then takes its time.
    """
    try:
        from llvmlite.binding import Linkage
        from numba.core.codegen import JITCodeLibrary
        from numba.core.compiler import Compiler
    except ImportError:
        return {}
    if not hasattr(JITCodeLibrary, "_optimize_final_module") or not hasattr(JITCodeLibrary, "_finalize_final_module"):
        return {}

    class NoEnvironment:
        def set_env(self, name: str, environment: Any) -> None:
            """What is never run by itself needs none."""

    class Library(JITCodeLibrary):
        def _optimize_final_module(self) -> None:
            pass

        def _finalize_final_module(self) -> None:
            if not is_melted:
                for function in self._final_module.functions:
                    if not function.is_declaration and function.linkage == Linkage.external:
                        function.add_function_attribute("noinline")
            self._finalize_dynamic_globals()
            self._finalized = True

        def get_pointer_to_function(self, name: str) -> int:
            return 0

        @property
        def codegen(self) -> Any:
            return NoEnvironment()

    class UnfinishedCompiler(Compiler):
        def __init__(self, typing: Any, target: Any, library: Any, *rest: Any) -> None:
            super().__init__(typing, target, library or Library(target.codegen(), "part"), *rest)

    return {"pipeline_class": UnfinishedCompiler}


_MELTED = _unfinished(True) if IS_COMPILED else {}
_CALLED = _unfinished(False) if IS_COMPILED else {}


def _storey(part: Any, kernel: Any = None) -> Any:
    """Compile a part for kinds of arguments, not for each value that a caller writes out; Python calls `kernel`."""
    if not IS_COMPILED:
        return part

    class Storey(type(part)):  # type: ignore[misc]
        def get_call_template(self, arguments: Any, named: Any) -> Any:
            return super().get_call_template(tuple(numba.types.unliteral(each) for each in arguments), named)

        def __call__(self, *arguments: Any) -> Any:
            if kernel is None:
                raise TypeError(f"{part.__name__} is a part of a kernel: only kernels can call it")
            return kernel(*arguments)

    part.__class__ = Storey
    return part


# What is not said is done as in the function that happened to call first.
_MELTED_PART = {**_PART, **_BARE, **_MELTED, "forceinline": True}
_CALLED_PART = {**_PART, **_BARE, **_CALLED, "forceinline": False}


def tower_part(function: Kernel) -> Kernel:
    """Compile a part among many that call one another, and melt it into its caller; it makes no arrays but slices."""
    return _storey(numba.njit(**_MELTED_PART)(function))


def tower_call(function: Kernel) -> Kernel:
    """Compile such a part that is called rather than melted in."""
    return _storey(numba.njit(**_CALLED_PART)(function))


def melted_door(function: Kernel) -> Kernel:
    """Compile a part that is melted into its caller; for Python it is compiled once more, as a kernel."""
    return _storey(numba.njit(**_MELTED_PART)(function), tower_jit(function))


def tower_door(function: Kernel) -> Kernel:
    """Compile a part that is called rather than melted in; for Python it is compiled once more, as a kernel."""
    return _storey(numba.njit(**_CALLED_PART)(function), tower_jit(function))


def _prefetch(typing: Any, array: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        from llvmlite import ir

        held = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        offset = builder.mul(arguments[1], ir.Constant(arguments[1].type, array.dtype.bitwidth // 8))
        place = builder.gep(builder.bitcast(held.data, byte), [offset])
        wanted = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], wanted)
        # For reading (0), to be kept in every cache (3), as data (1).
        builder.call(function, [place, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return numba.types.void(array, at), generate


def _no_prefetch(array: Any, at: int) -> None:
    """Plain Python has no say in what memory does."""


# Ask for the memory of an element of a flat array that a kernel needs soon; one that is not there does no harm.
prefetch: Callable[[Any, Any], None] = (
    _no_prefetch if numba.config.DISABLE_JIT else numba.extending.intrinsic(_prefetch)  # type: ignore[assignment, attr-defined]
)


def _big_endian(width: int) -> Any:
    def load(typing: Any, array: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            from llvmlite import ir

            held = context.make_array(signature.args[0])(context, builder, arguments[0])
            kind = ir.IntType(8 * width)
            place = builder.bitcast(builder.gep(held.data, [arguments[1]]), kind.as_pointer())
            word = builder.bswap(builder.load(place, align=1))
            return word if width == 8 else builder.zext(word, ir.IntType(64))

        return numba.types.int64(array, at), generate

    return numba.extending.intrinsic(load)


# Big-endian words of that many bytes in a flat array of bytes, read by one load: the compiler makes one of single bytes
# only where it sees no way to look at some of them alone. None where indices are checked or nothing is compiled.
big_endian: dict[int, Any] = {
    width: None if numba.config.DISABLE_JIT or numba.config.BOUNDSCHECK else _big_endian(width)  # type: ignore[attr-defined]
    for width in (2, 4, 8)
}


def _pointer_to(kind: Any) -> Any:
    def pointer(typing: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return numba.types.CPointer(kind)(address), generate

    return numba.extending.intrinsic(pointer)


# An address as a pointer that numba.carray makes an array of: a kernel that is handed one table of addresses is called
# in a microsecond, one that is handed the arrays themselves in a microsecond each.
pointer_to: dict[str, Any] = {
    name: None if numba.config.DISABLE_JIT else _pointer_to(getattr(numba.types, name))  # type: ignore[attr-defined]
    for name in ("int8", "uint8", "int32", "int64", "uint64", "float32", "float64")
}


TABLE_COLUMNS = 5
"""Of a table of arrays: the address of one, then its lengths in up to four dimensions, 1 where it has fewer."""
_KINDS = {"i": "int64", "f": "float64", "u": "uint64", "s": "float32"}


def _leaves(layout: Any) -> int:
    """How many arrays a layout of `arrays_at` has."""
    return sum(1 if isinstance(part, str) else _leaves(part) for part in layout[1])


def _tuple_type(layout: Any) -> Any:
    parts = [
        numba.types.Array(getattr(numba.types, _KINDS[part[0]]), int(part[1]), "C")
        if isinstance(part, str)
        else _tuple_type(part)
        for part in layout[1]
    ]
    return numba.types.BaseTuple.from_types(parts, layout[0])


def arrays_at(layout: Any) -> Any:
    """A function for kernels that makes a named tuple of the arrays that stand in a table at an address (int64 rows of
    TABLE_COLUMNS). `layout` is (tuple type, parts in order): of an array its kind and dimensions ("i2": int64 of two
    dimensions, "f": float64, "u": uint64, "s": float32), of a tuple in it a layout of its own.

    It costs nothing for arrays that the kernel does not use, and none of them is counted. None as plain Python.
    """
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return None

    def read(typing: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            from llvmlite import ir
            from numba.np.arrayobj import populate_array

            word = ir.IntType(64)
            table = builder.inttoptr(arguments[0], word.as_pointer())
            row = iter(range(_leaves(layout)))

            def array(kind: Any) -> Any:
                first = next(row) * TABLE_COLUMNS
                cells = [
                    builder.load(builder.gep(table, [ir.Constant(word, first + column)]))
                    for column in range(1 + kind.ndim)
                ]
                size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
                strides = [ir.Constant(word, size)]
                for length in reversed(cells[2:]):
                    strides.insert(0, builder.mul(strides[0], length))
                made = context.make_array(kind)(context, builder)
                data = builder.inttoptr(cells[0], context.get_data_type(kind.dtype).as_pointer())
                populate_array(made, data, cells[1:], strides, ir.Constant(word, size), None)
                return made._getvalue()

            def pack(kind: Any) -> Any:
                values = [pack(part) if isinstance(part, numba.types.BaseTuple) else array(part) for part in kind]
                return context.make_tuple(builder, kind, values)

            return pack(signature.return_type)

        return _tuple_type(layout)(numba.types.int64), generate

    return numba.extending.intrinsic(read)


def _caller(result: str, arguments: tuple[str, ...]) -> Any:
    """Call the compiled function at an address; what it raises is raised."""
    kinds = [getattr(numba.types, name) for name in arguments]
    gives = getattr(numba.types, result)

    def call(typing: Any, address: Any, given: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            from numba.core import cgutils

            packed = cgutils.unpack_tuple(builder, values[1])
            cast = [
                context.cast(builder, value, have, want)
                for value, have, want in zip(packed, signature.args[1].types, kinds, strict=True)
            ]
            kind = context.call_conv.get_function_type(gives, kinds)
            function = builder.inttoptr(values[0], kind.as_pointer())
            status, found = context.call_conv.call_function(builder, function, gives, kinds, cast)
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return found

        return gives(numba.types.int64, given), generate

    return numba.extending.intrinsic(call)


def _plain_caller(function: Any, given: tuple[Any, ...]) -> Any:
    return function(*given)


# A call of a function known by its address (`address_of`). For one that is handed over, the caller would be compiled
# anew in every process; so it stays in the cache as it is.
call_step: Callable[[Any, tuple[Any, ...]], Any] = (
    _plain_caller if numba.config.DISABLE_JIT else _caller("int64", ("int64", "int64"))  # type: ignore[attr-defined]
)
call_int: Callable[[Any, tuple[Any, ...]], Any] = (
    _plain_caller if numba.config.DISABLE_JIT else _caller("int64", ("int64",) * 3)  # type: ignore[attr-defined]
)
call_float: Callable[[Any, tuple[Any, ...]], Any] = (
    _plain_caller if numba.config.DISABLE_JIT else _caller("float64", ("float64",) * 6)  # type: ignore[attr-defined]
)


def address_of(function: Any, result: str, arguments: tuple[str, ...]) -> Any:
    """Where the machine code of a kernel is, compiled for types by name: good while the kernel lives. As plain Python,
    the function itself."""
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return function
    kinds = tuple(getattr(numba.types, name) for name in arguments)
    function.compile(getattr(numba.types, result)(*kinds))
    compiled = function.overloads[kinds]
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


def straight(kernel: Kernel, *arguments: object) -> Kernel:
    """A kernel for arguments of just these types, without the look at them that numba takes at every call.

    That look costs as much again as the call of a kernel that is handed two integers. Whoever calls what this gives
    answers for the types.
    """
    if not IS_COMPILED:
        return kernel
    types = tuple(numba.typeof(argument) for argument in arguments)
    compiled: Any = kernel
    compiled.compile(types)
    found: Kernel = compiled.overloads[types].entry_point
    return found


@contextmanager
def compile_times() -> Iterator[dict[str, float]]:
    """Collect the seconds each kernel took to compile while the block ran (empty when all came from the cache)."""
    seconds: dict[str, float] = {}
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        yield seconds
        return
    from numba.core import event

    class Recorder(event.Listener):
        def __init__(self) -> None:
            self.started: dict[object, float] = {}

        def on_start(self, event: Any) -> None:
            from time import perf_counter

            self.started[event.data["dispatcher"]] = perf_counter()

        def on_end(self, event: Any) -> None:
            from time import perf_counter

            dispatcher = event.data["dispatcher"]
            name = dispatcher.py_func.__name__
            seconds[name] = seconds.get(name, 0.0) + perf_counter() - self.started.pop(dispatcher)

    recorder = Recorder()
    event.register("numba:compile", recorder)
    try:
        yield seconds
    finally:
        event.unregister("numba:compile", recorder)
