"""What can stop a request, each with its exit code and one line in the reader's language. Imports nothing heavy."""

from models.language import Language
from texts import say
from texts.reasons import reason


class Failure(Exception):
    """A request that cannot be done: `line(lang)` says field, reason and what to do; `code` is the exit code."""

    code = 1

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(say(f"fail.{key}", Language.EN, **values))
        self.key = key
        self.values = values

    def line(self, lang: Language) -> str:
        """One line for people."""
        values = dict(self.values)
        if "problem" in values:
            values["problem"] = reason(str(values["problem"]), lang)
        return " ".join(say(f"fail.{self.key}", lang, **values).split())


class BadInput(Failure):
    """The input cannot be used (exit 2)."""

    code = 2


class NotAllowed(Failure):
    """The case or the directory refuses it (exit 3)."""

    code = 3


class NoSuchCase(Failure):
    """No case has this number (exit 4)."""

    code = 4


class NotConfirmed(Failure):
    """Sent, but nobody has answered yet; sending it again under the same command id is harmless (exit 5)."""

    code = 5

    def __init__(self, key: str, /, *, command_id: str, **values: object) -> None:
        super().__init__(key, command_id=command_id, **values)
        self.command_id = command_id


class TryAgain(Failure):
    """Temporal, a worker or the database cannot be reached now (exit 75)."""

    code = 75


def database_failed(said: str) -> TryAgain:
    """What a StoreError says, for whoever gave a command: a worker tries again by itself, a command does not."""
    problem = said.removesuffix("; it is tried again")
    return TryAgain("input" if "; " in problem else "database", problem=problem)
