"""The audit trail as a whole: one chain from its first row, and every denial that a case has on record is in it."""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.audit import Chain, of_event
from models.audit import NO_CASE, Invariant, Violation
from verify.reading import TABLES, Kept, rows

AUDIT = TABLES["audit_row"]
AT_A_TIME = 500


async def trail_breaches(session: AsyncSession) -> AsyncIterator[Violation]:
    """The first row that does not fit, if any: what comes after it proves nothing."""
    chain = Chain()
    found = await (await session.connection()).stream(
        select(AUDIT).order_by(AUDIT.c.seq).execution_options(yield_per=AT_A_TIME)
    )
    async for row in found:
        chain.follow(row._asdict())
    if chain.broken is not None:
        facts: dict[str, str | int] = {"row": chain.broken}
        yield Violation(invariant=Invariant.TRAIL_WHOLE, number=NO_CASE, code="chain_broken", facts=facts)


async def unaudited(session: AsyncSession, page: Sequence[Kept]) -> list[Violation]:
    """Lines of these cases' records that the audit trail lacks: denials, decisions, money, erasures."""
    owed = {
        entry.key: kept.row.number
        for kept in page
        for event in kept.events
        if (entry := of_event(kept.row.number, event)) is not None
    }
    asked = select(AUDIT.c.key).where(AUDIT.c.subject.in_(sorted(set(owed.values()))))
    there = {row.key for row in await rows(session, asked)} if owed else set()
    return [
        Violation(invariant=Invariant.TRAIL_WHOLE, number=number, code="not_audited", facts={"line": str(key)})
        for key, number in owed.items()
        if key not in there
    ]
