"""The program starts at once: no command waits for a library it does not use."""

import os
import subprocess
import sys
from pathlib import Path

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
    ran = subprocess.run(
        [sys.executable, "-c", RUN.format(arguments=list(arguments))],
        cwd=ROOT,
        env={**os.environ, "REDRESS_HOME": str(home), **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ran.stderr.split())


def test_help_loads_no_temporal_no_database_and_no_contracts(tmp_path: Path) -> None:
    found = loaded(tmp_path, "--help")
    assert "starter.cli.app" in found
    assert found.isdisjoint({"temporalio", "sqlalchemy", "pydantic", "procedures", "structlog", "rich.markdown"})


def test_a_list_loads_no_database_no_log_and_no_keys(tmp_path: Path) -> None:
    found = loaded(tmp_path, "list", TEMPORAL_ADDRESS="127.0.0.1:9")
    assert "temporalio.client" in found
    assert found.isdisjoint({"sqlalchemy", "sqlmodel", "alembic", "structlog", "jwt", "cryptography"})
