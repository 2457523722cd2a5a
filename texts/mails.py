"""A notice as a mail: subject and body from its template and values."""

import re
from collections.abc import Iterator
from datetime import timedelta

from models.language import Language
from models.meeting import Minutes
from models.procedure import Procedure
from models.stage import Stage
from models.steps import FIELD, FormField
from texts import has, named, say, several
from texts.meeting import page
from texts.values import Values, entered, outside, shown, title

SUBJECT_LIMIT = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

TEMPLATES = (
    "acknowledged", "negotiate", "asked", "asked_own", "reminded", "undeliverable", "ask_withdrawn", "refused_rule",
    "refused_finding", "verify", "promised", "panel", "leadership", "task", "task_overdue", "return_goods",
    "goods_expected", "result", "not_done", "not_undone", "taken_back", "callback", "decided_against", "withdrawn",
    "duty", "duty_reminded", "duty_overdue", "duty_done", "progress", "extended", "offer_wanted", "offer",
    "offer_lapsed", "approval", "major",
    "meeting_agenda", "meeting_minutes", "meeting_action", "meeting_overdue", "report",
    "incident_opened", "incident_verified", "incident_decided", "incident_situation", "incident_overdue",
    "incident_closed",
    "corrective_opened", "corrective_missed", "corrective_approval", "corrective_copy", "corrective_again",
    "corrective_recall",
)  # fmt: skip
"""Every notice there is."""
_CALM = {"acknowledged", "promised"}
"""These tell the customer that nothing is to be done, and have a text `…_yours` where something is."""


def render_mail(template: str, values: Values, pack: Procedure, lang: Language) -> tuple[str, str]:
    """Subject (one line, at most 200 characters) and plain-text body.

    A template we do not know (a newer worker's) becomes the plain notice about the case rather than no mail.
    """
    name = template if has(f"mail.{template}.subject") else "other"
    words = {"procedure": pack.name} | shown(values, pack, lang) | _parties(pack) | _limits(pack, lang)
    if name == "acknowledged" and has(f"heard.{values.get('stage')}"):
        words["stage"] = named("heard", values["stage"], lang)
    if name in _CALM and _is_the_customers_turn(name, values, pack):
        name = f"{name}_yours"
    if "duty" in values:
        # As it is typed, because a department may have several at once; and what the customer reads of it.
        words["duty_name"], known = str(values["duty"]), pack.duties.get(str(values["duty"]))
        words["notice"] = title(known.notice, lang) if known and known.notice else words["duty"]
    if told := _told(values, pack, lang):
        words["told"] = told
    if "reason" not in values and "outside" in values:
        words["reason"] = outside(values, str(values["cause"]), str(values["demand"]), pack, lang)
    if fields := list(_asked_for(name, values, pack)):
        words["form"] = "\n".join(f"  {_field(field, lang)}" for field in fields)
    if "minutes" in values:
        words["minutes"] = page(Minutes.model_validate_json(str(values["minutes"])), pack, lang)
    subject = _CONTROL.sub(" ", say(f"mail.{name}.subject", lang, **words)).strip()[:SUBJECT_LIMIT]
    body = say(f"mail.{name}.body", lang, **words).strip()
    signature = say("mail.signature", lang, title=title(pack.title, lang))
    return subject, _CONTROL_BUT_LINES.sub(" ", f"{body}\n\n{signature.strip()}\n")


def _is_the_customers_turn(name: str, values: Values, pack: Procedure) -> bool:
    """Whether another notice asks something of the customer: then this one must not say that nothing is to be done."""
    stage, demand = values.get("stage"), values.get("demand")
    sends_back = any(kind == demand and "goods" in remedy.steps for kind, remedy in pack.remedies.items())
    given = name == "promised" or stage == Stage.EXECUTING
    return stage in (Stage.NEGOTIATING, Stage.REFUSED) or (given and sends_back)


def _parties(pack: Procedure) -> dict[str, str]:
    """Parties of this procedure for the commands that a notice shows: who can be named, outside the house first."""
    named = [name for name in pack.parties if name != pack.customer]
    named.sort(key=lambda name: name in pack.departments)
    return dict(zip(("a_party", "another_party"), named, strict=False))


def _limits(pack: Procedure, lang: Language) -> dict[str, str]:
    """How long a quality complaint that is special or urgent leaves (S2-20, S2-24), in whole hours."""
    if (rules := pack.corrective_action) is None:
        return {}
    clocks = {"containment": rules.containment, "urgent_reply": rules.urgent_reply}
    hours = {name: -(-clock.within // timedelta(hours=1)) for name, clock in clocks.items()}
    return {name: say("span.hour", lang, n=count) for name, count in hours.items()}


def _told(values: Values, pack: Procedure, lang: Language) -> str:
    """What the report on a duty says to the customer, a line for each field."""
    duty = pack.duties.get(str(values.get("duty", "")))
    said = ((field, values.get(f"{FIELD}{field.name}")) for field in (duty.form if duty else ()))
    currency = str(values.get("currency", ""))
    return "\n".join(
        say("cli.labelled", lang, name=title(field.title, lang), value=entered(field, str(value), currency, lang))
        for field, value in said
        if value is not None
    )


def _asked_for(template: str, values: Values, pack: Procedure) -> Iterator[FormField]:
    """What the report or the offer that a notice asks for must say."""
    match template:
        case "duty" if (duty := pack.duties.get(str(values.get("duty")))) is not None:
            names = str(values.get("form", "")).split(", ")
            yield from (field for field in duty.form if field.name in names)
        case "offer_wanted" if pack.offers is not None:
            yield from (field for field in pack.offers.form if field.required)


def _field(field: FormField, lang: Language) -> str:
    """A form's field as it is typed, what it means, and what can be chosen."""
    choices = [title(choice, lang) for choice in field.choices.values()]
    if field.kind == "yes_no":
        choices = [say("yes", lang), say("no", lang)]
    what = say("cli.labelled", lang, name=field.name, value=title(field.title, lang))
    return what + say("cli.facts", lang, facts=several(choices, lang)) if choices else what
