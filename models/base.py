"""What every contract shares: strict frozen models, bounded text, ids, money in minor units, one-line problems."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_serializer,
)

from models.currency import is_currency

NOTE_LIMIT = 2_000
"""Longest free text a message may carry (characters); longer evidence goes by reference."""

PAYLOAD_LIMIT = 64 * 1024
"""Largest message a case reads (bytes): above it the server may terminate the case (GrpcMessageTooLarge)."""

Model = TypeVar("Model", bound=BaseModel)


class Contract(BaseModel):
    """A message that crosses a boundary: unknown fields are refused, inputs never appear in an error's text."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        str_strip_whitespace=True,
        defer_build=True,  # a short command uses few of the contracts; see build_contracts
    )


class Record(Contract):
    """Our own stored state: an older worker must be able to read what a newer one wrote."""

    model_config = ConfigDict(extra="ignore")


class Handover(Record):
    """What our own parts hand each other and every history keeps: fields at their defaults are left out."""

    @model_serializer(mode="wrap")
    def _without_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        usual = {name: field.default for name, field in type(self).model_fields.items()}
        return {name: value for name, value in dump(self).items() if getattr(self, name) != usual[name]}


def build_contracts() -> None:
    """Build every contract known by now. A worker does it first: else a case would have to, amid a step."""
    todo: list[type[BaseModel]] = [Contract]
    while todo:
        contract = todo.pop()
        contract.model_rebuild()
        todo += contract.__subclasses__()


_NAMES: dict[type[BaseModel], set[str]] = {}


def lean(state: Model) -> Model:
    """The same state, taking less memory: its parts of one kind share what pydantic notes of each.

    That is which fields it was given, by their names: nearly half of what a waiting case takes. It matters where a
    sender's message is told from its defaults; of a state nobody asks it, so all its fields count as given.
    """
    names = _NAMES.setdefault(type(state), set(type(state).model_fields))
    if state.model_fields_set is not names:
        object.__setattr__(state, "__pydantic_fields_set__", names)
        for value in vars(state).values():
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, BaseModel):
                    lean(part)
    return state


AT_THE_DOOR = "at_the_door"
"""Context of a validation: the input is new. Stored state is read without, so that a stricter door locks nobody in."""
AS_SENT = "as_sent"
"""Context of a validation: read as a program sent it. What else the door asks for is asked by the register."""


def _clean(text: str, info: ValidationInfo) -> str:
    """Control and bidi-format characters never reach a mail header, a terminal or a file name."""
    if any(
        (c < " " and c not in "\n\t") or c == "\x7f" or "\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069"
        for c in text
    ):
        raise ValueError("control characters are not allowed")
    if info.context == AT_THE_DOOR and any("\x80" <= c <= "\x9f" for c in text):
        # C1: a terminal obeys U+009B as it does ESC [.
        raise ValueError("control characters are not allowed")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("not valid Unicode text")
    return text


def _plain_line_ends(said: object) -> object:
    """A web form ends its lines with CR LF."""
    return said.replace("\r\n", "\n") if isinstance(said, str) else said


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("must be one line")
    return text


def _money_when_new(code: str, info: ValidationInfo) -> str:
    if info.context == AT_THE_DOOR and not is_currency(code):
        raise ValueError("is not a currency of ISO 4217; correct it")
    return code


def _a_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone; use an IANA name such as Asia/Shanghai") from None
    return name


_TIME = "must be a date and time such as 2026-01-31T09:00:00+08:00"
_YEARS = range(1970, 9999)
_BEYOND = f"must lie in the years {_YEARS[0]} to {_YEARS[-1]}; correct it, or leave it out"


def in_utc(moment: datetime) -> datetime:
    """The moment in UTC. Raises ValueError where it lies before or after all time there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(_BEYOND) from None


def sensible(moment: datetime) -> datetime:
    """The moment, if it can be told in every time zone and is not an export's word for "none". Raises ValueError."""
    if moment.year not in _YEARS:
        raise ValueError(_BEYOND)
    return moment


def _sensible_when_new(moment: datetime, info: ValidationInfo) -> datetime:
    return sensible(moment) if info.context == AT_THE_DOOR else moment


_WRITTEN = re.compile(r"[0-9]{4}-", re.ASCII)


def _as_written(moment: object, info: ValidationInfo) -> object:
    """A number, 20260131 too, would be read as the seconds since 1970."""
    said = isinstance(moment, str) and not _WRITTEN.match(moment)
    if info.context in (AT_THE_DOOR, AS_SENT) and (said or isinstance(moment, int | float)):
        raise ValueError(_TIME)
    return moment


_SLUG = r"^[a-z][a-z0-9_]{0,39}$"
_REF = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
_PARTNER_REF = r"^[\x21-\x7e]{1,200}$"
EVIDENCE_PATTERN = r"^[\x21-\x7e]+$"
_NUMBER = r"^[A-Z0-9][A-Z0-9-]{2,39}$"
_CURRENCY = r"^[A-Z]{3}$"
_EMAIL = r"^[^\s@<>,;\"]+@[^\s@<>,;\"]+$"
_SHAPES = {
    _SLUG: "must be a name as the procedure writes it, in small letters such as customer_service",
    _REF: "must have 1 to 64 letters, digits and . _ : - only, and begin with a letter or digit",
    _PARTNER_REF: "must have 1 to 200 letters, digits and signs as on a keyboard, without spaces",
    EVIDENCE_PATTERN: "must be one reference of letters, digits and signs as on a keyboard, without spaces",
    _NUMBER: "must have 3 to 40 capitals, digits and hyphens, such as R-ABCDEFGH23456",
    _CURRENCY: "must be the three capitals of a currency, such as CNY",
    _EMAIL: "must be one mail address, such as name@example.com",
}
"""What a pattern asks for, in words."""
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NOTE_LIMIT),
    AfterValidator(_clean),
    BeforeValidator(_plain_line_ends),
]
"""What somebody typed, in lines."""
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(_clean), AfterValidator(_one_line)
]
Slug = Annotated[str, StringConstraints(pattern=_SLUG)]
"""A name from a procedure's data: department, cause, party, remedy."""
Detail = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_clean)] | StrictBool | StrictInt,
    BeforeValidator(_plain_line_ends),
]
"""One entry of a form: text, a whole number, yes or no."""
Email = Annotated[str, StringConstraints(max_length=200, pattern=_EMAIL), AfterValidator(_clean)]
Ref = Annotated[str, StringConstraints(pattern=_REF)]
"""An identifier from another system (order, SKU, merchant). Safe in a list filter; carries no personal data."""
PartnerRef = Annotated[str, StringConstraints(pattern=_PARTNER_REF)]
"""A partner's own number for a thing, which follows no rule of ours. Not safe in a list filter as it is."""
Number = Annotated[str, StringConstraints(pattern=_NUMBER)]
"""A case number."""
MOST = 10**12
"""No amount is more (minor units), nor all goods of an order together: their sums have room in every database."""
Minor = Annotated[int, Field(strict=True, ge=0, le=MOST)]
"""Money in minor units (fen, cents)."""
Currency = Annotated[str, StringConstraints(pattern=_CURRENCY), AfterValidator(_money_when_new)]
ZoneName = Annotated[str, StringConstraints(max_length=64), AfterValidator(_a_zone)]
"""A time zone by its IANA name."""
_PART = "[A-Za-z0-9_=-]+"
Token = Annotated[str, StringConstraints(max_length=4096, pattern=rf"^{_PART}\.{_PART}\.{_PART}$")]
"""A signed token (JWT): proves who sends a message. Never stored, never shown."""
Proof = Annotated[Token | None, Field(repr=False, exclude_if=lambda token: token is None)]
"""The token of whoever starts something, where the service asks for it."""
Moment = Annotated[
    AwareDatetime, BeforeValidator(_as_written), AfterValidator(in_utc), AfterValidator(_sensible_when_new)
]
"""An instant; stored in UTC. A time without a zone is refused, at the door one of an odd year too."""
Day = Annotated[date, BeforeValidator(_as_written)]
"""A day of the calendar, in no zone."""

_OURS = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
NUMBER_PATTERN = re.compile(_NUMBER)


class Problem(Contract):
    """One thing wrong with an input: where, what kind, and in words. Never the value itself."""

    field: str
    code: str
    reason: str

    def line(self) -> str:
        """`field: reason`, as every door prints it."""
        return f"{self.field}: {self.reason}"


class Misfit(ValueError):
    """A field that does not fit what else a contract says: a check of the whole names the field it is about."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def spelt(part: str | int) -> str:
    """A field's name as it may be repeated: one that is not spelt like ours could be anybody's telephone number."""
    return str(part) if isinstance(part, int) or _OURS.fullmatch(part) else "(unknown)"


def problems(
    error: ValidationError, whole: str = "(message)", spell: Callable[[str | int], str] = spelt
) -> list[Problem]:
    """A validation error as one-line problems, at most five, without any input value.

    `whole`: what the input is called where no field of it is to blame. `spell`: a field's name as it may be repeated.
    """
    found: list[Problem] = []
    every = error.errors(include_input=False, include_url=False)
    inner = {item["loc"][:depth] for item in every for depth in range(len(item["loc"]))}
    for item in [item for item in every if item["type"] != "too_short" or item["loc"] not in inner][:5]:
        # A list whose entry was refused is not told to lack it too.
        context: dict[str, Any] = item.get("ctx", {})
        path = [spell(part) for part in item["loc"]]
        if isinstance(misfit := context.get("error"), Misfit):
            path.append(misfit.field)
        field = ".".join(path) or whole
        found.append(Problem(field=field[:120], code=item["type"], reason=_reason(item["type"], item["msg"], context)))
    return found


def toml_problems(error: ValidationError, spell: Callable[[str | int], str] = spelt) -> list[Problem]:
    """As `problems`, of a file of TOML: what JSON calls an object is a table there."""
    wrong = _REASONS["model_type"]
    return [
        problem.model_copy(update={"reason": "must be a table"}) if problem.reason == wrong else problem
        for problem in problems(error, spell=spell)
    ]


def in_one_line(found: Iterable[Problem], called: Callable[[str], str] = str) -> str:
    """Several problems on the one line a refusal may take. `called`: what whoever typed it calls a field."""
    return "; ".join(f"{called(problem.field)}: {problem.reason}" for problem in found)[:500]


_REASONS = {
    "missing": "is missing; add it",
    "extra_forbidden": "is not a known field; remove it or check its spelling",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "timezone_aware": "must carry a time zone, such as 2026-01-31T09:00:00+08:00",
    "json_invalid": "is not valid JSON",
    "model_type": "must be a JSON object",
    "tuple_type": "must be a list",
    "dict_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "string_too_long": "is longer than {max_length} characters; shorten it",
    "string_too_short": "must not be empty",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "too_short": "needs at least {min_length}; add it",
    "too_long": "takes at most {max_length}; take some out",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
}


def _reason(code: str, message: str, context: dict[str, Any]) -> str:
    if code in {"enum", "literal_error"}:
        context = {"expected": ", ".join(re.findall(r"'([^']*)'", context["expected"])) or context["expected"]}
    if code in _REASONS:
        return _REASONS[code].format_map(context)
    if code == "string_pattern_mismatch":
        return _SHAPES.get(context["pattern"], f"must match {context['pattern']}")
    if code == "value_error":
        return str(context.get("error", "is not valid"))
    if code.startswith(("datetime_", "date_")):
        return _TIME
    return message[:1].lower() + message[1:160]
