"""Empty forms of an 8D report as TOML: each field with what belongs there as a comment."""

from models.language import Language
from texts import catalogue

FORMS = ("complaint", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8")


def form_text(name: str, lang: Language) -> str:
    """A form to fill in."""
    return catalogue(lang)[f"form8d.{name}"].strip()
