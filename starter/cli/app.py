"""The program `redress`: its commands by name, its global options, and how it ends. Imports nothing slow."""

import errno
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, default_name_transform
from cyclopts.exceptions import (
    ArgumentOrderError,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from models.language import Language, of_tag
from starter.cli.choosing import nearest, not_an_option
from starter.cli.commands import COMMANDS
from starter.cli.helping import HelpPage
from starter.cli.session import begin
from starter.errors import OperatorError
from starter.failures import BadInput, Failure, NotAllowed, TryAgain, database_failed
from texts import say
from texts.reasons import reason

USAGE = 2
INTERRUPTED = 130


def version_text() -> str:
    """The installed version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("redress")
    except PackageNotFoundError:
        return "unknown"


app = App(
    name="redress",
    help="After-sales complaints as durable cases: every deadline is kept, silence decides for the customer.",
    help_format="plaintext",
    version=version_text,
    result_action="return_value",
)
for _name, _target in COMMANDS.items():
    app.command(f"starter.cli.{_target}", name=_name, help="")  # what they do is told by overview.py


@app.meta.default
def _launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    lang: Annotated[Language | None, Parameter(help="Language of the output.")] = None,
) -> object:
    if lang is not None:
        begin(lang)
    return app(tokens, exit_on_error=False, print_error=False)


def run(arguments: list[str] | None = None) -> int:
    """Run one command line. Returns the exit code.

    0 done, 2 usage, 3 refused, 4 no such case, 5 not confirmed (send again safely), 75 try again.
    """
    words, lang = _without_lang(sys.argv[1:] if arguments is None else arguments)
    current = begin(lang)
    app.help_formatter = HelpPage(lambda: current.error_lang, next((word for word in words if word in COMMANDS), ""))
    try:
        outcome = app.meta(words, exit_on_error=False, print_error=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`redress list | head`): nobody is left to tell.
        return 0
    except Exception as error:  # noqa: BLE001 - the last net: one line instead of a traceback
        line, code = explain(error, current.error_lang)
        sys.stderr.write(f"redress: {' '.join(line.split())}\n")
        return code
    return outcome if isinstance(outcome, int) else 0


def explain(error: Exception, lang: Language) -> tuple[str, int]:
    """An error as one line and an exit code; nothing of what somebody typed."""
    match error:
        case CycloptsError():
            return usage_failure(error).line(lang), USAGE
        case Failure():
            return error.line(lang), error.code
        case OperatorError():
            return reason(str(error), lang), error.code
        case UnicodeEncodeError():
            return BadInput("not_text").line(lang), USAGE  # half a letter, as a terminal of another character set sends
        case OSError() if (failure := _of_a_file(error)) is not None:
            return failure.line(lang), failure.code
    # Only now: help and mistakes in the arguments must not wait for the packs' models.
    from procedures import PackError

    match error:
        case PackError():
            return reason("; ".join(str(error).splitlines()), lang), USAGE
        case _ if (failure := _of_the_server(error) or _of_the_database(error)) is not None:
            return failure.line(lang), failure.code
        case _:
            return say("fail.unexpected", lang, what=_where(error)), 1


def _of_a_file(error: OSError) -> Failure | None:
    """What is wrong with a path somebody named, or with where the answer goes."""
    problem = error.strerror or type(error).__name__
    match error:
        case OSError(filename=str() | bytes() | Path()):
            return BadInput("bad_path", problem=problem)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG | errno.EIO):
            return TryAgain("output", problem=problem)
    return None


def _of_the_server(error: Exception) -> Failure | None:
    """What a Temporal service answered that could not do what it was asked: no fault of ours to be reported."""
    if not type(error).__module__.startswith("temporalio."):
        return None
    from temporalio.client import RPCTimeoutOrCancelledError
    from temporalio.service import RPCError

    from starter.calls import Trouble, meaning

    match error:
        case RPCError() | RPCTimeoutOrCancelledError() if meaning(error) is Trouble.AMBIGUOUS:
            return TryAgain("server_away")
        case RPCError() if meaning(error) is Trouble.REFUSED:
            return NotAllowed("server_refuses", status=error.status.name)
    return None


def _of_the_database(error: Exception) -> Failure | None:
    """A database that is away or refuses, under a command that has no better word for it."""
    if type(error).__module__ != "activities.store":
        return None
    from activities.store import StoreError

    return database_failed(str(error)) if isinstance(error, StoreError) else None


def _without_lang(words: list[str]) -> tuple[list[str], Language | None]:
    """The command line without its `--lang`, wherever it stands, and the language: mistakes are told in it too.

    The parser finds it behind some commands only. One that cannot be read, or is given twice, is left for it to refuse.
    """
    ours = words[: words.index("--")] if "--" in words else words
    places = [index for index, word in enumerate(ours) if word.partition("=")[0] == "--lang"]
    if len(places) != 1:
        return words, None
    (place,) = places
    _, given, value = words[place].partition("=")
    after = place + 1 if given else place + 2
    value = value if given else next(iter(ours[place + 1 : after]), "")
    lang = of_tag(value)
    return ([*words[:place], *words[after:]], lang) if lang is not None else (words, None)


def _where(error: BaseException) -> str:
    """Kind and place of an error, without its text, which may hold what somebody typed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"


_KINDS: dict[object, str] = {int: "not_whole", float: "not_number", datetime: "not_moment"}
"""What an option's text was to be, by the failure that says so."""


def usage_failure(error: CycloptsError) -> BadInput:
    """A command line that does not parse, as one line; what was typed is not repeated."""
    command = " ".join(("redress", *(error.command_chain or ())))
    match error:
        case UnknownCommandError():
            typed = error.unused_tokens[0] if error.unused_tokens else ""
            known = [name for name in error.app or () if not name.startswith("-")] if error.command_chain else COMMANDS
            return BadInput("unknown_command", near=nearest(typed, known), command=command)
        case UnknownOptionError():
            names = [name for argument in error.argument_collection for name in argument.names]
            return not_an_option(error.token.keyword or error.token.value, names, command)
        case RepeatArgumentError():
            return BadInput("twice", field=_field(error))
        case MissingArgumentError():
            return BadInput("missing", field=_field(error), command=command)
        case UnusedCliTokensError() | ArgumentOrderError():
            return BadInput("too_many", command=command)
        case CoercionError() if choices := _choices(error):
            return BadInput("not_one_of", field=_field(error), choices=choices)
        case CoercionError(target_type=kind) if kind in _KINDS:
            return BadInput(_KINDS[kind], field=_field(error))
        case _:
            return BadInput("not_usable", field=_field(error), command=command)


def _choices(error: CoercionError) -> str:
    from enum import Enum
    from typing import get_args

    found: list[str] = []
    for kind in (error.target_type, *get_args(error.target_type)):
        if isinstance(kind, type) and issubclass(kind, Enum):
            found += [default_name_transform(name) for name in kind.__members__]
        found += [arg for arg in get_args(kind) if isinstance(arg, str)]
    return ", ".join(found)


def _field(error: CycloptsError) -> str:
    token = getattr(error, "token", None)
    if token is not None and token.keyword:
        return str(token.keyword)
    argument = error.argument
    return argument.name if argument is not None else "arguments"
