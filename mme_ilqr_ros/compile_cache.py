"""Where compiled code is kept: beside the package since its installation, or in the user's cache.

numba's own disk cache needs a folder that can be written, even to read from it, and tells stale
code by the file of one function only. A package that root has installed would be compiled again by
every user, and a loop that calls one of another file would stay as it was. This cache reads from
several folders, and knows code by the texts of all files that went into it; then installations may
be copied, into an image of another machine too.

Code is kept per processor: what was compiled elsewhere is found if the processor is of the same
kind, else it is compiled once more, into the user's cache.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile

from mme_ilqr_ros import cache_folders

Heard = Callable[[str], None]


class Tally:
    """What was found and what had to be compiled since the process began.

    Attributes:
        loaded: Number of functions that were found compiled.
        compiled: Number of those that were compiled.
        foreign: Whether some were found for another kind of processor only.
        folder: Where compiled code was written to last; None while none was.
        hears: By thread: called before its first function is compiled, with the reason.
    """

    def __init__(self) -> None:
        """Begin at nothing."""
        self.loaded = self.compiled = 0
        self.foreign = False
        self.folder: Path | None = None
        self.hears: dict[int, Heard] = {}

    def missed(self, foreign: bool) -> None:
        """Count a function that is compiled now."""
        self.compiled += 1
        self.foreign |= foreign
        hears = self.hears.pop(threading.get_ident(), None)
        if hears is not None:
            hears("compiled for another processor so far" if foreign else "not compiled yet")


TALLY = Tally()


@contextlib.contextmanager
def announced(say: Heard) -> Iterator[None]:
    """Call `say` once, with the reason, if this thread compiles something inside the block."""
    TALLY.hears[threading.get_ident()] = say
    try:
        yield
    finally:
        TALLY.hears.pop(threading.get_ident(), None)


def kept_on_disk(dispatcher: Any) -> Any:
    """Return numba's function with this cache, or with numba's own where its inside is another."""
    try:
        dispatcher._cache = _DiskCache(dispatcher.py_func)
    except Exception:  # of an unknown numba
        with contextlib.suppress(Exception):  # it raises where nothing can be written
            dispatcher.enable_caching()
    return dispatcher


class _Locator:
    """Tells numba's cache what it asks of a function's place: only how to name the files."""

    def __init__(self, function: Callable) -> None:
        self._py_file = inspect.getfile(function)
        self._line = function.__code__.co_firstlineno

    @classmethod
    def from_function(cls, function: Callable, _file: str) -> _Locator:
        return cls(function)

    def get_disambiguator(self) -> str:
        return str(self._line)

    def ensure_cache_path(self) -> None:
        """Folders are made when something is written."""


class _Results(CompileResultCacheImpl):
    _locator_classes: list[Any] = [_Locator]  # noqa: RUF012


class _DiskCache(FunctionCache):
    """The cache of one function: reads where it is found, writes where that is possible."""

    def __init__(self, function: Callable) -> None:
        self._name, self._py_func = repr(function), function
        self._impl = _Results(function)
        self._stamp = _stamp(function)
        self._place = Path("loops", f"{function.__module__}-{self._stamp}")
        self._cache_file, self._cache_path = self._file(cache_folders.READY), ""
        self.enable()

    def _file(self, folder: Path) -> IndexDataCacheFile:
        return IndexDataCacheFile(str(folder / self._place), self._impl.filename_base, self._stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function of a signature, or None; damaged files count as none."""
        target_context.refresh()
        key = self._index_key(sig, target_context.codegen())
        foreign = False
        for folder in cache_folders.readable():
            file = self._file(folder)
            try:
                data = file.load(key)
                if data is None:
                    foreign |= any(known[0] == sig for known in file._load_index())
                    continue
                found = self._impl.rebuild(target_context, data)
            except Exception:  # cut short, or of an llvmlite that is no more
                continue
            TALLY.loaded += 1
            self._copy(folder, key, data)
            return found
        TALLY.missed(foreign)
        return None

    def _copy(self, folder: Path, key: Any, data: Any) -> None:
        """Keep what was found beside the package too, where that is what is being filled."""
        if cache_folders.writable() == [cache_folders.READY] != [folder]:
            with contextlib.suppress(OSError):
                self._write(cache_folders.READY, key, data)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function in the first folder that can be written; none is no error."""
        if not self._impl.check_cachable(data):
            return
        key, reduced = self._index_key(sig, data.codegen), self._impl.reduce(data)
        for folder in cache_folders.writable():
            with contextlib.suppress(OSError):  # read-only, or full
                self._write(folder, key, reduced)
                return

    def _write(self, folder: Path, key: Any, data: Any) -> None:
        (folder / self._place).mkdir(parents=True, exist_ok=True)
        file = self._file(folder)
        try:
            file.save(key, data)
        except (pickle.UnpicklingError, EOFError):  # its index was cut short
            file.flush()
            file.save(key, data)
        TALLY.folder = folder


def _stamp(function: Callable) -> str:
    """Return a hash of the files of a function and of all compiled functions that it may call."""
    texts = "".join(_text_hash(file) for file in _files(function))
    return hashlib.sha256(texts.encode()).hexdigest()[:16]


def _files(function: Callable) -> list[str]:
    """Return the files, the function's own first."""
    files, seen, waiting = dict[str, None](), set[int](), [function]
    while waiting:
        module = waiting.pop()
        names = module.__globals__
        files[inspect.getfile(module)] = None
        if id(names) in seen:
            continue
        seen.add(id(names))
        called = (getattr(value, "py_func", None) for value in list(names.values()))
        waiting += [each for each in called if each is not None and each.__globals__ is not names]
    own, *others = files
    return [own, *sorted(others)]


@functools.cache
def _text_hash(file: str) -> str:
    with open(file, "rb") as text:
        return hashlib.sha256(text.read()).hexdigest()
