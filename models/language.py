"""Languages of text for people. Apart from the contracts: help and errors need it, and must not wait for pydantic."""

from collections.abc import Mapping
from enum import StrEnum


class Language(StrEnum):
    """Languages of text for people."""

    ZH = "zh"
    EN = "en"


def of_locale(environment: Mapping[str, str]) -> Language:
    """The language of a program's environment, by LC_ALL, LC_MESSAGES or LANG."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    return Language.ZH if locale.lower().startswith("zh") else Language.EN
