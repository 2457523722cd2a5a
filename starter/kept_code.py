"""Modules that are run many times from code read once: the sandbox runs a workflow's module anew for every run."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

_code: dict[str, CodeType | None] = {}


class _Loader(SourceFileLoader):
    """Each module it makes is one of its own; the code they are made by is the same object, which cannot change."""

    def get_code(self, fullname: str) -> CodeType | None:
        """See InspectLoader."""
        if fullname not in _code:
            _code[fullname] = super().get_code(fullname)
        return _code[fullname]


class _Finder(MetaPathFinder):
    """Python's own, with that loader, for the modules it was told of."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See MetaPathFinder."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname in self.names else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


_FINDER = _Finder()


def keep_code_of(module: str) -> None:
    """From now on this module and the packages it is in are read once in this process, however often they are run.

    Read anew, a module has each name, constant and piece of code once more: 20 kB of each case in memory. A file that
    is changed under a running worker stays unseen, as in every module Python has imported.
    """
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    parts = module.split(".")
    _FINDER.names.update(".".join(parts[: end + 1]) for end in range(len(parts)))
