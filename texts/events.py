"""A line of a case's record in words."""

import re

from models.case import Event
from models.language import Language
from models.procedure import Procedure
from texts import catalogue, say
from texts.reasons import reason
from texts.values import department, shown

_MAY = re.compile(r"(?<=; it may: )[a-z0-9_, ]+$")


def _titles(names: str, pack: Procedure, lang: Language) -> str:
    """Departments as the wire names them by their titles; what is not one stays as it is."""
    return ", ".join(department(name, pack, lang) for name in names.split(", "))


def event_line(event: Event, pack: Procedure, lang: Language) -> str:
    """What happened, who did it and for which department. An unknown kind shows itself."""
    values = dict(event.data)
    if event.department is not None:
        values.setdefault("department", event.department)
    words = shown(values, pack, lang)
    if event.kind == "message_refused" and "reason" in words:
        words["reason"] = reason(_MAY.sub(lambda who: _titles(who[0], pack, lang), words["reason"]), lang)
        # Who sent it stands with what it was: after the reason it would read like the one who may.
        words["name"] = ", ".join(word for word in (words.get("name"), event.actor) if word)
    key = f"event.{event.kind}"
    text = say(key, lang, **words) if key in catalogue(lang) else event.kind
    if "reason" in words and "{reason}" not in catalogue(lang).get(key, ""):
        text = say("timeline.reason", lang, text=text, reason=words["reason"])
    if event.actor is None or event.kind == "message_refused":
        return text
    who = event.actor
    if event.department is not None:
        who = say("timeline.who", lang, actor=who, department=department(event.department, pack, lang))
    return say("timeline.by", lang, text=text, who=who)
