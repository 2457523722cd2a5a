"""Changes of the kind that hurt open cases. Each must be caught by the kept histories."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """In `file`, `old` becomes `new`; the kept history `seen_in` shows it, stopped by the replay or by its commands."""

    name: str
    file: str
    old: str
    new: str
    seen_in: str
    by: str


_REMEDY = "workflows/remedy.py"
_OPTIONS = "workflows/options.py"
_CASE = "workflows/complaint.py"
_CHILD = "workflows/following.py"
_PACK = "procedures/marketplace.procedure.toml"

MUTANTS = [
    Mutant(
        "a refund a hundred times too large",
        "rules/remedy.py",
        "amount=execution.remedy.amount,",
        "amount=execution.remedy.amount * 100,",
        "answered_in_time.case",
        "commands",
    ),
    Mutant(
        "48 hours where 24 were promised",
        _PACK,
        'answer = { within = "24h"',
        'answer = { within = "48h"',
        "waiting_for_an_answer.case",
        "commands",
    ),
    Mutant(
        "a moment's sleep before the wait",
        _CASE,
        "        book = beside(self.keep_book())",
        "        book = beside(self.keep_book())\n        await workflow.sleep(0.01)",
        "waiting_for_the_call.case",
        "commands",
    ),
    Mutant(
        "a partner asked again only after an hour",
        _OPTIONS,
        "maximum_interval=timedelta(minutes=5)",
        "maximum_interval=timedelta(hours=1)",
        "answered_in_time.refund-1",
        "commands",
    ),
    Mutant(
        "a partner given two seconds",
        _OPTIONS,
        "MOMENT = timedelta(seconds=20)",
        "MOMENT = timedelta(seconds=2)",
        "waiting_for_goods.refund-1",
        "commands",
    ),
    Mutant(
        "partners asked on the rulings' queue",
        _OPTIONS,
        "return task_queue(workflow.info().task_queue, queue)",
        "return workflow.info().task_queue",
        "answered_in_time.refund-1",
        "commands",
    ),
    Mutant(
        "goods set aside and never released",
        "rules/remedy.py",
        '_UNDONE: tuple[Step, ...] = ("label", "reserve")',
        '_UNDONE: tuple[Step, ...] = ("label",)',
        "goods_never_back.exchange-1",
        "replay",
    ),
    Mutant(
        "steps in another order",
        _REMEDY,
        "for step in order.steps:",
        "for step in order.steps[::-1]:",
        "exchange.exchange-1",
        "replay",
    ),
    Mutant(
        "one activity in another's place",
        _REMEDY,
        "RemedyDuties.pay,",
        "RemedyDuties.ship,",
        "answered_in_time.refund-1",
        "replay",
    ),
    Mutant(
        "a child that ends with its case",
        _CHILD,
        "ParentClosePolicy.ABANDON",
        "ParentClosePolicy.TERMINATE",
        "waiting_for_goods.case",
        "commands",
    ),
    Mutant(
        "a child under another id, which would pay again",
        "models/names.py",
        'f"{_PREFIX}{number}.{kind.lower()}-{decision}{suffix}"',
        'f"{_PREFIX}{number}.{kind.lower()}-{decision}-{attempt}"',
        "answered_in_time.case",
        "replay",
    ),
    Mutant(
        "a child of another type",
        _CHILD,
        "                workflow_type,\n",
        '                "Exchange",\n',
        "answered_in_time.case",
        "replay",
    ),
    Mutant(
        "a result that hides the refund",
        "rules/view.py",
        "refunded=case.refunded,\n        currency=case.complaint",
        "refunded=0,\n        currency=case.complaint",
        "answered_in_time.case",
        "commands",
    ),
    Mutant(
        "no reminder",
        _PACK,
        'reminders = [{ within = "4h", source = "ours" }]',
        "reminders = []",
        "silence.case",
        "replay",
    ),
]
SHORT = 5
"""So many, from the first, in every run of the tests; all of them by `make mutants`."""
