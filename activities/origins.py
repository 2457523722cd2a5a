"""Whose a message is: what the server says of its origin, the directory of its sender, the gate of its token."""

from collections.abc import Callable
from datetime import datetime

from temporalio import activity

from activities.audit import Entry, append
from activities.clock import wall_clock
from activities.duties import OriginDuties
from activities.identity import Gate
from activities.receipt import sender, signal_times, signals
from activities.store import Store
from models.directory import Directory
from models.names import GOODS, Refused, case_number
from models.pages import Envelope, GoodsWord, Origin
from procedures import Packs


class Origins(OriginDuties):
    """Activities that look at where messages come from."""

    def __init__(
        self,
        store: Store,
        packs: Packs,
        directory_reader: Callable[[], Directory],
        gate: Gate,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._store = store
        self._packs = packs
        self._directory = directory_reader
        self._gate = gate
        self._now = clock

    @activity.defn(name="examine")
    async def examine(self, envelopes: list[Envelope]) -> list[Origin]:
        """Each sender's departments, and when the Temporal server received each signal."""
        directory = self._directory()
        to = activity.info().workflow_id or ""
        times: dict[tuple[str | None, int | None], datetime] = {}
        for run in {each.run for each in envelopes}:
            places = {each.signal for each in envelopes if each.run == run and each.signal is not None}
            times |= {(run, place): at for place, at in (await signal_times(run, places)).items()}
        return [self._origin(each, times.get((each.run, each.signal)), directory, to) for each in envelopes]

    @activity.defn(name="passed_on")
    async def passed_on(self, word: GoodsWord) -> list[int]:
        """By what the server says of each signal's origin; the trail has one denial for a remedy, however many came."""
        own = [place async for place, signal in signals(None) if place in word.places and sender(signal) == word.case]
        if len(own) < len(set(word.places)):
            number, run_id = case_number(word.case) or word.case, activity.info().workflow_run_id
            data = {"code": Refused.NOT_PROVEN.value, "message": GOODS, "event": "remedy"}
            async with self._store.write() as session:
                await append(session, [Entry("denied", number, data=data, key=f"{GOODS}:{run_id}")], self._now)
        return own

    def _origin(self, envelope: Envelope, at: datetime | None, directory: Directory, to: str) -> Origin:
        came = at or envelope.came
        denied = self._gate.sender(envelope.actor, envelope.token, at=came, to=to, ours=envelope.ours)
        return Origin(
            at=at,
            departments=directory.departments_of(envelope.actor),
            limits=directory.limits_of(envelope.actor),
            denied=denied.reason if denied else None,
            has_pack=envelope.wants is not None and self._packs.has(envelope.wants),
        )
