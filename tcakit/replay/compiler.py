"""A user's file of plain functions as a strategy that runs compiled: checked, bound to the replay's loop, and cached.

numba's cache on disk cannot hold a function that is handed another one. So the user's source is written, with a loop
that calls its functions by name, into a module of its own beside the compiled kernels, under the hash of its text: the
next process finds it compiled.
"""

from __future__ import annotations

import ast
import builtins
import dis
import hashlib
import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numba

from tcakit.errors import UsageError
from tcakit.jit import address_of, compiled_folder
from tcakit.registry import nearest

_CALLBACKS = {
    "on_start": ("market", "me"),
    "on_time": ("market", "me"),
    "on_fill": ("market", "me", "fill"),
    "on_order": ("market", "me", "order", "event", "reason"),
}
_NEEDED = ("on_start", "on_time")
# What else a file imported could change without the compiled code being known as old, or the run as another one.
_MAY_IMPORT = ("__future__", "math", "numpy", "tcakit.market.codes", "tcakit.replay.compiled", "typing")
_REMEDY = "see docs/compiled-strategies.md"
# The user's text stands first, so that lines of errors are those of the user's file.
_LOOP = """

# --- what tcakit wrote -------------------------------------------------------------------------------------------
from tcakit.jit import bare_call as _tcakit_part, bare_jit as _tcakit_door
from tcakit.replay.events_kernel import event_of as _tcakit_event_of, fill_of as _tcakit_fill_of
from tcakit.replay.own_kernel import CHANGES as _TCAKIT_CHANGES, FILLS as _TCAKIT_FILLS, STARTS as _TCAKIT_STARTS

{parts}


@_tcakit_door
def tcakit_asked(market, me, what):
    if what == _TCAKIT_STARTS:
        on_start(market, me)
    elif what == _TCAKIT_FILLS:
        {on_fill}
    elif what == _TCAKIT_CHANGES:
        {on_order}
    else:
        on_time(market, me)
    return 0
"""
_TOLD = {
    "on_fill": "on_fill(market, me, _tcakit_fill_of(market, me))",
    "on_order": "on_order(market, me, *_tcakit_event_of(market, me))",
}


@dataclass(frozen=True)
class CompiledStrategy:
    """A strategy of plain functions, compiled. `parameters` are its PARAMETERS with their values if none are given;
    `integers` and `floats` how much memory it asked for; `source_hash` names its text;
    `asked` is where its machine code is, as `events_kernel.run` wants it."""

    name: str
    path: Path
    parameters: Mapping[str, float]
    integers: int
    floats: int
    source_hash: str
    asked: Any

    def values(self, given: Mapping[str, Any]) -> list[float]:
        """Its parameters, in order, with those given; UsageError for a name or value that cannot be."""
        for name, value in given.items():
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise UsageError(
                    f"{self.name} has no parameter {name!r}", place=str(self.path), remedy=f"it has {known}"
                )
            try:
                float(value)
            except (TypeError, ValueError) as error:
                raise UsageError(f"{value!r} is no number", place=name, remedy="give a number") from error
        return [float(given.get(name, default)) for name, default in self.parameters.items()]


_LOADED: dict[tuple[Path, str], CompiledStrategy] = {}


def load_strategy(path: Path) -> CompiledStrategy:
    """The strategy that a file of plain functions is, compiled now or earlier.

    UsageError, with file and line, if it is none or does not compile.
    """
    source = _read(path)
    if (path, source) in _LOADED:
        return _LOADED[path, source]
    tree = _parse(source, path)
    _check_imports(tree, path)
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    _check_callbacks(tree, path)
    told = {name: text if name in names else "pass" for name, text in _TOLD.items()}
    parts = "\n".join(f"{name} = _tcakit_part({name})" for name in names)
    module = bound_module(path, source + _LOOP.format(parts=parts, **told))
    _check_names(module, names, path)
    _LOADED[path, source] = CompiledStrategy(
        name=path.stem,
        path=path,
        parameters=_parameters(module, path),
        integers=_memory(module, "INTEGERS", path),
        floats=_memory(module, "FLOATS", path),
        source_hash=_hash(source),
        asked=compiled_address(module, "tcakit_asked", "int64", ("int64",) * 3, path),
    )
    return _LOADED[path, source]


# --- the generated module ----------------------------------------------------------------------------------------


def bound_module(path: Path, text: str) -> ModuleType:
    """Import a generated text from the folder of compiled code, where it is written if it is not there yet."""
    name = f"tcakit_user_{_hash(text)}"
    if name in sys.modules:
        return sys.modules[name]
    file = compiled_folder() / "user" / f"{name}.py"
    if not file.exists():
        file.parent.mkdir(mode=0o700, exist_ok=True)
        # Its time of writing is what numba's cache goes by: written once, and never half.
        with tempfile.NamedTemporaryFile("w", dir=file.parent, suffix=".tmp", delete=False, encoding="utf-8") as part:
            part.write(text)
        os.replace(part.name, file)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        line = _line_in(error, file)
        raise UsageError(
            f"{type(error).__name__}: {error}", place=f"{path}:{line}" if line else str(path), remedy=_REMEDY
        ) from error
    return module


def _line_in(error: BaseException, file: Path) -> int | None:
    """The last line of a file that an error went through."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def compiled_address(module: ModuleType, name: str, result: str, arguments: tuple[str, ...], path: Path) -> Any:
    """Where a function of a generated module is, compiled; UsageError with the user's line if it does not compile."""
    try:
        return address_of(getattr(module, name), result, arguments)
    except numba.core.errors.NumbaError as error:
        text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
        file = re.escape(Path(str(module.__file__)).name)
        length = len(path.read_text(encoding="utf-8").splitlines())
        lines = [int(line) for line in re.findall(rf"{file}\W+line (\d+)", text)]
        line = next((line for line in lines if line <= length), None)
        place = f"{path}:{line}" if line else str(path)
        raise UsageError(f"does not compile: {_said(text)}", place=place, remedy=_REMEDY) from error


def _said(text: str) -> str:
    """The sentence of a numba error that says what is wrong."""
    skipped = ("Failed in", "During", "File ", "resolving", "There are", "- Of which", "Overload", "With argument", "^")
    for line in text.splitlines():
        said = line.strip()
        if said and not said.startswith(skipped):
            return said
    return text.strip().splitlines()[0]


# --- what a file must be -----------------------------------------------------------------------------------------


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", place=str(path), remedy="check the path") from error


def _parse(source: str, path: Path) -> ast.Module:
    try:
        return ast.parse(source, str(path))
    except SyntaxError as error:
        raise UsageError(f"no Python: {error.msg}", place=f"{path}:{error.lineno}", remedy="correct it") from error


def _check_imports(tree: ast.Module, path: Path) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found = ["." if node.level else str(node.module)]
        elif isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        else:
            continue
        for name in found:
            if name not in _MAY_IMPORT:
                raise UsageError(
                    f"imports {name}: a compiled strategy stands in one file",
                    place=f"{path}:{node.lineno}",
                    remedy=f"write it into the file; it may import {', '.join(_MAY_IMPORT[1:-1])}",
                )


def _check_callbacks(tree: ast.Module, path: Path) -> None:
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name in _NEEDED:
        if name not in found:
            raise UsageError(f"there is no function {name}(market, me)", place=str(path), remedy=_REMEDY)
    for name, wanted in _CALLBACKS.items():
        if name not in found:
            continue
        arguments = found[name].args
        if len(arguments.args) != len(wanted) or arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
            raise UsageError(
                f"{name} must take ({', '.join(wanted)})", place=f"{path}:{found[name].lineno}", remedy=_REMEDY
            )


def _check_names(module: ModuleType, names: Sequence[str], path: Path) -> None:
    """Refuse names that nothing stands behind, which the compiler would find without saying where."""
    known = {**vars(builtins), **vars(module)}
    for name in names:
        function = getattr(module, name)
        line = None
        for step in dis.get_instructions(getattr(function, "py_func", function)):
            line = step.positions.lineno if step.positions and step.positions.lineno else line
            if step.opname == "LOAD_GLOBAL" and step.argval not in known:
                guess = nearest(step.argval, [*vars(module)])
                raise UsageError(
                    f"name {step.argval!r} is not defined",
                    place=f"{path}:{line}",
                    remedy=f"did you mean {guess!r}?" if guess else _REMEDY,
                )


def _parameters(module: ModuleType, path: Path) -> dict[str, float]:
    given = getattr(module, "PARAMETERS", {})
    try:
        return {str(name): float(value) for name, value in given.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise UsageError(
            "PARAMETERS is no table of names and numbers", place=str(path), remedy='write PARAMETERS = {"offset": 1}'
        ) from error


def _memory(module: ModuleType, name: str, path: Path) -> int:
    size = getattr(module, name, 64)
    if not isinstance(size, int) or not 0 <= size <= 1 << 24:
        raise UsageError(f"{name} is {size!r}", place=str(path), remedy="give a whole number up to 16777216")
    return size
