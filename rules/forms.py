"""Forms as data: what a complaint or a report must say, checked in one line per mistake."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from models.base import Detail, Problem
from models.steps import FIELD, FormField

_REFERENCE = re.compile(r"^[\x21-\x7e]{1,300}$")


def problems_of(form: Sequence[FormField], given: Mapping[str, Detail], where: str) -> list[Problem]:
    """What is missing, unknown or of the wrong kind. Never the value itself."""
    found = [_problem(f"{where}.{field.name}", *wrong) for field in form for wrong in _wrong(field, given)]
    names = {field.name for field in form}
    for name in given:
        if name not in names:
            known = ", ".join(sorted(names)) or "none"
            found.append(_problem(f"{where}.{name}", "unknown", f"is not asked for here; known are {known}"))
    return found


def _problem(field: str, code: str, reason: str) -> Problem:
    return Problem(field=field, code=code, reason=reason)


def _wrong(field: FormField, given: Mapping[str, Detail]) -> Iterator[tuple[str, str]]:
    if field.name not in given:
        if field.required:
            yield "missing", "is missing; add it"
    elif field.kind == "choice":
        if given[field.name] not in field.choices:
            yield "choice", f"must be one of {', '.join(field.choices)}"
    else:
        fits, otherwise = _KINDS[field.kind]
        if not fits(given[field.name]):
            yield "kind", otherwise


def _is_date(value: Detail) -> bool:
    try:
        # Python takes the day of a week too, such as 2026-W05-6.
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_KINDS: dict[str, tuple[Callable[[Detail], bool], str]] = {
    "yes_no": (lambda value: isinstance(value, bool), "must be true or false"),
    "number": (lambda value: type(value) is int and value >= 0, "must be a whole number from 0 on"),
    "money": (
        lambda value: type(value) is int and value >= 0,
        "must be an amount in the smallest unit, such as 21000 for 210.00",
    ),
    "date": (_is_date, "must be a date such as 2026-01-31"),
    "reference": (
        lambda value: isinstance(value, str) and bool(_REFERENCE.match(value)),
        "must be a reference to evidence: an address, an object key or a hash",
    ),
    "text": (lambda value: isinstance(value, str), "must be text"),
}
"""Kind of field -> what fits, and what to say of anything else."""


def in_words(value: Detail) -> str:
    """A value as facts and records compare and carry it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def public(form: Sequence[FormField], given: Mapping[str, Detail]) -> dict[str, str | int]:
    """What the record may carry: the fields that hold nothing personal, each under `field.NAME`."""
    personal = {field.name for field in form if field.personal}
    return {f"{FIELD}{name}": in_words(value) for name, value in given.items() if name not in personal}


def told(form: Sequence[FormField], given: Mapping[str, Detail]) -> dict[str, str | int]:
    """What the notice to the customer says of a report, each under `field.NAME`."""
    said = {field.name: given[field.name] for field in form if field.told and field.name in given}
    return public(form, said)
