"""The program starts at once: no command waits for a library it does not use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = """
import os
import sys
from starter.cli.app import run

run({arguments!r})
sys.stderr.write(" ".join(sorted(sys.modules)))
sys.stderr.flush()
os._exit(0)
"""


def loaded(home: Path, *arguments: str, **settings: str) -> set[str]:
    """The modules a command has loaded by the time it ends."""
    return set(run_python(RUN.format(arguments=list(arguments)), home, **settings).split())


def run_python(program: str, home: Path, **settings: str) -> str:
    """What a program of ours says on stderr."""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "REDRESS_HOME": str(home), **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stderr


def test_the_help_of_a_command_loads_no_temporal_no_database_and_no_contracts(tmp_path: Path) -> None:
    found = loaded(tmp_path, "confirm", "--help")
    assert "starter.cli.app" in found
    assert found.isdisjoint({"temporalio", "sqlalchemy", "procedures", "structlog", "rich.markdown"})


def test_what_there_is_is_told_without_the_parser_of_arguments(tmp_path: Path) -> None:
    program = """
import sys
import starter.main
from starter.cli import overview

overview.text(overview.wanted(["--help"]))
sys.stderr.write(" ".join(sorted(sys.modules)))
"""
    found = set(run_python(program, tmp_path).split())
    assert "starter.cli.overview" in found
    assert found.isdisjoint({"cyclopts", "rich", "temporalio", "sqlalchemy", "pydantic", "procedures", "structlog"})


@pytest.mark.parametrize("verb", [["list"], ["inbox", "merchandise"]], ids=lambda verb: str(verb[0]))
def test_a_list_loads_no_database_no_rules_no_log_and_no_keys(tmp_path: Path, verb: list[str]) -> None:
    found = loaded(tmp_path, *verb, TEMPORAL_ADDRESS="127.0.0.1:9")
    assert "temporalio.service" in found
    assert found.isdisjoint({"sqlalchemy", "sqlmodel", "alembic", "structlog", "jwt", "cryptography", "rules"})


@pytest.mark.parametrize("address", [{"TEMPORAL_ADDRESS": "127.0.0.1:9"}, {"REDRESS_LOCAL__PORT": "9"}], ids=str)
@pytest.mark.parametrize("verb", [["list"], ["inbox", "merchandise"]], ids=lambda verb: str(verb[0]))
def test_a_list_waits_neither_for_the_client_of_workflows_nor_for_cases_nor_for_tables(
    tmp_path: Path, verb: list[str], address: dict[str, str]
) -> None:
    found = loaded(tmp_path, *verb, **{"TEMPORAL_CONFIG_FILE": str(tmp_path / "none.toml")} | address)
    assert "starter.lists" in found
    assert found.isdisjoint({"temporalio.client", "temporalio.converter", "temporalio.worker", "nexusrpc"})
    assert found.isdisjoint({"models.case", "models.commands", "models.views", "models.directory", "models.trial"})
    assert found.isdisjoint({"rich", "reports", "argparse"})
    assert ("procedures" in found) is (verb[0] == "inbox"), "what a department is called stands in the packs"


def test_a_list_builds_only_the_contracts_it_uses(tmp_path: Path) -> None:
    built = """
import os
import sys
from starter.cli.app import run

run(["inbox", "merchandise"])
from models.case import Case
from models.procedure import Procedure

sys.stderr.write(f"{Case.__pydantic_complete__} {Procedure.__pydantic_complete__}")
sys.stderr.flush()
os._exit(0)
"""
    ran = run_python(built, tmp_path, TEMPORAL_ADDRESS="127.0.0.1:9")
    assert ran.endswith("False True"), "a case's contract waits for its first use, the procedure's has been used"
