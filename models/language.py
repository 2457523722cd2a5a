"""Languages of text for people. Apart from the contracts: help and errors need it, and must not wait for pydantic."""

from collections.abc import Mapping
from enum import StrEnum


class Language(StrEnum):
    """Languages of text for people."""

    ZH = "zh"
    EN = "en"


def of_tag(tag: str) -> Language | None:
    """The language of a tag as people and systems write it, such as zh, zh-CN or en_GB; None for one we lack."""
    name = tag.strip().lower().replace("_", "-").partition("-")[0]
    return Language(name) if name in set(Language) else None


def of_locale(environment: Mapping[str, str]) -> Language:
    """The language of a program's environment, by LC_ALL, LC_MESSAGES or LANG."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    return of_tag(locale.partition(".")[0]) or Language.EN
