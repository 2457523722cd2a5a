"""Who works where: departments' named owners (S0-01). Names are configuration; a department is never code."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from models.base import Contract, Currency, Email, Line, Minor, Slug
from models.commands import Standing
from models.language import Language

ChatUrl = Annotated[str, StringConstraints(max_length=300, pattern=r"^[a-z]+://[\x21-\x7e]+$")]

PartyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}(:[A-Za-z0-9][A-Za-z0-9._:-]{0,63})?$")]


class Person(Contract):
    """A named owner. `name` is what `--as` takes."""

    name: Line
    email: Email
    limits: dict[Currency, Minor] | None = None
    """The most the person may let out by one decision, by currency; none: no limit."""


class Team(Contract):
    """The people and channels of one department."""

    owners: Annotated[tuple[Person, ...], Field(min_length=1)]
    services: tuple[Line, ...] = ()
    """Names of programs that may act for the department."""
    chat: tuple[ChatUrl, ...] = ()
    """Chat rooms (DingTalk, WeCom, Feishu …) as Apprise addresses."""
    language: Language = Language.ZH
    sees: Literal["own", "all"] = "own"
    """Which cases its people may read: those that concern the department, or every one."""
    personal_data: bool = False
    """Whether its people need customers' names, contacts and words."""


class Directory(Contract):
    """Department -> team, and who reads the statements of parties outside the house."""

    departments: dict[Slug, Team]
    parties: dict[PartyName, tuple[Line, ...]] = Field(default_factory=dict)
    """Party of the ledger, such as "merchant:M-7" -> names that may read its statements."""

    def departments_of(self, actor: str) -> tuple[str, ...]:
        """Every department the actor may act for; empty for a stranger."""
        return tuple(
            name
            for name, team in self.departments.items()
            if actor in team.services or any(person.name == actor for person in team.owners)
        )

    def limits_of(self, actor: str) -> dict[str, int] | None:
        """The most the actor may let out by one decision; None where nobody has set a limit."""
        people = (person for team in self.departments.values() for person in team.owners if person.name == actor)
        return next((person.limits for person in people if person.limits is not None), None)

    def standing_of(self, actor: str) -> Standing | None:
        """For whom the actor may act and how far; None for a stranger."""
        departments = self.departments_of(actor)
        return Standing(departments=departments, limits=self.limits_of(actor)) if departments else None

    def sees_all(self, actor: str) -> bool:
        """Whether the actor may read every case."""
        return any(self.departments[name].sees == "all" for name in self.departments_of(actor))

    def needs_personal_data(self, actor: str) -> bool:
        """Whether the actor may see customers' names, contacts and words."""
        return any(self.departments[name].personal_data for name in self.departments_of(actor))

    def parties_of(self, actor: str) -> tuple[str, ...]:
        """The parties whose statements the actor may read."""
        return tuple(party for party, names in self.parties.items() if actor in names)

    def team(self, department: str) -> Team | None:
        """The team of a department; None where the directory does not know it."""
        return self.departments.get(department)
