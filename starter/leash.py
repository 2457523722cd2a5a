"""Runs a program that Linux ends together with its parent, even when the parent is killed.

    python -I -S leash.py PARENT_PID PROGRAM ARGUMENT…

A program of its own because a parent full of threads must not run Python code between fork and exec.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ties this process to its parent, then becomes the program."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):  # the parent was gone before the leash held
        sys.exit(1)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606


if __name__ == "__main__":
    main()
