"""Search attributes: what people list cases by. Plain text in Temporal, so ids and codes only."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from models.names import GOODS

if TYPE_CHECKING:
    from models.views import CaseView

STAGE = SearchAttributeKey.for_keyword("RedressStage")
WAITING_FOR = SearchAttributeKey.for_keyword_list("RedressWaitingFor")
DEADLINE = SearchAttributeKey.for_datetime("RedressDeadline")
ORDER = SearchAttributeKey.for_keyword("RedressOrder")
PROCEDURE = SearchAttributeKey.for_keyword("RedressProcedure")
LIABLE = SearchAttributeKey.for_keyword_list("RedressLiable")
OVERDUE = SearchAttributeKey.for_bool("RedressOverdue")
EXIT = SearchAttributeKey.for_keyword("RedressExit")

ALL = (STAGE, WAITING_FOR, DEADLINE, ORDER, PROCEDURE, LIABLE, OVERDUE, EXIT)

TOLERANCE = timedelta(seconds=5)
"""A listed deadline may be so far off: whoever starts a case reckons it by its own clock. The view is exact."""


def updates(view: "CaseView", known: TypedSearchAttributes) -> list[SearchAttributeUpdate[Any]]:
    """The attributes that differ from what the server has; an upsert is an event, so unchanged ones are left out."""
    changed: list[SearchAttributeUpdate[Any]] = []
    for key, value in _pairs(view):
        if not _same(known.get(key), value):
            changed.append(key.value_unset() if value is None else key.value_set(value))
    return changed


def initial(view: "CaseView") -> TypedSearchAttributes:
    """The attributes of a case about to be started: those its first step would set by an event of its own."""
    return TypedSearchAttributes([SearchAttributePair(key, value) for key, value in _pairs(view) if value])


def _pairs(view: "CaseView") -> list[tuple[SearchAttributeKey[Any], Any]]:
    liable = [share.party for share in view.ruling.liable] if view.ruling else []
    waiting = [name for name in view.waiting_for.split(",") if name]
    return [
        (STAGE, view.stage.value),
        (WAITING_FOR, waiting or None),
        (DEADLINE, view.due if view.on_due != GOODS else None),  # the remedy keeps that clock, not the case
        (ORDER, view.order),
        (PROCEDURE, view.procedure),
        (LIABLE, liable or None),
        (OVERDUE, view.overdue),
        (EXIT, view.exit.value if view.exit else None),
    ]


def _same(known: object, value: object) -> bool:
    if isinstance(known, datetime) and isinstance(value, datetime):
        return abs(known - value) < TOLERANCE
    if value in (None, False) and known in (None, False):
        return True
    return list(known) == value if isinstance(known, tuple) else known == value
