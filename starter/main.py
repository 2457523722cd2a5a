"""The program's entry point."""

import gc
import io
import logging
import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code.

    The process ends by `os._exit`: a short-lived Temporal client can crash the interpreter while it shuts down, and
    a script would take a message that was accepted for one that was not.
    """
    put_garbage_off()
    tolerate()
    code = 1
    try:
        code = _run(sys.argv[1:])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    finally:
        logging.shutdown()
        _flush()
        os._exit(code)


def _run(arguments: list[str]) -> int:
    from starter.cli import overview

    if (lang := overview.wanted(arguments)) is not None:
        sys.stdout.write(overview.text(lang) + "\n")
        return 0
    from starter.cli.app import run

    return run()


def put_garbage_off() -> None:
    """A short command ends before it has made so much: all that looking for garbage would find is what is loaded."""
    gc.set_threshold(100_000, 20, 10)


def spare_garbage() -> None:
    """What is made at a worker's start stays: it is not looked through for garbage at every turn."""
    gc.set_threshold(10_000, 20, 10)


def tolerate() -> None:
    """Have a terminal that lacks a character show `?`: what was done must not end as a failure for want of a letter."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            # The reader has gone (`redress list | head`): nobody is left to tell.
            continue


if __name__ == "__main__":
    main()
