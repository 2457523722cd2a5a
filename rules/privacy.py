"""Whether a text tells who a customer is: the customer's own name, address and numbers, sought in it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

SHORTEST_NUMBER = 6
"""Digits of a telephone number below which it could be anything."""
PERSONAL = ("name", "email", "phone")
"""What the complaint says of the customer besides the id."""


BLOT = "***"


class Marks:
    """What gives one customer away. `found_in` is exact up to case, and to how a telephone number is spaced."""

    def __init__(self, complainant: Mapping[str, Any]) -> None:
        self._patterns = {field: _pattern(field, str(value)) for field, value in _told(complainant)}

    def found_in(self, content: object) -> str | None:
        """The field of the complainant that the content gives away, however deep it lies in it; None where none."""
        for text in texts(content):
            for field, pattern in self._patterns.items():
                if pattern.search(text):
                    return field
        return None

    def hidden(self, content: Any) -> Any:
        """The same JSON value with all that gives the customer away blotted out."""
        if isinstance(content, str):
            for pattern in self._patterns.values():
                content = pattern.sub(BLOT, content)
            return content
        if isinstance(content, Mapping):
            return {name: self.hidden(value) for name, value in content.items()}
        if isinstance(content, list | tuple):
            return type(content)(map(self.hidden, content))
        return content

    def __bool__(self) -> bool:
        return bool(self._patterns)


def _told(complainant: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for field in PERSONAL:
        value = str(complainant.get(field) or "")
        if field == "phone" and len(re.sub(r"\D", "", value)) < SHORTEST_NUMBER:
            continue
        if len(value) > 1 and value != complainant.get("id"):
            yield field, value


def _pattern(field: str, value: str) -> re.Pattern[str]:
    """A number or a Latin name counts only where it stands by itself: 138 is in many an order number."""
    wanted = re.escape(value)
    if field == "phone":
        wanted = r"[ ()-]*".join(re.sub(r"\D", "", value))
    return re.compile(rf"(?<![A-Za-z0-9]){wanted}(?![A-Za-z0-9])", re.IGNORECASE)


def texts(content: object) -> Iterator[str]:
    """Every text in a JSON value, the names of its fields included."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for name, value in content.items():
            yield str(name)
            yield from texts(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from texts(value)
