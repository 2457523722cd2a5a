"""What people type, made into what the case reads: shares, amounts, spans, parts of an order."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from models.base import AT_THE_DOOR, Contract, Detail, in_one_line, problems, spelt
from models.complaint import DemandKind
from models.currency import exponent, is_currency
from models.span import WallSpan
from models.steps import FormField
from starter.cli.choosing import by_title, chosen, half_width, meant, titles_of
from starter.cli.session import session
from starter.failures import BadInput

Remedy = Annotated[DemandKind | None, by_title("demand_kind")]
_AMOUNT = re.compile(r"[0-9]+(\.[0-9]{1,4})?", re.ASCII)
_MOST_DIGITS = 9
_PART = re.compile(r"([^=%]+)(?:=([0-9]{1,3})%?)?", re.ASCII)
_LINE = re.compile(r"([^=\s]{1,64})=([0-9]{1,6})", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,12}", re.ASCII)
_SAID = {"yes": True, "true": True, "是": True, "no": False, "false": False, "否": False}
_EQUALS = re.compile("[=＝]")
"""What stands between a name and its value, also as a Chinese keyboard has it."""
_SPAN: TypeAdapter[timedelta] = TypeAdapter(WallSpan)

Checked = TypeVar("Checked", bound=Contract)


def minor(field: str, text: str, currency: str) -> int:
    """`12.50` as 1250 minor units, without a float on the way. Raises BadInput."""
    text = half_width(text)
    if not _AMOUNT.fullmatch(text):
        raise BadInput("bad_amount", field=field)
    whole, _, rest = text.partition(".")
    if len(whole) > _MOST_DIGITS:
        raise BadInput("amount_too_large", field=field)
    digits = exponent(currency)
    if rest[digits:].strip("0"):
        raise BadInput("bad_decimals", field=field, currency=currency, digits=digits)
    return int(whole + rest[:digits].ljust(digits, "0"))


def currency_known(field: str, text: str) -> str:
    """A currency by its code. Raises BadInput."""
    if not is_currency(text):
        raise BadInput("bad_currency", field=field)
    return text


def shares(field: str, texts: list[str]) -> list[dict[str, object]]:
    """`merchant` or 商家, or `merchant=60` and `carrier=40`, as shares. Raises BadInput."""
    found: list[dict[str, object]] = []
    for text in texts:
        part = _PART.fullmatch(half_width(text).strip())
        if part is None:
            raise BadInput("bad_share", field=field)
        party = session().choice(field, part[1], "parties")
        if part[2] is None and len(texts) > 1:
            raise BadInput("share_percent", field=field)
        found.append({"party": party, "percent": int(part[2] or 100)})
    return found


def parts(field: str, texts: list[str]) -> list[dict[str, object]]:
    """`SKU=2` as parts of an order. Raises BadInput."""
    found = [_LINE.fullmatch(half_width(text).strip()) for text in texts]
    if not all(found):
        raise BadInput("bad_part", field=field)
    return [{"sku": part[1], "quantity": int(part[2])} for part in found if part]


def span(field: str, text: str) -> timedelta:
    """`30m`, `24h` or `2d`. Raises BadInput."""
    try:
        return _SPAN.validate_python(half_width(text).strip())
    except ValidationError:
        raise BadInput("bad_span", field=field) from None


def due_date(field: str, text: str, time_zone: str) -> datetime | timedelta:
    """`2026-12-01` as the end of that day in the procedure's zone, or `7d` as a span from now. Raises BadInput."""
    try:
        day = date.fromisoformat(half_width(text).strip())
    except ValueError:
        try:
            return span(field, text)
        except BadInput:
            raise BadInput("bad_due") from None
    return datetime.combine(day, time(23, 59), ZoneInfo(time_zone))


def form(field: str, texts: list[str], known: Iterable[FormField], currency: str) -> dict[str, Detail]:
    """`NAME=VALUE` as the form's fields, each of its kind; what a form does not know stays text. Raises BadInput.

    A field or a choice may be written by its title, money as everywhere else on the command line (`12.50`).
    """
    parts = {part.name: part for part in known}
    called = titles_of((name, part.title) for name, part in parts.items())
    found: dict[str, Detail] = {}
    for text in texts:
        typed, *given = _EQUALS.split(text.strip(), maxsplit=1)
        if not given:
            raise BadInput("bad_field", field=field)
        name = meant(typed, called) or typed
        part = parts.get(name)
        if name in found:
            raise BadInput("twice", field=f"{field} {spelt(name)}")
        found[name] = _typed(f"{field} {name}", part, given[0].strip(), currency) if part else given[0]
    return found


def _typed(field: str, part: FormField, value: str, currency: str) -> Detail:
    match part.kind:
        case "yes_no":
            return _SAID.get(value.lower(), value)
        case "choice":
            return chosen(field, value, titles_of(part.choices.items()), session().lang)
        case "money":
            return minor(field, value, currency)
        case "number" if _WHOLE.fullmatch(digits := half_width(value)):
            return int(digits)
        case _:
            return value


def demand(remedy: DemandKind | None, amount: str | None, lines: list[str], currency: str) -> dict[str, object] | None:
    """Another demand than the customer's; None when nothing was said about one. Raises BadInput."""
    if remedy is None:
        if amount is not None or lines:
            raise BadInput("needs_remedy")
        return None
    found: dict[str, object] = {"kind": remedy.value}
    if lines:
        found["lines"] = parts("--line", lines)
    if amount is not None:
        found["amount"] = minor("--amount", amount, currency)
    return found


def one_of(choices: dict[str, bool]) -> str:
    """The one option of several that was given. Raises BadInput."""
    given = [name for name, said in choices.items() if said]
    if len(given) != 1:
        raise BadInput("exactly_one", options=", ".join(f"--{name}" for name in choices))
    return given[0]


_OPTIONS = {
    "demand.amount": "--amount",
    "demand.kind": "--remedy",
    "demand.lines": "--line",
    "liable": "--liable",
    "actor": "--as",
    "department": "--department",
    "command_id": "--command-id",
}
"""A message's fields by the options that say them; what a file says keeps the field's name."""


def nothing_beside(other: str, given: Mapping[str, object]) -> None:
    """Options that mean nothing beside another one must not have been given. Raises BadInput."""
    if said := [name for name, value in given.items() if value not in (None, False, [])]:
        raise BadInput("not_beside", options=", ".join(said), other=other)


def as_option(field: str) -> str:
    """A message's field by the argument that says it, where every one of them is typed on the command line."""
    name, _, rest = field.partition(".")
    if name == "fields" and rest:
        return f"--field {rest}"
    known = as_written(field)
    return known if known != field else _POSITIONS.get(name, f"--{name.replace('_', '-')}")


_POSITIONS = {
    "members": "--member",
    "lots": "--lot",
    "papers": "--paper",
    "version": "VERSION",
    "case": "NUMBER",
    "action": "ACTION",
    "report": "--text",
    "outcome": "outcome",  # each has an option of its own
    "(message)": "(message)",
}


def options_in(reason: str, fields: Iterable[str], called: Callable[[str], str] = as_option) -> str:
    """A refusal of the service, with these fields of the message named as they were typed."""
    names = "|".join(re.escape(field) for field in fields)
    return re.sub(rf"(?:^|(?<=; ))((?:{names})(?:\.\w+)*): ", lambda found: f"{called(found[1])}: ", reason)


def as_written(field: str) -> str:
    """A field of a form that was filled in keeps its name; who sends it is typed all the same."""
    return next((typed for name, typed in _OPTIONS.items() if f"{field}.".startswith(f"{name}.")), field)


def contract(model: type[Checked], values: Mapping[str, object], called: Callable[[str], str] = as_written) -> Checked:
    """A checked message or start argument. Raises BadInput with one line that names each field."""
    try:
        given = {key: value for key, value in values.items() if value is not None}
        return model.model_validate(given, context=AT_THE_DOOR)
    except ValidationError as error:
        raise BadInput("input", problem=in_one_line(problems(error), called)) from None
