"""Who works where: departments' named owners (S0-01). Names are configuration; a department is never code."""

from typing import Annotated

from pydantic import Field, StringConstraints

from models.base import Contract, Line, Slug
from models.complaint import Email, Language

ChatUrl = Annotated[str, StringConstraints(max_length=300, pattern=r"^[a-z]+://[\x21-\x7e]+$")]


class Person(Contract):
    """A named owner. `name` is what `--as` takes."""

    name: Line
    email: Email


class Team(Contract):
    """The people and channels of one department."""

    owners: Annotated[tuple[Person, ...], Field(min_length=1)]
    services: tuple[Line, ...] = ()
    """Names of programs that may act for the department."""
    chat: tuple[ChatUrl, ...] = ()
    """Chat rooms (DingTalk, WeCom, Feishu …) as Apprise addresses."""
    language: Language = Language.ZH


class Directory(Contract):
    """Department -> team."""

    departments: dict[Slug, Team]

    def departments_of(self, actor: str) -> tuple[str, ...]:
        """Every department the actor may act for; empty for a stranger."""
        return tuple(
            name
            for name, team in self.departments.items()
            if actor in team.services or any(person.name == actor for person in team.owners)
        )

    def team(self, department: str) -> Team | None:
        """The team of a department; None where the directory does not know it."""
        return self.departments.get(department)
