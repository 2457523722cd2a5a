"""Whether whoever starts something is believed: a complaint, a meeting at once, an incident, a corrective action."""

from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

from temporalio.exceptions import ApplicationError

from activities.audit import Entry, append
from activities.clock import wall_clock
from activities.identity import ANOTHER, Denied, Gate
from activities.store import Store
from models.directory import Directory
from models.names import Refused
from rules.checks import stranger


class Doorkeeper:
    """Where the service asks for proof, nothing begins without; each denial goes into the audit trail."""

    def __init__(
        self, store: Store, gate: Gate, directory: Callable[[], Directory], clock: Callable[[], datetime] = wall_clock
    ) -> None:
        self._store = store
        self._gate = gate
        self._directory = directory
        self._now = clock

    async def believe(
        self,
        token: str | None,
        *,
        to: str,
        run_id: str,
        at: datetime,
        what: str,
        subject: str,
        actor: str | None = None,
    ) -> None:
        """Nothing where the token is somebody's of the directory, `actor`'s where one is named, for the workflow `to`.

        Nor where there is none and none is asked for. `at`: when it was started. Raises ApplicationError, not to be
        retried, of type `not_proven` or `unknown_actor`.
        """
        if token is None and not self._gate.required:
            return
        holder = self._gate.holder(token, at=at, to=to)
        if isinstance(holder, Denied):
            code, reason = Refused.NOT_PROVEN, holder.reason
        elif actor is not None and holder.name != actor:
            code, reason = Refused.NOT_PROVEN, ANOTHER
        elif not holder.ours and not self._directory().departments_of(holder.name):
            code, reason = stranger().code, stranger().reason
        else:
            return
        await self.deny(code, reason, run_id=run_id, what=what, subject=subject)

    async def deny(self, code: Refused, reason: str, *, run_id: str, what: str, subject: str) -> NoReturn:
        """Note a denial, once for the run that asked, and raise it as an ApplicationError that is not to be retried."""
        denial = Entry("denied", subject, data={"code": code.value, "message": what}, key=f"{what}:{run_id}")
        async with self._store.write() as session:
            await append(session, [denial], self._now)
        raise ApplicationError(reason, type=code.value, non_retryable=True)
