"""The service in figures, as SQL has them: open cases, who must act, payments and mails under way."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.intents import unsettled
from models.stage import NEW, Stage
from models.tables import Row

_TABLES = Row.metadata.tables
CASE, EVENT, MAIL, INTENT = (_TABLES[name] for name in ("case_row", "event_row", "mail_row", "refund_intent"))
OPEN = (NEW, *(stage.value for stage in Stage if stage is not Stage.CLOSED))
HUMAN = frozenset({Stage.TASK, Stage.PANEL, Stage.LEADERSHIP})
"""Stages in which only a person can decide what happens next."""
STUCK = timedelta(minutes=5)
"""A case acts at its `due` by itself; one that has not for so long is wedged, or no worker works."""
DAY = timedelta(days=1)
_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Figures:
    """One look at the service. Ages are in seconds; 0 where there is nothing to be old."""

    cases: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(procedure, stage) -> open cases."""
    waiting: Mapping[str, int] = field(default_factory=dict)
    """Department, customer or system -> open cases that wait for it."""
    overdue: Mapping[str, int] = field(default_factory=dict)
    """The same for cases with a missed clock."""
    tasks: Mapping[str, int] = field(default_factory=dict)
    """Department -> cases that only a person there can move on."""
    tasks_overdue: Mapping[str, int] = field(default_factory=dict)
    stuck: int = 0
    """Cases that should have acted by themselves and have not."""
    silences: Mapping[str, int] = field(default_factory=dict)
    """Department -> rulings by its silence in the last 24 hours."""
    refunds: int = 0
    """Payments meant and not yet known as made or refused."""
    refund_age: float = 0.0
    mails: int = 0
    """Notices neither sent nor given up."""
    mail_age: float = 0.0


async def read_figures(database: AsyncConnection, now: datetime) -> Figures:
    """Four queries, each over open rows or one day only."""
    refunds, refund_age = await _refunds(database, now)
    mails, mail_age = await _mails(database, now)
    figures = await _cases(database, now)
    silences = await _silences(database, now)
    return replace(figures, silences=silences, refunds=refunds, refund_age=refund_age, mails=mails, mail_age=mail_age)


async def _cases(database: AsyncConnection, now: datetime) -> Figures:
    limit = now - STUCK
    silent = or_(CASE.c.due < limit, and_(CASE.c.stage == NEW, CASE.c.opened_at < limit))
    groups = (CASE.c.procedure, CASE.c.stage, CASE.c.waiting_for, CASE.c.overdue)
    stuck = func.sum(case((silent, 1), else_=0)).label("stuck")
    wanted = select(*groups, func.count().label("number"), stuck).where(CASE.c.stage.in_(OPEN)).group_by(*groups)
    rows = (await database.execute(wanted)).all()
    return Figures(
        cases=_sum(((row.procedure, row.stage), row.number) for row in rows),
        waiting=_sum((name, row.number) for row in rows for name in _names(row.waiting_for)),
        overdue=_sum((name, row.number) for row in rows if row.overdue for name in _names(row.waiting_for)),
        tasks=_sum((name, row.number) for row in rows if row.stage in HUMAN for name in _names(row.waiting_for)),
        tasks_overdue=_sum(
            (name, row.number) for row in rows if row.stage in HUMAN and row.overdue for name in _names(row.waiting_for)
        ),
        stuck=sum(row.stuck for row in rows),
    )


def _names(waiting_for: str) -> list[str]:
    return [name for name in waiting_for.split(",") if name]


def _sum(pairs: Iterable[tuple[_Key, int]]) -> dict[_Key, int]:
    total: Counter[_Key] = Counter()
    for key, number in pairs:
        total[key] += number
    return dict(total)


async def _silences(database: AsyncConnection, now: datetime) -> dict[str, int]:
    wanted = (
        select(EVENT.c.department, func.count())
        .where(EVENT.c.kind == "silence", EVENT.c.at > now - DAY)
        .group_by(EVENT.c.department)
    )
    return {department or "": number for department, number in (await database.execute(wanted)).all()}


async def _refunds(database: AsyncConnection, now: datetime) -> tuple[int, float]:
    """An intent is as old as its first call; one that was never sent, as the ruling behind it."""
    since = func.coalesce(INTENT.c.sent_at, CASE.c.ruled_at, type_=CASE.c.ruled_at.type)
    wanted = (
        select(func.count(), func.min(since))
        .select_from(INTENT.outerjoin(CASE, CASE.c.number == INTENT.c.number))
        .where(unsettled())
    )
    number, oldest = (await database.execute(wanted)).one()
    return number, _age(oldest, now)


async def _mails(database: AsyncConnection, now: datetime) -> tuple[int, float]:
    unsent = and_(MAIL.c.next_try_at.is_not(None), MAIL.c.sent_at.is_(None), MAIL.c.failed_at.is_(None))
    number, oldest = (await database.execute(select(func.count(), func.min(MAIL.c.written_at)).where(unsent))).one()
    return number, _age(oldest, now)


def _age(since: datetime | None, now: datetime) -> float:
    """Never negative: a case of the local stack whose clock was forwarded is ahead of us."""
    return max((now - since).total_seconds(), 0.0) if since is not None else 0.0
