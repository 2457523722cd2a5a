"""A module that is run for every case is read once; what each run makes of it is its own."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from starter.kept_code import keep_code_of

_TEXT = '''
"""Says what it has been told."""

told: list[str] = []

def tell(word: str) -> list[str]:
    told.append(word)
    return told
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place modules are found in."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def run(name: str) -> ModuleType:
    """As the sandbox does it: nobody has imported the module yet."""
    sys.modules.pop(name, None)
    try:
        return importlib.import_module(name)
    finally:
        sys.modules.pop(name, None)


def test_runs_share_the_code_and_nothing_else(folder: Path) -> None:
    (folder / "kept_parrot.py").write_text(_TEXT)
    keep_code_of("kept_parrot")
    one, other = run("kept_parrot"), run("kept_parrot")
    assert one.tell.__code__ is other.tell.__code__
    assert one.tell is not other.tell
    assert one.tell("a") == ["a"]
    assert other.tell("b") == ["b"]


def test_a_module_nobody_asked_for_is_read_anew(folder: Path) -> None:
    (folder / "fresh_parrot.py").write_text(_TEXT)
    assert run("fresh_parrot").tell.__code__ is not run("fresh_parrot").tell.__code__


def test_a_package_on_the_way_is_kept_too_and_what_lies_beside_is_not(folder: Path) -> None:
    package = folder / "kept_aviary"
    package.mkdir()
    for name in ("__init__", "parrot", "owl"):
        (package / f"{name}.py").write_text(_TEXT)
    keep_code_of("kept_aviary.parrot")
    assert run("kept_aviary").tell.__code__ is run("kept_aviary").tell.__code__
    assert run("kept_aviary.parrot").tell.__code__ is run("kept_aviary.parrot").tell.__code__
    assert run("kept_aviary.owl").tell.__code__ is not run("kept_aviary.owl").tell.__code__


def test_a_file_changed_under_a_running_worker_stays_unseen(folder: Path) -> None:
    file = folder / "steady_parrot.py"
    file.write_text(_TEXT)
    keep_code_of("steady_parrot")
    assert run("steady_parrot").tell("a") == ["a"]
    file.write_text(_TEXT.replace("return told", "return told[::-1] + told"))
    assert run("steady_parrot").tell("a") == ["a"]
