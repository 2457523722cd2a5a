"""How columns of somebody's export become a complaint: a TOML file, checked before the first row is read."""

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator, model_validator

from models.base import (
    AT_THE_DOOR,
    Contract,
    Currency,
    Problem,
    ZoneName,
    in_one_line,
    in_utc,
    problems,
    sensible,
    toml_problems,
)
from models.complaint import Complaint
from models.currency import exponent
from starter.failures import BadInput

_PATH = re.compile(r"[a-z][a-z_]*(\.([a-z][a-z_]*|[0-9]{1,2}))*")
_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_SLUG_OTHER = re.compile(r"[^a-z0-9]+")


class Source(Contract):
    """Where one field of the complaint comes from."""

    column: str | None = None
    value: str | int | bool | None = None
    """The same for every row."""
    default: str | int | None = None
    """Where the column is empty; none: the field is left out."""
    map: dict[str, str] = Field(default_factory=dict)
    """What the column says -> what the field takes, "" as if the column were empty; another word is an error."""
    type: Literal["text", "money", "integer", "time", "date", "slug"] = "text"

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("needs either `column` or `value`; give one of them")
        return self


class FieldMap(Contract):
    """A whole mapping file."""

    time_zone: ZoneName = "UTC"
    """The zone of times that carry none (an IANA name)."""
    currency: Currency = "CNY"
    """For money where no column says the currency."""
    fields: dict[str, Source] = Field(min_length=1)
    """Field path (`order.lines.0.sku`) -> source."""

    @field_validator("fields")
    @classmethod
    def _paths_are_paths(cls, fields: dict[str, Source]) -> dict[str, Source]:
        if any(not _PATH.fullmatch(path) for path in fields):
            raise ValueError("has a name that is not a field path; write paths such as order.lines.0.sku")
        return fields


def read_mapping(file: Path) -> FieldMap:
    """The mapping in a TOML file. Raises BadInput with one line."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput("mapping_unreadable", problem=error.strerror or type(error).__name__) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput("mapping_unreadable", problem=str(error)[:200]) from None
    try:
        return FieldMap.model_validate(content)
    except ValidationError as error:
        raise BadInput("mapping", problem=in_one_line(toml_problems(error))) from None


class RowError(Exception):
    """A row that is no complaint, in words that name columns and fields but no values."""


def complaint_of(row: Mapping[str, str], mapping: FieldMap) -> Complaint:
    """The complaint a row describes. Raises RowError."""
    found: list[Problem] = []
    message: dict[str, Any] = {}
    currency = _currency(row, mapping)
    for path, source in mapping.fields.items():
        try:
            value = _value(row, source, mapping, currency)
        except ValueError as error:
            found.append(Problem(field=source.column or path, code="value", reason=str(error)))
            continue
        if value is not None:
            _put(message, path.split("."), value)
    if found:
        raise RowError(in_one_line(found))
    try:
        return Complaint.model_validate(_lists(message), context=AT_THE_DOOR)
    except ValidationError as error:
        raise RowError(in_one_line(problems(error))) from None


def _currency(row: Mapping[str, str], mapping: FieldMap) -> str:
    source = mapping.fields.get("order.currency")
    if source is None:
        return mapping.currency
    return str(source.value or (row.get(source.column or "") or "").strip() or source.default or mapping.currency)


def _value(row: Mapping[str, str], source: Source, mapping: FieldMap, currency: str) -> object:
    if source.column is None:
        return source.value
    text = (row.get(source.column) or "").strip()
    if not text:
        return source.default
    if source.map and text not in source.map:
        raise ValueError(f"must be one of {', '.join(source.map)}")
    text = source.map.get(text, text)
    if not text:
        return source.default
    if source.type == "money":
        return minor_units(text, currency)
    if source.type == "time":
        return _moment(text, mapping.time_zone)
    if source.type == "date":
        return _moment(text, mapping.time_zone).astimezone(ZoneInfo(mapping.time_zone)).date().isoformat()
    return _READERS[source.type](text)


def minor_units(text: str, currency: str) -> int:
    """A decimal amount in minor units, exactly. Raises ValueError."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("must be an amount with at most four decimals, such as 12.50")
    try:
        minor = Decimal(text).scaleb(exponent(currency))
    except InvalidOperation:
        raise ValueError("must be an amount with at most four decimals, such as 12.50") from None
    if minor != minor.to_integral_value():
        raise ValueError("has more decimals than its currency")
    return int(minor)


def _whole(text: str) -> int:
    # Exports of spreadsheets write 1 as 1.0.
    plain = text.removesuffix(".0")
    if not _WHOLE.fullmatch(plain):
        raise ValueError("must be a whole number")
    return int(plain)


def _moment(text: str, zone: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise ValueError("must be a date and time such as 2026-01-31T09:00:00") from None
    return sensible(in_utc(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))))


def slug(text: str) -> str:
    """A name as the procedure writes names: `Home & Living` becomes home_living. Raises ValueError."""
    found = _SLUG_OTHER.sub("_", text.lower()).strip("_")[:40].rstrip("_")
    if not found or not found[0].isalpha():
        raise ValueError("cannot be made a name of small letters, digits and underscores")
    return found


_READERS: dict[str, Callable[[str], object]] = {"text": str, "integer": _whole, "slug": slug}


def _put(message: dict[str, Any], path: list[str], value: object) -> None:
    for part in path[:-1]:
        message = message.setdefault(part, {})
    message[path[-1]] = value


def _lists(value: Any) -> Any:
    """Tables whose names are 0, 1, 2 … are lists."""
    if not isinstance(value, dict):
        return value
    if value and all(name.isdigit() for name in value):
        return [_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _lists(item) for name, item in value.items()}
