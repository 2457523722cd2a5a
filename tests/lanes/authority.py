"""G15: who may do what, cell by cell: person, message, department claimed, stage, money; who may read which case.

    python -m tests.lanes.authority --seed 7 --n 20000

Nobody is allowed or denied otherwise than the procedure's and the directory's data say, and every denial is audited.
"""

import argparse
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from pydantic import SecretStr
from sqlmodel import col, func, select

from activities.audit import of_event
from activities.store import Store
from models.case import Case
from models.commands import COMMANDS, Standing
from models.names import DENIALS
from models.procedure import Procedure
from models.stage import Stage
from models.tables import AuditRow, EventRow
from procedures import HERE, PACKS, load_packs, read_trials
from procedures.workdays import Workdays
from rules.messages import receive
from rules.money import stake
from rules.replies import Message
from rules.trial import START, course
from rules.view import view
from starter.cli.reading_rights import Reader, concerned
from starter.cli.session import Session
from starter.failures import NotAllowed
from tests.builders import WITH_LIABLE, least
from tests.lanes.common import Lane, main, options

READS = 0.05
"""Share of the cells that are about reading: each denial is a transaction."""
LIKELY = 0.3
"""Share of the cells whose sender may: most departments may not do most things."""
WAITS = {
    "decide": {Stage.PANEL, Stage.LEADERSHIP},
    "resolve": {Stage.TASK},
    "offer": {Stage.OFFERING},
    "approve": {Stage.APPROVING},
}
"""The stages at which a task is settled by each message."""


@dataclass(frozen=True)
class Scene:
    """A case at one moment of its life."""

    pack: Procedure
    case: Case


def scenes() -> list[Scene]:
    """Every moment of every case in the files of cases that come with the procedures."""
    found = []
    for pack in PACKS.all():
        calendar = Workdays()(START.year) if pack.working_days else None
        for trial in read_trials(HERE / f"{pack.name}.cases.toml").cases:
            found += [Scene(pack, case) for case in course(pack, trial, calendar)]
    return found


def may_send(scene: Scene, name: str) -> set[str] | None:
    """The departments the procedure's data lets send it now; None where it is nobody's at this stage."""
    pack, case = scene.pack, scene.case
    found: set[str] = set()
    for who in pack.authority[name]:
        match who:
            case "asked":
                found |= {ask.department for ask in case.asks} | {ask.department for ask in case.past_asks}
            case "duty":
                found |= {department for work in case.works for department in (work.department, *work.helpers)}
            case "task" if name == "decide" and case.cost_held:
                found.add(pack.panel)
            case "task" if case.task is not None and case.stage in WAITS.get(name, {case.stage}):
                found.add(case.task.department)
            case "task":
                pass
            case _:
                found.add(who)
    dynamic = {"asked", "task", "duty"} & set(pack.authority[name])
    return None if dynamic and not found else found


def denial(scene: Scene, name: str, hats: tuple[str, ...], claimed: str | None) -> str | None:
    """The denial there must be; None where who sends it is no reason to refuse."""
    if scene.case.closed:
        return "closed"
    if not hats:
        return "unknown_actor"
    allowed = may_send(scene, name)
    if allowed is None or any(hat in allowed and claimed in {None, hat} for hat in hats):
        return None
    for department in allowed:
        team = scene.pack.departments.get(department)
        if team is not None and team.substitute in hats and claimed in {None, team.substitute, department}:
            return None
    return "wrong_department"


class Cells:
    """Cells drawn at random, each judged by the rules and by the data."""

    def __init__(self, lane: Lane) -> None:
        self._lane, self._dice = lane, lane.dice
        self.scenes = scenes()
        self.seen: set[tuple[object, ...]] = set()

    def message(self) -> None:
        """Somebody sends something."""
        scene = self._dice.choice(self.scenes)
        names = list(scene.pack.departments)
        name = self._dice.choice(list(scene.pack.authority))
        hats = tuple(self._dice.sample(names, self._dice.choice([0, 1, 1, 1, 1, 2, len(names)])))
        if self._dice.random() < LIKELY and (may := may_send(scene, name)):
            hats = (self._dice.choice(sorted(may)),)
        claimed = self._dice.choice([None, None, *hats, self._dice.choice(names), "elsewhere"])
        actor = self._dice.choice(["somebody", *_had_a_part(scene.case)])
        limits = self._dice.choice(
            [None, None, {}, {scene.case.complaint.order.currency: self._dice.randrange(20_000)}]
        )
        self._claim(hats, limits, names)
        share = {self._dice.choice(list(scene.pack.parties)): 100} if name in WITH_LIABLE else {}
        command = COMMANDS[name].model_validate({"actor": actor, "department": claimed, **least(name, **share)})
        case, verdict = receive(scene.case, scene.pack, Message(name, command, scene.case.events[-1].at, hats, limits))
        cell = f"{scene.pack.ref} {scene.case.stage} {name} by {hats} as {claimed}"
        expected = denial(scene, name, hats, claimed)
        about_who = verdict.code if verdict.code in {"closed", "unknown_actor", "wrong_department"} else None
        self._lane.must(about_who == expected, f"{cell}: {verdict.code}, expected {expected}")
        self._lane.counts["denied" if verdict.code in DENIALS else verdict.code] += 1
        if verdict.code in DENIALS:
            self._audited(scene, case, cell, str(verdict.code))
        elif verdict.accepted:
            self._rightly(scene, name, actor, limits, cell)
        self.seen.add((scene.pack.ref, scene.case.stage, name, hats, claimed, actor != "somebody", limits is None))

    def _claim(self, hats: tuple[str, ...], limits: dict[str, int] | None, names: list[str]) -> None:
        """At the door nobody is let in for a department that is not his, or for more money than is his."""
        if not hats:
            return
        dice = self._dice
        claimed = tuple(dice.sample(names, dice.choice([1, 2]))) if dice.random() < 0.5 else hats[:1]
        money = dice.choice([limits, None, {}, {"EUR": 1}, {dice.choice(["CNY", "BRL"]): dice.randrange(20_000)}])
        let_in = Standing(departments=claimed, limits=money).within(Standing(departments=hats, limits=limits))
        known = {"CNY", "BRL", "EUR", *(limits or {})}
        more = any(_most(money, currency) > _most(limits, currency) for currency in known)
        rightly = all(department in hats for department in claimed) and not more
        self._lane.must(let_in == rightly, f"{claimed} {money} by {hats} {limits}: let in {let_in}, should {rightly}")
        self._lane.counts["let in by the door" if let_in else "not let in by the door"] += 1

    def _audited(self, scene: Scene, case: Case, cell: str, code: str) -> None:
        """A denial leaves one line, a row for the audit trail, and nothing else."""
        entry = of_event(case.number, case.events[-1])
        told = entry is not None and entry.kind == "denied" and entry.data["code"] == code
        self._lane.must(told, f"{cell}: {code} is not audited")
        left = {"events", "event_count", "refusals"}
        same = (
            case.model_dump(exclude=left) == scene.case.model_dump(exclude=left) if self._dice.random() < 0.05 else True
        )
        self._lane.must(same and case.stage is scene.case.stage, f"{cell}: {code} changed the case")

    def _rightly(self, scene: Scene, name: str, actor: str, limits: dict[str, int] | None, cell: str) -> None:
        """What was accepted is within the sender's money, and not by somebody with a part in it."""
        order = scene.case.complaint.order
        if limits is not None and name in {"decide", "triage"}:
            owed = stake(order, scene.case.demand, scene.case.refunded)
            self._lane.must(owed <= limits.get(order.currency, 0), f"{cell}: lets out {owed} with {limits}")
        kinds = {"confirm": {"answered", "answered_late"}, "contest": {"contested"}, "offer": {"offered"}}
        for part in scene.pack.separation.get(name, ()):
            had = {event.actor for event in scene.case.events if event.kind in kinds.get(part, set())}
            self._lane.must(actor not in had, f"{cell}: {actor} had a part in it")


def _most(limits: dict[str, int] | None, currency: str) -> float:
    return math.inf if limits is None else limits.get(currency, 0)


def _had_a_part(case: Case) -> list[str]:
    return sorted({event.actor for event in case.events if event.actor})


class Reads:
    """Who reads which case and whose statements: the people of the directories over cases in SQL."""

    def __init__(self, lane: Lane, store: Store, session: Session, found: list[Scene]) -> None:
        self._lane, self._store, self._session = lane, store, session
        self._scenes = {f"A-{place}": scene for place, scene in enumerate(found)}
        self._denied = 0

    async def fill(self) -> None:
        """The records of all cases."""
        async with self._store.write() as session:
            session.add_all(
                EventRow(number=number, **event.model_dump())
                for number, scene in self._scenes.items()
                for event in scene.case.events
            )

    async def one(self, dice: Random) -> None:
        """Somebody reads something."""
        directory = self._session.directory
        people = [person.name for team in directory.departments.values() for person in team.owners]
        name = dice.choice([*people, *(reader for names in directory.parties.values() for reader in names), "陌生人"])
        reader = Reader(self._session, name)
        own = set(directory.departments_of(name))
        sees_all = any(directory.departments[department].sees == "all" for department in own)
        if dice.random() < 0.3:
            party = dice.choice([*directory.parties, "merchant:M-999", "carrier:SF"])
            clerks = self._session.default_pack.settlement.clerks
            may = sees_all or bool(own.intersection(clerks)) or name in directory.parties.get(party, ())
            await self._judged(reader.party(party, clerks), may, f"{name} reads {party}")
            return
        number, scene = dice.choice(list(self._scenes.items()))
        seen = concerned(view(scene.case, scene.pack))
        told = {event.department for event in scene.case.events}
        may = sees_all or bool(own & (seen | told))
        await self._judged(reader.case(number, seen), may, f"{name} reads {number} at {scene.case.stage}")

    async def _judged(self, reading: Any, may: bool, cell: str) -> None:
        try:
            await reading
            allowed = True
        except NotAllowed:
            allowed, self._denied = False, self._denied + 1
        self._lane.counts["read" if allowed else "denied to read"] += 1
        self._lane.must(allowed is may, f"{cell}: {'allowed' if allowed else 'denied'}")

    async def audited(self) -> None:
        """As many rows as denials."""
        async with self._store.read() as session:
            asked = select(func.count()).select_from(AuditRow).where(col(AuditRow.kind) == "denied")
            rows = (await session.exec(asked)).one()
        self._lane.must(rows == self._denied, f"{self._denied} reads were denied, {rows} are audited")


async def authority(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("authority", given.seed, given.n)
    load_packs()
    cells = Cells(lane)
    with tempfile.TemporaryDirectory(prefix="redress-authority-") as folder:
        address = f"sqlite+aiosqlite:///{Path(folder) / 'redress.db'}"
        store = Store(address)
        await store.create()
        reads = Reads(
            lane,
            store,
            _session(address, folder),
            [scene for scene in cells.scenes if scene.pack.name == "marketplace"],
        )
        await reads.fill()
        for _ in range(lane.n):
            if lane.dice.random() < READS:
                await reads.one(lane.dice)
            else:
                cells.message()
        await reads.audited()
        await store.close()
    lane.counts["different cells"] = len(cells.seen)
    return lane


def _session(address: str, home: str) -> Session:
    session = Session()
    session.settings = session.settings.model_copy(update={"database_url": SecretStr(address), "home": Path(home)})
    return session


if __name__ == "__main__":
    main(authority(options("authority", 20_000)))
