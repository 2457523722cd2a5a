"""What a check or the doctor found, in words: amounts with their currency, codes and departments by their names."""

from collections.abc import Mapping

from starter.cli.session import Session
from starter.cli.tables import names
from texts import money, values


def in_brackets(current: Session, facts: Mapping[str, str | int]) -> str:
    """The facts behind a finding, in brackets; nothing where there are none."""
    currency = str(facts.get("currency", ""))
    told = [
        current.say("fact", name=current.named("fact", name), value=_shown(current, name, value, currency))
        for name, value in facts.items()
        if name != "currency" and value != ""
    ]
    return current.say("facts", facts=current.say("comma").join(told)) if told else ""


def _shown(current: Session, name: str, value: str | int, currency: str) -> str:
    if isinstance(value, int):
        return money(value, currency, current.lang) if currency else str(value)
    if name == "code":
        return values.coded(name, value, current.lang)
    if name in {"waiting_for", "department"}:
        return names(value.split(","), current.default_pack, current)
    return current.named("stage" if name == "case" else name, value)
