"""A change of the commands in the workflows' code is seen, and whoever makes it is told what it means."""

import difflib

from tests.replay.fingerprint import KEPT, fingerprint

CHANGED = """
The commands in workflows/ have changed:
{difference}
Cases that are open at the next deploy replay from their start on the new code. An added, dropped or moved command
stops them; another timer, argument or retry policy changes what was promised to them. Ask of each line:
  1. Can a case opened by an earlier release come here?        No: nothing to do.
  2. Has it been here already (the command is behind it)?      Then the old path must stay:
         if workflow.patched("2026-12-what-it-does"):          the new path, for cases that come here from now on
         else:                                                 the old path, until no such case is open
  3. .venv/bin/pytest tests/replay                             kept histories of every release must still pass
Then: python -m tests.replay.record --commands                 writes this list anew (docs/upgrade.md)
"""


def test_the_commands_in_the_code_are_those_that_are_kept() -> None:
    kept = KEPT.read_text(encoding="utf-8").splitlines()
    now = fingerprint()
    difference = "\n".join(
        line for line in difflib.unified_diff(kept, now, lineterm="", n=0) if line[:2] not in {"--", "++", "@@"}
    )
    assert kept == now, CHANGED.format(difference=difference)
