"""Every place in the workflows' code that gives a command, in the order of the text, as it is written there.

Kept histories show what cases have done; this shows also what none of them has come to yet.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

WORKFLOWS = Path(__file__).parents[2] / "workflows"
KEPT = Path(__file__).with_name("fingerprint.txt")
COMMANDS = {
    "execute_activity",
    "execute_activity_method",
    "execute_local_activity",
    "execute_local_activity_method",
    "start_activity",
    "start_child_workflow",
    "execute_child_workflow",
    "signal",
    "sleep",
    "upsert_search_attributes",
    "upsert_memo",
    "continue_as_new",
    "patched",
    "deprecate_patch",
}


def fingerprint() -> list[str]:
    """A line for each command."""
    return [line for file in sorted(WORKFLOWS.glob("*.py")) for line in commands_of(file)]


def commands_of(file: Path) -> Iterator[str]:
    """Those of one module, with the function each is in."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for call in sorted(calls(function), key=lambda call: (call.lineno, call.col_offset)):
                yield f"{file.stem}.{function.name}: {ast.unparse(call)}"


def calls(function: ast.AST) -> Iterator[ast.Call]:
    """Calls that give a command; a wait does where it has a timeout."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            words = {word.arg for word in node.keywords}
            waits = node.func.attr == "wait_condition" and "timeout" in words
            if waits or (node.func.attr in COMMANDS and "dynamic" not in words):  # a handler's decorator is none
                yield node
