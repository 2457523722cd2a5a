"""One of several things: typed by its name or, as people read it, by its title in either language."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, get_args

from cyclopts import Parameter, Token, default_name_transform

from models.language import Language
from starter.failures import BadInput
from texts import catalogue

if TYPE_CHECKING:
    from models.parts import Title

Known = Mapping[str, Sequence[str]]
"""What may be said: name -> its titles, those in Chinese before those in English."""
_LIKE_OURS = re.compile(r"--?[a-z][a-z-]{0,30}")
"""An option as we might have it: another is not repeated, since it may be anything."""
_BRACKETS = re.compile(r"\s*[（(].*$")


def half_width(text: str) -> str:
    """As typed, with the digits and signs of a Chinese keyboard as everybody else has them."""
    return unicodedata.normalize("NFKC", text)


def meant(typed: str, known: Known) -> str | None:
    """The name of what is typed; None for none of these. A name goes before every title, earlier ones before later.

    What a title says in brackets may be left out.
    """
    by_name = {_as_name(name): name for name in known}
    if (name := by_name.get(_as_name(typed))) is not None:
        return name
    said = _read(typed)
    titles = ((name, _read(title)) for name, called in known.items() for title in called)
    return next((name for name, title in titles if said in (title, _BRACKETS.sub("", title))), None)


def chosen(field: str, typed: str, known: Known, lang: Language) -> str:
    """As `meant`. Raises BadInput with all that may be said, and with what was probably meant."""
    if (name := meant(typed, known)) is not None:
        return name
    shown = {name: _shown(name, called, lang) for name, called in known.items()}
    near = _nearest(typed, known)
    raise BadInput("not_one_of", field=field, choices=", ".join(shown.values()), near=near and shown[near])


def titles_of(parts: "Iterable[tuple[str, Title]]") -> Known:
    """Names with the titles a procedure gives them."""
    return {name: (title.zh, title.en) for name, title in parts}


def titled(groups: Iterable[str], names: Iterable[str]) -> Known:
    """Names with their titles in these groups of texts."""
    keys = {name: [f"{group}.{name.replace('-', '_')}" for group in groups] for name in names}
    both = (catalogue(Language.ZH), catalogue(Language.EN))
    return {name: [texts[key] for texts in both for key in own if key in texts] for name, own in keys.items()}


def not_an_option(typed: str, known: Iterable[str], command: str) -> BadInput:
    """That a command has no such option, with the one it may have that is spelt most like it."""
    option = typed.partition("=")[0]
    near = nearest(option.lstrip("-"), (name.lstrip("-") for name in known))
    told = option if _LIKE_OURS.fullmatch(option) else "--…"
    return BadInput("unknown_option", option=told, near=near and f"--{near}", command=command)


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """What is spelt most like it."""
    return next(iter(difflib.get_close_matches(typed, list(known), n=1)), None)


def by_title(*groups: str, name: str | None = None) -> Parameter:
    """For an argument of an enum's or a literal's choices, which these groups of texts have titles for.

    `name`: what it is called, where it is no option.
    """

    def convert(kind: object, tokens: Sequence[Token]) -> object:
        from starter.cli.session import session

        current, typed = session(), tokens[0].value
        members = _members(kind)
        known = titled(groups, members)
        found = meant(typed, known)
        if found is None and "demand_kind" in groups and (remedy := current.spelt(typed, "remedies")) != typed:
            found = meant(remedy, known)
        return members[found or chosen(tokens[0].keyword or name or "", typed, known, current.lang)]

    return Parameter(converter=convert) if name is None else Parameter(name=name, converter=convert)


def _members(kind: object) -> dict[str, object]:
    """Choices by the names they are typed by."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {default_name_transform(name): member for name, member in kind.__members__.items()}
    return {name: each for arg in get_args(kind) for name, each in (_members(arg) or {str(arg): arg}).items()}


def _read(text: str) -> str:
    return half_width(text).strip().casefold()


def _as_name(text: str) -> str:
    return _read(text).replace("_", "-")


def _shown(name: str, called: Sequence[str], lang: Language) -> str:
    """A name with its title, where that says more."""
    title = (called[0] if lang is Language.ZH else called[-1]) if called else name
    return name if _as_name(title).replace(" ", "-") == _as_name(name) else f"{name} ({title})"


def _nearest(typed: str, known: Known) -> str | None:
    """The only one that what is typed is a part of, else the one that is spelt most like it."""
    said = _read(typed)
    words = {_read(word): name for name, called in known.items() for word in (name, *called)}
    holding = {name for word, name in words.items() if said and said in word}
    if len(holding) == 1:
        return holding.pop()
    return words[word] if (word := nearest(said, words)) is not None else None
