"""A meeting's agenda from live data: one query an item, read in a stream."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, distinct, or_
from sqlalchemy import select as choose
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.objections import waiting_objections
from models.complaint import DemandKind
from models.ledger import Account, Objection
from models.meeting import Action, AgendaCase, Cost, ItemState, Summary, Tally
from models.procedure import Procedure
from models.stage import Stage
from models.tables import ActionRow, CaseRow, CorrectiveRow, MeetingItemRow, Row
from rules.calendar import week_before

AT_MOST = 500
"""Cases under A, and as many under C; more wait for the next agenda."""
TOP = 10
"""Reasons, products and merchants a summary names."""
ACTIONS = 200
"""Open actions of earlier meetings one agenda shows."""
ACTION_BYTES = 192 * 1024
"""… and how much they are together: a meeting hands its whole state on, which may be 2 MiB."""
OBJECTIONS = 100
"""Objections to statements one agenda shows."""
CHUNK = 500
TXN, ENTRY = Row.metadata.tables["ledger_txn"], Row.metadata.tables["ledger_entry"]
HELD = "held"
"""Who bears a cost in dispute: nobody yet."""
BEFORE_PANEL = or_(
    col(CaseRow.stage) == Stage.PANEL.value,
    and_(col(CaseRow.cost_held), col(CaseRow.stage) != Stage.CLOSED.value),
)
"""C: the panel owes a decision, about everything or about the cost alone."""
BEFORE_LEADERSHIP = and_(col(CaseRow.stage) == Stage.LEADERSHIP.value, ~col(CaseRow.cost_held))
"""A: the customer insists (S0-13)."""
WAITING = or_(BEFORE_PANEL, BEFORE_LEADERSHIP)


class Drawing:
    """Reads the items of one procedure's agenda as they stand at `at`."""

    def __init__(self, session: AsyncSession, pack: Procedure, at: datetime) -> None:
        self._session = session
        self._pack = pack
        self._at = at
        self._since = week_before(at)
        self._of = CaseRow.under(pack.name)

    async def waiting(self, section: Literal["A", "C"], *narrower: ColumnElement[bool]) -> tuple[list[AgendaCase], int]:
        """The cases of a section, longest waiting first, and how many more there are."""
        where = (self._of, BEFORE_LEADERSHIP if section == "A" else BEFORE_PANEL, *narrower)
        department = self._pack.leadership if section == "A" else self._pack.panel
        carried = (
            select(func.count())
            .where(col(MeetingItemRow.number) == CaseRow.number, MeetingItemRow.state == ItemState.CARRIED.value)
            .correlate(CaseRow)
            .scalar_subquery()
        )
        wanted = select(CaseRow, carried).where(*where).order_by(col(CaseRow.opened_at), col(CaseRow.number))
        found = (await self._session.exec(wanted.limit(AT_MOST))).all()
        total = (await self._session.exec(select(func.count()).select_from(CaseRow).where(*where))).one()
        return [_case(row, section, department, times) for row, times in found], total - len(found)

    async def summary(self, flag: Any) -> Summary:
        """The last week's cases with a flag (a column), by reason, product and merchant, against the week before."""
        now, before = _Counts(), _Counts()
        wanted = select(CaseRow.opened_at, CaseRow.cause, CaseRow.merchant, CaseRow.complaint).where(
            self._of, flag, CaseRow.opened_at >= week_before(self._since), CaseRow.opened_at < self._at
        )
        async for opened_at, cause, merchant, complaint in self._stream(wanted):
            (now if opened_at >= self._since else before).add(cause, merchant, complaint["order"]["lines"])
        return Summary(
            total=Tally(key="total", count=now.total, before=before.total),
            causes=_top(now.causes, before.causes),
            products=_top(now.products, before.products),
            merchants=_top(now.merchants, before.merchants),
        )

    async def costs(self) -> tuple[Cost, ...]:
        """What was booked on each liable party in the last week, by the department that determined it; then disputes.

        Corrections count where they are booked, so a party may come out below zero.
        """
        amount, cases = func.sum(ENTRY.c.amount), func.count(distinct(TXN.c.number))
        determined_by = col(CaseRow.decided_by)
        wanted = (
            choose(ENTRY.c.party, determined_by, TXN.c.currency, amount, cases)
            .join_from(ENTRY, TXN, ENTRY.c.txn == TXN.c.id)
            .join(CaseRow, col(CaseRow.number) == TXN.c.number)
            .where(self._of, TXN.c.at >= self._since, TXN.c.at < self._at)
            .where(ENTRY.c.account.in_((Account.COST.value, Account.HELD.value)))
            .group_by(ENTRY.c.party, determined_by, TXN.c.currency)
            .having(amount != 0)
            .order_by(amount.desc(), ENTRY.c.party)
        )
        found = (await (await self._session.connection()).execute(wanted)).all()
        return tuple(
            Cost(
                party=party or HELD, department=department or "", currency=currency, amount=int(borne), cases=int(times)
            )
            for party, department, currency, borne, times in found
        )

    async def objections(self) -> tuple[Objection, ...]:
        """Lines of statements whose cost is held until the panel decides, the oldest first."""
        whose = or_(self._of, col(CorrectiveRow.procedure) == self._pack.name)
        return tuple(await waiting_objections(self._session, whose, OBJECTIONS))

    async def open_actions(self, besides: str) -> tuple[Action, ...]:
        """Actions of other meetings that wait for their report, the nearest due date first."""
        wanted = (
            select(ActionRow.action)
            .where(
                ActionRow.procedure == self._pack.name,
                col(ActionRow.reported_at).is_(None),
                ActionRow.meeting != besides,
            )
            .order_by(col(ActionRow.due))
            .limit(ACTIONS)
        )
        return _fitting([Action.model_validate(action) for action in (await self._session.exec(wanted)).all()])

    async def _stream(self, wanted: Any) -> AsyncIterator[Any]:
        rows = await self._session.stream(wanted.execution_options(yield_per=CHUNK))
        async for row in rows:
            yield row


def _fitting(actions: Iterable[Action]) -> tuple[Action, ...]:
    kept: list[Action] = []
    room = ACTION_BYTES
    for action in actions:
        room -= len(action.model_dump_json().encode())
        if room < 0:
            break
        kept.append(action)
    return tuple(kept)


class _Counts:
    def __init__(self) -> None:
        self.total = 0
        self.causes: Counter[str] = Counter()
        self.products: Counter[str] = Counter()
        self.merchants: Counter[str] = Counter()

    def add(self, cause: str, merchant: str | None, lines: Iterable[dict[str, Any]]) -> None:
        self.total += 1
        self.causes[cause] += 1
        self.merchants[merchant or "-"] += 1
        self.products.update({line.get("name") or line["sku"] for line in lines})


def _top(now: Counter[str], before: Counter[str]) -> tuple[Tally, ...]:
    ranked = sorted(now, key=lambda key: (-now[key], key))[:TOP]
    return tuple(Tally(key=key, count=now[key], before=before[key]) for key in ranked)


def _case(row: CaseRow, section: Literal["A", "C"], department: str, carried: int) -> AgendaCase:
    return AgendaCase(
        number=row.number,
        section=section,
        department=department,
        order=row.order_number,
        cause=row.cause,
        demand=DemandKind(row.demand),
        amount=row.amount,
        currency=row.currency,
        since=row.opened_at,
        carried=carried,
    )
