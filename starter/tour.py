"""A case of each other procedure, from beginning to end, as the procedure's own cases tell it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from models.case import Exit
from models.complaint import Complaint
from models.procedure import Procedure
from models.span import WorkCalendar, WorkingDays
from models.stage import Stage
from models.trial import Act, Trial
from procedures import read_trials
from rules.spans import CalendarGap, ends
from rules.trial import complaint_of
from starter.players import STEP_PATIENCE, DemoStuck, Players, Told

_CARRIED_OUT = frozenset(Stage) - {Stage.EXECUTING}
"""Where a case stands once what was decided has been carried out."""


class Tour(Players):
    """Plays one trial of a procedure on the real stack."""

    async def play(self, pack: Procedure, trial: Trial) -> Told:
        """File the trial's complaint and do what it says happens. Raises DemoStuck."""
        started = await self.cases.start(self._complaint(pack, trial))
        self.say("demo.filed_under", {"number": started.number, "procedure": pack.ref})
        if not await self.cases.taken_in(started.number, within=STEP_PATIENCE):
            raise DemoStuck("not_readable", number=started.number)  # it has no clock yet that could run ahead
        for act in trial.then:
            await self._happens(started.number, act)
        view = await self.until(started.number, Stage.CLOSED)
        return Told(pack.name, view, await self.cases.timeline(started.number), pack.title)

    def _complaint(self, pack: Procedure, trial: Trial) -> Complaint:
        plain = complaint_of(pack, trial)
        name = pack.name.upper().replace("_", "-")
        changes = {
            "number": f"DEMO-{self.run}-{name}",
            "procedure": pack.name,
            "complainant": plain.complainant.model_copy(update={"id": f"customer-{self.run}"}),
            "order": plain.order.model_copy(update={"number": f"YL-{self.run}-{pack.name}"}),
        }
        return plain.model_copy(update=changes)

    async def _happens(self, number: str, act: Act) -> None:
        if isinstance(act.wait, timedelta):
            await self.cases.fast_forward(number, act.wait)
        elif act.done:
            await self.until(number, Stage.FEEDBACK, *_CARRIED_OUT)
        elif act.by is not None and act.send is not None:
            await self.do(number, act.send, self.owner(act.by), **({"department": act.by} | act.fields))


def stories(folder: Path, packs: list[Procedure], told: str) -> Iterator[tuple[Procedure, Trial]]:
    """For the newest version of each procedure but `told` the longest of its cases that can be played to its end."""
    newest = {pack.name: pack for pack in packs}
    for pack in newest.values():
        file = folder / f"{pack.name}.cases.toml"
        playable = [trial for trial in _trials(file) if _can_be_played(trial)]
        if pack.name != told and playable:
            yield pack, max(playable, key=lambda trial: len(trial.then))


def runs_out(pack: Procedure, days: WorkCalendar, now: datetime) -> str | None:
    """Why a case would wait for the working days of a year nobody knows yet; None where it would not."""
    try:
        ends(now, WorkingDays(max(pack.working_days, 1)), pack.time_zone, days)
    except CalendarGap as gap:
        return str(gap)
    return None


def _trials(file: Path) -> tuple[Trial, ...]:
    return read_trials(file).cases if file.is_file() else ()


def _can_be_played(trial: Trial) -> bool:
    """To a satisfied end, at any time of the year: no fixed day of delivery, no working days to be waited for."""
    ended = trial.ends is not None and (trial.ends.stage, trial.ends.exit) == (Stage.CLOSED, Exit.SATISFIED)
    timeless = trial.delivered is None and trial.promised is None
    waits = [act.wait for act in trial.then if act.wait is not None]
    return ended and timeless and all(isinstance(wait, timedelta) for wait in waits)
