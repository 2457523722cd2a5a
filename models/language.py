"""Languages of text for people. Apart from the contracts: help and errors need it, and must not wait for pydantic."""

from enum import StrEnum


class Language(StrEnum):
    """Languages of text for people."""

    ZH = "zh"
    EN = "en"
