"""Where settings come from: redress.toml in the working directory, and the environment's REDRESS_… over it."""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel

from starter.settingsfile import FILE, PREFIX

Table = dict[str, Any]
_BETWEEN = "__"
"""Stands in a variable's name between a part of the settings and what is in it."""


class NotJson(ValueError):
    """The variable of a whole part or list, which has to be JSON."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def from_file() -> Table:
    """What the file says; nothing where there is none. Raises OSError, UnicodeDecodeError, TOMLDecodeError."""
    file = Path(FILE)
    if not file.is_file():
        return {}
    with file.open("rb") as opened:
        return tomllib.load(opened)


def from_environment(settings: type[BaseModel]) -> Table:
    """What the variables say, `REDRESS_SMTP__PORT` as the port in smtp; a blank one counts as unset. Raises NotJson."""
    found: Table = {}
    for (field, *parts), text in _variables():
        kind = _kind(settings, field)
        if kind is None or (parts and not _is_part(kind)):
            continue
        for name in parts:
            kind = _kind(kind, name)
        _put(found, [field, *parts], _read(text, field) if _is_json(kind) else text)
    return found


def merged(*tables: Mapping[str, Any]) -> Table:
    """One table of several, however deep: what a later one says wins."""
    found: Table = {}
    for table in tables:
        for name, value in table.items():
            known = found.get(name)
            found[name] = merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return found


def _variables() -> Iterator[tuple[list[str], str]]:
    """Our variables by the path their names say, a whole before its parts, which win."""
    ours = {name.lower(): text for name, text in os.environ.items() if text and name.upper().startswith(PREFIX)}
    for name in sorted(ours, key=lambda name: name.count(_BETWEEN)):
        yield name.removeprefix(PREFIX.lower()).split(_BETWEEN), ours[name]


def _kind(model: Any, name: str) -> Any:
    """What a field of a part is; None where the part has no such field, or is none."""
    field = model.model_fields.get(name) if _is_part(model) else None
    return field.annotation if field else None


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_json(kind: Any) -> bool:
    return _is_part(kind) or get_origin(kind) is tuple


def _read(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise NotJson(field) from None


def _put(table: Table, path: list[str], value: Any) -> None:
    *parts, last = path
    for name in parts:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            return  # a whole that is no table: its check refuses it
    table |= merged(table, {last: value})
