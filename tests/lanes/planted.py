"""Bugs planted in a copy of the source: where, what, and the lane that must find each."""

from dataclasses import dataclass

WORLDS = ("worlds", "--n", "400")
GATEWAY = ("gateway", "--n", "40")
RACES = ("races", "--n", "2", "--database", "sqlite")
TOKENS = ("tokens", "--n", "600")
AUTHORITY = ("authority", "--n", "400")
INJECTIONS = ("injections", "--n", "300")
BOOKS = ("books", "--n", "20")


@dataclass(frozen=True)
class Bug:
    """`old` becomes `new` in `file`; `lane` must end with a breach."""

    name: str
    file: str
    old: str
    new: str
    lane: tuple[str, ...]


BUGS = (
    Bug("a deadline rings an hour late, so late answers count", "rules/clock.py",
        "due.at <= now:", "due.at <= now - __import__('datetime').timedelta(hours=1):", WORLDS),
    Bug("silence is ruled at the worker's time, not at the deadline", "rules/clock.py",
        "return silence(case, pack, due.ask, due.at)", "return silence(case, pack, due.ask, now + (now - due.at) + "
        "__import__('datetime').timedelta(seconds=1))", WORLDS),
    Bug("a refund is counted twice on its case", "rules/remedy.py",
        "case.but(refunded=case.refunded + amount,", "case.but(refunded=case.refunded + 2 * amount,", WORLDS),
    Bug("a remedy is paid a hundredfold", "rules/remedy.py",
        "amount=execution.remedy.amount,", "amount=100 * execution.remedy.amount,", WORLDS),
    Bug("a case ends without a line in its record", "rules/closing.py",
        "return note(move(case, Stage.CLOSED, at), at, \"closed\", exit=end)", "return move(case, Stage.CLOSED, at)",
        WORLDS),
    Bug("a refusal takes no number in the record", "rules/record.py",
        "event_count=event.seq,", "event_count=event.seq - (kind == 'message_refused'),", WORLDS),
    Bug("a payment in doubt is sent again without a look", "activities/remedies.py",
        "if intent.suspect:\n            return True", "if intent.suspect:\n            return False", GATEWAY),
    Bug("a refund that was taken back is sent again without a look", "activities/intents.py",
        "intent.state, intent.code, intent.suspect = \"open\", None, True",
        "intent.state, intent.code, intent.suspect = \"open\", None, False", GATEWAY),
    Bug("a refund that was taken back still counts as paid", "rules/takeback.py",
        "refunded=case.refunded - given.amount,", "refunded=case.refunded,", WORLDS),
    Bug("a key is trusted past its life", "activities/remedies.py", "TRUSTED = 0.8", "TRUSTED = 80", GATEWAY),
    Bug("an order gives back more than was paid", "activities/intents.py",
        "if not await _hold(session, order.order, order.currency, order.amount, besides):", "if False:", RACES),
    Bug("a page leaves its notices out", "activities/record.py",
        "        if mails:", "        if mails and False:", BOOKS),
    Bug("costs are not booked", "activities/ledger.py",
        "if fresh:", "if fresh and False:", BOOKS),
    Bug("an old page overwrites a newer row", "activities/record.py",
        'newer = col(CaseRow.version) < bindparam("this_version")',
        'newer = col(CaseRow.version) != bindparam("this_version")', BOOKS),
    Bug("a token is good after it has expired", "activities/identity.py",
        "if moment > ends + TIGHT:", "if False:", TOKENS),
    Bug("a token made for one case is good for another", "activities/identity.py",
        'if claims.get("for") not in (None, to):', "if False:", TOKENS),
    Bug("whoever has several hats may do anything", "rules/messages.py",
        "if hat in allowed and wanted in (None, hat)]", "if hat in allowed or len(departments) > 1]",
        AUTHORITY),
    Bug("the door lets in whoever claims more money than is his", "models/commands.py",
        "return other.limits is None\n", "return True\n", AUTHORITY),
    Bug("a denial leaves no line", "rules/messages.py",
        "if case.refusals < (NOTED_DENIALS if code in DENIALS", "if case.refusals < (0 if code in DENIALS", AUTHORITY),
    Bug("a cell may be a formula", "reports/cells.py", 'and text.startswith(FORMULA)', "and False", INJECTIONS),
)  # fmt: skip
