"""Procedures as data: each pack does what its own cases say, and a pack with a mistake is refused in one line."""

import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from models.span import WallSpan
from models.trial import Trial
from procedures import DIRECTORY, HERE, SUFFIX, PackError, Packs, read_pack, read_trials
from procedures.directory import read_directory
from procedures.workdays import Workdays
from rules.trial import differences
from tests.rules.builders import PACK, START, World

PACK_FILES = sorted(HERE.glob("*.procedure.toml"))
MARKETPLACE = (HERE / "marketplace.procedure.toml").read_text(encoding="utf-8")
SPAN: TypeAdapter[timedelta] = TypeAdapter(WallSpan)


def trials(file: Path) -> tuple[Trial, ...]:
    return read_trials(file.with_name(file.name.replace(".procedure.", ".cases."))).cases


@pytest.mark.parametrize(
    ("file", "trial"),
    [pytest.param(file, trial, id=f"{file.name}: {trial.name}") for file in PACK_FILES for trial in trials(file)],
)
def test_a_pack_does_what_its_own_cases_say(file: Path, trial: Trial) -> None:
    assert differences(read_pack(file), trial, Workdays()(START.year)) == []


def test_a_case_that_comes_otherwise_is_told_in_a_line_for_each_difference() -> None:
    trial = trials(HERE / "marketplace.procedure.toml")[0].model_copy(update={"route": "goods", "stage": "panel"})
    assert differences(PACK, trial) == [
        "route: is own_fault, expected goods",
        "stage: is asked, expected panel",
    ]


def test_a_clock_that_comes_otherwise_is_told_as_the_author_writes_spans() -> None:
    own_fault, *_ = trials(HERE / "marketplace.procedure.toml")
    trial = own_fault.model_copy(update={"first_due": timedelta(hours=36)})
    assert differences(PACK, trial) == ["first_due: is 24h, expected 36h"]


@pytest.mark.parametrize("file", PACK_FILES, ids=lambda file: file.name)
def test_every_route_of_a_pack_has_a_case_of_its_own(file: Path) -> None:
    assert {trial.route for trial in trials(file)} == {route.name for route in read_pack(file).routes}


@pytest.mark.parametrize("file", PACK_FILES, ids=lambda file: file.name)
def test_every_number_and_name_of_a_pack_names_its_source(file: Path) -> None:
    def parts(value: Any, path: str) -> list[str]:
        if isinstance(value, list):
            return [line for i, item in enumerate(value) for line in parts(item, f"{path}.{i}")]
        if not isinstance(value, dict):
            return []
        said = {key for key, item in value.items() if not isinstance(item, dict)}
        bare = bool({"within", "times", "handling", "steps", "every"} & said) and not value.get("source")
        # A reminder is our own courtesy; its source is asked for like any other's.
        return [path] * bare + [line for key, item in value.items() for line in parts(item, f"{path}.{key}")]

    assert parts(tomllib.loads(file.read_text(encoding="utf-8")), "") == []


def test_every_department_has_owners_who_may_act_for_it() -> None:
    directory = read_directory(DIRECTORY)
    for name in PACK.departments:
        team = directory.team(name)
        assert team is not None
        assert all(name in directory.departments_of(person.name) for person in team.owners)
    assert directory.departments_of("路人") == ()


PAPER = '[papers.slip]\ntitle = { zh = "单", en = "Slip" }\nsource = "ours"\n'


def bands(*ends: tuple[int | None, int | None]) -> str:
    """Bands of these amounts, from more than the one up to the other."""
    lines = [
        f"[[approvals]]\n{'' if over is None else f'over = {over}'}\n{'' if top is None else f'up_to = {top}'}\n"
        for over, top in ends
    ]
    return "".join(f'{line}source = "ours"\n' for line in lines)


BROKEN: list[tuple[str, str, str]] = [
    ('time_zone = "Asia/Shanghai"', 'time_zone = "Asia/Shangai"', "time_zone: is not known"),
    ('front_desk = "customer_service"', 'front_desk = "returns_centre"', "front_desk: must be one of `parties`"),
    ('panel = "panel"', 'panel = "board"', "panel: department board is used but not defined"),
    ('unreachable = "system"', 'unreachable = "nobody"', "unreachable: party nobody is used but not defined"),
    ('name = "late"\ntitle', 'name = "transit"\ntitle', "routes: transit is there 2 times"),
    ('name = "late"\ntitle', 'name = "by_hand"\ntitle', "routes.6.name: by_hand is kept"),
    ('causes = ["damage_unclear"] }', 'causes = ["bad_luck"] }', "cause bad_luck is used but not defined"),
    ('handling = "grant"', 'handling = "give"', "routes.1.handling: must be one of grant, refuse, own"),
    ('handling = "grant"', 'handling = "ask"', "routes.1.ask: names departments exactly where"),
    ('"own"\nask = ["customer_service"]', '"own"\nask = ["logistics"]', "routes.0.ask: with handling"),
    ('ask = ["merchandise"]', 'ask = ["returns_centre"]', "ask: party returns_centre is used but not defined"),
    ('name = "goods"', 'name = "goods"\nwhen = { late = true }', "routes: the last must have no `when`"),
    ('answer = { within = "24h"', 'answer = { within = "24 hours"', "clocks.answer.within: must be a span"),
    ('answer = { within = "24h"', 'answer = { within = "0h"', "clocks.answer.within:"),
    ('answer = { within = "24h"', 'answer = { within = "4h"', "clocks.reminders: must each be shorter"),
    ('answer = { within = "24h", source = "S0-15" }', 'answer = { within = "24h" }', "clocks.answer.source: is"),
    ('within = "24h", source = "S0-14" }', 'within = "24h", hours = 3, source = "x" }', "clocks.promise.hours: is"),
    ("times = 2\n", "times = 2.5\n", "rework.times: must be a whole number"),
    ("version = 1", "version = 0", "version:"),
    ('workflow = "Exchange"', 'workflow = "Gift"', "remedies.exchange.workflow: must be one of"),
    (
        "[authority]",
        f'{PAPER}parts = ["reports"]\nduties = ["gone"]\n[authority]',
        "papers.slip.duties: duty gone is used",
    ),
    ("[authority]", f'{PAPER}parts = ["reports"]\n[authority]', "papers.slip.duties: are named exactly where"),
    ('workflow = "Refund"\nsteps = ["pay"]', 'steps = ["pay"]', "remedies.refund.workflow: is needed exactly where"),
    ('["label", "goods", "pay"]', '["pay", "label", "goods"]', "remedies.return_and_refund.steps: has something after"),
    ('["label", "goods", "pay"]', '["label", "label", "pay"]', "remedies.return_and_refund.steps: names a step twice"),
    ("[remedies.repair]", "[remedies.mending]", "remedies.mending"),
    ('withdraw = ["customer_service"]', "", "authority.withdraw: names nobody"),
    ('withdraw = ["customer_service"]', 'withdraw = ["customer_service"]\nfly = ["panel"]', "authority.fly: is not a"),
    ('verify = ["customer_service"]', 'verify = ["press_office"]', "authority.verify: department press_office is used"),
    ("[authority]", f"{bands((None, 500), (600, None))}[authority]", "approvals.1.over: must be 500 for merchant"),
    ("[authority]", f"{bands((None, 500), (400, None))}[authority]", "approvals.1.over: must be 500 for merchant"),
    ("[authority]", f"{bands((None, None), (500, None))}[authority]", "approvals.1: the band before has no `up_to`"),
    ("[authority]", f"{bands((None, 500), (500, 900))}[authority]", "approvals.1.up_to: is the last band for merchant"),
    ("[callbacks]", "[callbacks", "is not valid TOML"),
    ('panel = "panel"\n', 'panel = "panel"\nsurprise = 1\n', "surprise: is not a known field"),
    ("\nwrong_item = {", "\nWrong-Item = {", "causes.Wrong-Item"),
    ('within = "15d"\n', 'within = "3651d"\n', "in_rules.0.within: must be more than nothing and at most 3650 days"),
]


@pytest.mark.parametrize(("old", "new", "line"), BROKEN, ids=[line for _, _, line in BROKEN])
def test_a_pack_with_a_mistake_is_refused_with_one_clear_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert old in MARKETPLACE
    file = tmp_path / "bad.procedure.toml"
    file.write_text(MARKETPLACE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackError) as refused:
        read_pack(file)
    found = [said for said in str(refused.value).splitlines() if line in said]
    assert len(found) == 1
    assert found[0].startswith("bad.procedure.toml: ")
    assert str(tmp_path) not in str(refused.value)


def test_what_a_report_says_to_the_customer_needs_a_duty_that_tells_the_customer(tmp_path: Path) -> None:
    courier = (HERE / "courier.procedure.toml").read_text(encoding="utf-8")
    file = tmp_path / "courier.procedure.toml"
    mute = 'tells_customer = true\nnotice = { zh = "您的投诉已有处理结果：'
    file.write_text(courier.replace(mute, mute.partition("\n")[2]), encoding="utf-8")
    with pytest.raises(PackError, match=r"(?s)result.told: nobody tells the customer.*notice: nobody tells the"):
        read_pack(file)
    file.write_text(courier.replace("personal = true }", "personal = true, told = true }", 1), encoding="utf-8")
    with pytest.raises(PackError, match=r"told: goes out by mail"):
        read_pack(file)


def test_a_pack_file_that_is_not_text_or_not_there_is_refused_with_one_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.procedure.toml"
    with pytest.raises(PackError, match=r"^bad.procedure.toml: cannot be read; [^\n]*$"):
        read_pack(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PackError, match=r"^bad.procedure.toml: is not a text in UTF-8; save it as UTF-8$"):
        read_pack(file)


def test_a_changed_pack_needs_a_new_version_and_the_newest_one_takes_new_cases() -> None:
    packs = Packs()
    packs.add(PACK)
    packs.add(PACK)
    with pytest.raises(PackError, match="differs from the pack of the same version"):
        packs.add(PACK.model_copy(update={"time_zone": "UTC"}))
    packs.add(PACK.model_copy(update={"version": 12}))
    newest = packs.newest(PACK.name)
    assert newest is not None
    assert (newest.version, packs.pinned(PACK.ref), packs.newest("other")) == (12, PACK, None)
    with pytest.raises(PackError, match="this worker does not have the procedure"):
        packs.pinned("marketplace.99")


def test_a_pack_of_ours_goes_by_the_name_of_its_file() -> None:
    for file in HERE.glob(f"*{SUFFIX}"):
        assert f"{read_pack(file).name}{SUFFIX}" == file.name, "it is found by that name before it is read"


ASKS: dict[str, Callable[[Packs], bool]] = {
    "newest": lambda packs: packs.newest(PACK.name) == PACK,
    "has": lambda packs: packs.has(PACK.ref),
    "pinned": lambda packs: packs.pinned(PACK.ref) == PACK,
    "all": lambda packs: packs.all() == [PACK],
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_a_pack_of_ours_is_read_once_it_is_asked_for_and_never_again(
    ask: Callable[[Packs], bool], tmp_path: Path
) -> None:
    file = tmp_path / f"{PACK.name}{SUFFIX}"
    packs = Packs()
    packs.leave(PACK.name, file)
    assert packs.newest("another") is None
    file.write_bytes((HERE / file.name).read_bytes())
    assert ask(packs)
    file.unlink()
    packs.leave(PACK.name, file)
    assert packs.all() == [PACK]


def test_a_companys_pack_that_changes_one_of_ours_is_refused_even_where_ours_was_not_read_yet() -> None:
    packs = Packs()
    packs.leave(PACK.name, HERE / f"{PACK.name}{SUFFIX}")
    with pytest.raises(PackError, match="differs from the pack of the same version"):
        packs.add(PACK.model_copy(update={"time_zone": "Asia/Urumqi"}))


def test_the_marketplaces_answer_clock_is_24_hours_from_the_ask() -> None:
    assert isinstance(World().view.due, datetime)
    assert PACK.clocks.answer is not None
    assert PACK.clocks.promise is not None
    assert PACK.clocks.answer.within == PACK.clocks.promise.within == timedelta(hours=24)
