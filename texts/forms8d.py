"""Empty forms of an 8D report as TOML: each field with what belongs there as a comment."""

from models.language import Language
from texts import catalogue


def form_text(name: str, lang: Language) -> str:
    """A form to fill in."""
    return catalogue(lang)[f"form8d.{name}"].strip()
