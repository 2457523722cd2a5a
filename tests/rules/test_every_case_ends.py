"""Every case of every procedure comes to its end, whoever stays silent, disputes, disapproves or is not content."""

from random import Random

import pytest

from models.procedure import Procedure
from procedures import HERE, read_pack, read_trials
from procedures.directory import read_directory
from rules.remedy import awaits_goods, order_for
from rules.trial import complaint_of
from tests.lanes.people import Patience, People, Say, Silence
from tests.rules.builders import HOTEL, PACK, START, World, guest

PACKAGED = {name: read_pack(HERE / f"{name}.procedure.toml") for name in ("courier", "returns", "live")} | {
    "marketplace": PACK
}
PEOPLE = read_directory(HERE)
STEPS = 200


class Played:
    """One case and the people around it, by the seed."""

    def __init__(self, world: World, people: People, dice: Random) -> None:
        self.world, self.people, self.dice = world, people, dice

    def to_its_end(self) -> None:
        for _ in range(STEPS):
            if self.world.case.closed:
                return
            match self.people.turn(self.world.view):
                case Say() as said:
                    self._says(said)
                case Silence():
                    self._nobody_says_anything()
                case Patience():
                    self._is_carried_out()
        pytest.fail(f"still at {self.world.stage}, waits for {self.world.view.waiting_for}")

    def _says(self, said: Say) -> None:
        actor = self.people.actor(said.name, said.department)
        assert actor is not None, f"nobody is left to {said.name} for {said.department}"
        hats = self.people.directory.departments_of(actor)
        verdict = self.world.send(said.name, hats, actor=actor, department=said.department, **said.fields)
        assert self.people.told(said, actor, verdict), f"{said.name} for {said.department}: {verdict.reason}"
        if said.name == "goods" and verdict.accepted and not said.fields["accepted"]:
            self.world.child(failure="goods_rejected", step="goods")

    def _nobody_says_anything(self) -> None:
        if awaits_goods(self.world.case, self.world.pack):
            self.world.child(failure="goods_not_returned", step="goods")
            return
        due = self.world.view.due
        assert due is not None, f"{self.world.stage} waits without a clock"
        self.world.until(max(due, self.world.now))

    def _is_carried_out(self) -> None:
        first = order_for(self.world.case, self.world.pack).steps[0]
        self.world.child(**({"failure": "broken", "step": first} if self.dice.random() < 0.05 else {}))


@pytest.mark.parametrize("name", PACKAGED)
def test_every_kind_of_case_ends_whatever_its_people_do_or_leave(name: str) -> None:
    pack: Procedure = PACKAGED[name]
    for trial in read_trials(HERE / f"{name}.cases.toml").cases:
        filed = complaint_of(pack, trial).model_dump(mode="json", exclude_none=True)
        for seed in (3, 5):
            dice = Random(f"{trial.name}:{seed}")
            Played(World(pack=pack, **filed), People(pack, PEOPLE, dice, START.date()), dice).to_its_end()


def test_a_procedure_of_no_company_is_played_by_its_data_alone() -> None:
    people = read_directory(HERE.parent / "tests" / "packs")
    for seed in range(12):
        dice = Random(seed)
        world = guest(cause=dice.choice([*HOTEL.causes]))
        Played(world, People(HOTEL, people, dice, START.date()), dice).to_its_end()
