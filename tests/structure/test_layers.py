"""The house keeps its order: imports go one way, the sandbox stays clean, every duty is on the worker."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity

from activities import duties
from activities.store import Store
from models.base import Contract
from models.case import Case
from models.commands import COMMANDS, IncidentDecision, TakenBack
from models.dossier import Dossier
from models.names import COMMAND_NAMES
from procedures import load_packs
from procedures.checks import needed_commands
from rules.actions import ACTIONS
from starter.settings import Settings
from tests.support import test_parts as make_parts
from worker import WORKFLOWS
from worker import duties as duties_by_queue

ROOT = Path(__file__).parents[2]
MAY_IMPORT: dict[str, set[str]] = {
    "models": set(),
    "migrations": {"models"},
    "procedures": {"models"},
    "rules": {"models"},
    "texts": {"models"},
    "activities": {"models", "migrations", "procedures", "rules", "texts"},
    "workflows": {"models", "procedures", "rules", "texts", "activities"},
    "reports": {"models", "procedures", "rules", "texts", "activities"},
    "verify": {"models", "procedures", "rules", "texts", "activities", "workflows"},
    "starter": {"models", "migrations", "procedures", "rules", "texts", "activities", "workflows", "reports", "verify"}
    | {"worker"},
    "worker": {"models", "procedures", "rules", "texts", "activities", "workflows", "reports", "verify", "starter"},
}
OURS = set(MAY_IMPORT)
SQL = {"tables.py", "settlement_tables.py", "quality_tables.py", "rows.py", "guards.py", "audit_table.py"}
"""Of `models`: the tables, which workflows and rules never import."""


def modules(package: str) -> list[Path]:
    return [ROOT / "worker.py"] if package == "worker" else sorted((ROOT / package).rglob("*.py"))


def imports(file: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_imports_go_one_way(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in modules(package)
        for name, line in imports(file)
        if name.partition(".")[0] in OURS - allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ["models", "rules"])
def test_decisions_know_neither_temporal_nor_a_database(package: str) -> None:
    strangers = {"temporalio", "sqlalchemy", "sqlmodel", "aiosqlite", "httpx2", "asyncio"}
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in modules(package)
        if file.name not in SQL
        for name, line in imports(file)
        if name.partition(".")[0] in strangers
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ["workflows", "rules", "starter.main", "starter.cases"])
def test_no_database_is_loaded_with(package: str) -> None:
    code = (
        f"import importlib, pkgutil, sys; m = importlib.import_module('{package}');"
        "[importlib.import_module(f'{m.__name__}.{i.name}') for i in pkgutil.iter_modules(getattr(m, '__path__', []))];"
        "print(any(n in sys.modules for n in ('sqlmodel', 'sqlalchemy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "False"


def test_every_duty_is_done_by_an_activity_of_its_name_on_the_worker() -> None:
    contracts = [cls for _, cls in inspect.getmembers(duties, inspect.isclass) if cls.__module__ == duties.__name__]
    wanted = {
        definition.name
        for contract in contracts
        for _, method in inspect.getmembers(contract, inspect.isfunction)
        if (definition := activity._Definition.from_callable(method)) is not None
    }
    asked = [duty for queue in duties_by_queue(Settings(), make_parts(Store("sqlite://"))).values() for duty in queue]
    assert {activity._Definition.must_from_callable(duty).name for duty in asked} == wanted


def test_a_workflow_run_reads_like_the_procedures_text() -> None:
    workflows: Sequence[Any] = WORKFLOWS
    for workflow in workflows:
        assert len(inspect.getsource(workflow.run).splitlines()) <= 30, workflow.__name__


def test_every_command_has_an_action_and_an_authority_in_every_pack() -> None:
    assert set(ACTIONS) == {*COMMANDS.values(), IncidentDecision, TakenBack}
    for pack in load_packs().all():
        assert set(pack.authority) == set(needed_commands(pack)), pack.ref


def test_a_pack_is_checked_by_the_names_of_the_commands_there_are() -> None:
    assert list(COMMANDS) == list(COMMAND_NAMES)


def test_no_code_asks_which_company_it_works_for() -> None:
    names = {pack.name for pack in load_packs().all()}
    for package in ("rules", "workflows", "activities"):
        for file in modules(package):
            words = {n.value for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Constant)}
            assert not words & names, file


def test_a_broad_except_in_a_workflow_says_why() -> None:
    for package in ("workflows", "rules"):
        for file in modules(package):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name):
                    assert node.type.id not in {"Exception", "BaseException"}, f"{file}:{node.lineno}"


def test_no_workflow_takes_a_whole_module_of_its_package() -> None:
    """The sandbox passes through what is named, not what is found in a package: it would run it anew for each case."""
    wrong = [
        f"{file.name}:{node.lineno}"
        for file in modules("workflows")
        if "@workflow.defn" in (source := file.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module == "workflows"
    ]
    assert not wrong


def test_a_check_of_a_whole_contract_names_the_field_it_is_about() -> None:
    wrong = [
        f"{file.name}:{raised.lineno}"
        for file in modules("models")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and any("model_validator" in ast.unparse(d) for d in node.decorator_list)
        for raised in ast.walk(node)
        if isinstance(raised, ast.Raise) and raised.exc is not None and "ValueError" in ast.unparse(raised.exc)
    ]
    assert wrong == []


def _all(kind: type[Contract]) -> Iterator[type[Contract]]:
    for narrower in kind.__subclasses__():
        yield narrower
        yield from _all(narrower)


def _changed(call: ast.Call, method: str) -> list[str]:
    """The fields a copy is given anew, where they are named."""
    if method == "but":
        return [keyword.arg for keyword in call.keywords if keyword.arg]
    updates = [keyword.value for keyword in call.keywords if isinstance(keyword.value, ast.Dict)]
    names = [key for update in updates for key in update.keys if isinstance(key, ast.Constant)]
    return [name.value for name in names if method == "model_copy" and isinstance(name.value, str)]


@pytest.mark.parametrize("package", ["rules", "workflows", "activities", "reports", "verify"])
def test_what_a_copy_changes_is_a_field_there_is(package: str) -> None:
    """Pydantic takes any name, and mypy sees none: a misspelt one would change nothing."""
    kept: list[type[Contract]] = [Case, *_all(Dossier)]
    states = {name for state in kept for name in state.model_fields}
    any_of_ours = {name for contract in _all(Contract) for name in contract.model_fields}
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno} changes {name}"
        for file in modules(package)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        for name in _changed(node, node.func.attr)
        if name not in (states if node.func.attr == "but" else any_of_ours)
    ]
    assert wrong == []
