"""The facade and the command line on a real server with the service at work."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowFailureError
from temporalio.worker import Worker

from models.commands import Confirm, Feedback, Withdraw
from models.complaint import Complaint
from models.names import COMPLAINT, Refused, case_id
from models.stage import Stage
from procedures import DIRECTORY, HERE, PACKS, load_packs
from procedures.directory import read_directory
from starter.cases import Cases
from starter.cli.app import app
from starter.cli.session import begin
from starter.demo import Demo
from starter.failures import NoSuchCase, NotAllowed, NotConfirmed, TryAgain
from starter.listing import Filters
from starter.tour import Tour, stories
from tests.support import GOODS_DEPT, SERVICE, Office, cached, complaint, complaint_data, new_number
from tests.workflows.test_reset import deleted
from workflows.attributes import STAGE

pytestmark = cached
Command = Callable[..., Awaitable[object]]
ANSWER = Confirm.model_validate({"actor": GOODS_DEPT, "liable": [{"party": "merchant"}], "reason": "属实"})


@pytest.fixture
def cases(office: Office) -> Iterator[Cases]:
    """The facade; cases' clocks run as ours until they are forwarded."""
    with office.env.with_time_skipping_disabled():
        yield Cases(office.client, task_queue=office.settings.task_queue, local=True)


@pytest.fixture
async def asked(cases: Cases) -> str:
    """A case whose department has been asked, started through the facade."""
    started = await cases.start(complaint(number=new_number()))
    await until(cases, started.number, "asked")
    return started.number


async def until(cases: Cases, number: str, stage: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                if (await cases.view(number)).stage == stage:
                    return
            except TryAgain:
                pass
            await asyncio.sleep(0.05)


async def listed(cases: Cases, number: str, wanted: Filters) -> bool:
    """Whether a list shows the case, once the list has caught up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(20):
            while number not in [line.number async for line in cases.listing(wanted)]:
                await asyncio.sleep(0.1)
            return True
    return False


async def test_the_same_complaint_filed_twice_and_after_its_end_is_one_case(cases: Cases) -> None:
    filed: Complaint = complaint(filed_at=datetime.now(UTC))
    first = await cases.start(filed)
    again = await cases.start(filed.model_copy(update={"filed_at": datetime.now(UTC)}))
    assert (first.new, again) == (True, (first.number, False))
    await until(cases, first.number, "asked")
    await cases.send(first.number, "confirm", ANSWER)
    await until(cases, first.number, "feedback")
    await cases.send(first.number, "feedback", Feedback(actor=SERVICE, satisfied=True))
    await until(cases, first.number, "closed")
    assert await cases.start(filed) == (first.number, False)


async def test_a_start_that_failed_for_bad_input_can_be_filed_again_under_its_number(
    cases: Cases, office: Office
) -> None:
    number = new_number()
    assert (await cases.start(complaint(number=number, procedure="unheard_of"))).new
    with pytest.raises(WorkflowFailureError):
        await office.client.get_workflow_handle(case_id(number)).result()
    assert await cases.start(complaint(number=number)) == (number, True)
    await until(cases, number, "asked")
    assert await cases.start(complaint(number=number)) == (number, False)


async def test_a_message_sent_again_under_its_id_does_nothing_twice(cases: Cases, asked: str) -> None:
    once = ANSWER.model_copy(update={"command_id": "M-1"})
    assert (await cases.send(asked, "confirm", once)).code == "accepted"
    assert (await cases.send(asked, "confirm", once)).accepted
    events = await cases.timeline(asked)
    assert [event.kind for event in events].count("answered") == 1


async def test_a_refusal_says_who_is_wrong_and_why(cases: Cases, asked: str) -> None:
    verdict = await cases.send(asked, "confirm", ANSWER.model_copy(update={"actor": SERVICE}))
    assert (verdict.accepted, verdict.code) == (False, Refused.WRONG_DEPARTMENT)


async def test_a_number_nobody_has_is_no_such_case(cases: Cases) -> None:
    with pytest.raises(NoSuchCase):
        await cases.view("T-NOBODY")
    with pytest.raises(NoSuchCase):
        await cases.send("T-NOBODY", "confirm", ANSWER)


async def test_lists_show_a_case_under_its_department_order_and_stage(cases: Cases, asked: str) -> None:
    order = (await cases.view(asked)).order
    wanted = Filters.model_validate({"stage": "asked", "department": "merchandise", "order": order})
    assert await listed(cases, asked, wanted)
    assert sum((await cases.counts()).values()) > 0


async def of_number(cases: Cases, number: str) -> list[tuple[str, bool]]:
    """Stage and openness of each line of the list that shows this number."""
    return [(line.stage, line.open) async for line in cases.listing(Filters()) if line.number == number]


async def test_lists_show_neither_a_failed_start_nor_one_that_ended_as_a_duplicate(
    cases: Cases, office: Office
) -> None:
    bad = (await cases.start(complaint(number=new_number(), procedure="unheard_of"))).number
    number = (await cases.start(complaint(number=new_number()))).number
    await until(cases, number, "asked")
    await cases.send(number, "withdraw", Withdraw(actor=SERVICE))
    await office.client.get_workflow_handle(case_id(number)).result()
    # Retention has taken the first history by then; starting the closed id anew stands for it.
    again = await office.start(number=number)
    assert (await again.result()).exit == "duplicate"
    of_case = f"WorkflowId = '{case_id(number)}' AND RedressStage"
    for query in (f"WorkflowId = '{case_id(bad)}'", f"{of_case} IS NULL", f"{of_case} = 'closed'"):
        await ended(office, query)
    assert (await of_number(cases, bad), await of_number(cases, number)) == ([], [("closed", False)])


async def ended(office: Office, query: str) -> None:
    """Until the list knows the end of the run."""
    async with asyncio.timeout(20):
        while True:
            if (await office.client.count_workflows(f"{query} AND ExecutionStatus != 'Running'")).count == 1:
                return
            await asyncio.sleep(0.05)


@workflow.defn(name=COMPLAINT, sandboxed=False)
class _GoesOn:
    """A case that goes on in a second run."""

    @workflow.run
    async def run(self, renewed: bool = False) -> None:
        workflow.upsert_search_attributes([STAGE.value_set("asked")])
        if not renewed:
            workflow.continue_as_new(True)
        await workflow.wait_condition(lambda: False)


async def test_a_case_that_went_on_in_a_new_run_is_listed_and_counted_once(cases: Cases, office: Office) -> None:
    number, queue = new_number(), f"renewing-{new_number()}"
    async with Worker(office.client, task_queue=queue, workflows=[_GoesOn]):
        handle = await office.client.start_workflow(COMPLAINT, id=case_id(number), task_queue=queue)
        await ended(office, f"WorkflowId = '{handle.id}'")
        assert await listed(cases, number, Filters(stage=Stage.ASKED))
        assert await of_number(cases, number) == [("asked", True)]
        await handle.terminate()


async def test_a_case_that_has_told_no_stage_yet_is_listed_and_counted_as_new(office: Office) -> None:
    lonely, number = Cases(office.client), new_number()
    with office.env.with_time_skipping_disabled():  # as a program does that tells nothing but the complaint
        await office.client.start_workflow(
            COMPLAINT, complaint_data(), id=case_id(number), task_queue=f"nobody-{number}"
        )
    assert await listed(lonely, number, Filters(stage="new", open_only=True))
    assert await of_number(lonely, number) == [("new", True)]
    counts = await lonely.counts()
    assert (next(iter(counts)), counts["new"] >= 1) == ("new", True)
    await office.client.get_workflow_handle(case_id(number)).terminate()


async def test_a_clock_forwarded_past_the_deadline_lets_silence_rule(cases: Cases, asked: str) -> None:
    assert await cases.fast_forward(asked, timedelta(hours=24, minutes=1))
    await until(cases, asked, "feedback")
    ruling = (await cases.view(asked)).ruling
    assert ruling is not None
    assert ruling.basis == "silence"
    assert await cases.now(asked) > datetime.now(UTC) + timedelta(hours=23)


async def test_without_a_worker_a_message_is_stored_and_judged_later(office: Office) -> None:
    lonely = Cases(office.client, task_queue=f"nobody-{new_number()}")
    with office.env.with_time_skipping_disabled():
        number = (await lonely.start(complaint(number=new_number()))).number
    with pytest.raises(NotConfirmed) as caught:
        await lonely.send(number, "confirm", ANSWER, wait=0.5)
    history = await office.client.get_workflow_handle(f"complaint.{number}").fetch_history()
    names = [event.workflow_execution_signaled_event_attributes.signal_name for event in history.events]
    assert "confirm" in names
    assert caught.value.command_id
    with pytest.raises(TryAgain, match="no worker"):
        await lonely.view(number)
    await office.client.get_workflow_handle(f"complaint.{number}").terminate()


async def test_the_demo_carries_four_cases_to_their_end(cases: Cases) -> None:
    load_packs()
    pack = PACKS.newest("marketplace")
    assert pack is not None
    steps: list[str] = []
    demo = Demo(cases, read_directory(DIRECTORY), pack, lambda key, _: steps.append(key))
    told = [story async for story in demo.play()]
    assert [story.story for story in told] == ["answered", "silent", "shared", "contested"]
    assert [story.view.exit for story in told] == ["satisfied"] * 4
    assert [story.view.refunded for story in told] == [12_800, 45_900, 26_600, 8_900]
    assert [story.view.ruling.basis for story in told if story.view.ruling] == ["answer", "silence", "answer", "panel"]
    assert "promised" in [event.kind for event in told[2].events]
    assert steps.count("demo.filed") == 4


async def test_the_tour_carries_a_case_of_each_other_procedure_to_its_end(cases: Cases) -> None:
    tour = Tour(cases, read_directory(DIRECTORY), lambda *_: None)
    told = [await tour.play(pack, trial) for pack, trial in stories(HERE, load_packs().all(), "marketplace")]
    assert {story.story for story in told} >= {"courier", "live", "returns"}
    assert {story.view.exit for story in told} == {"satisfied"}


@pytest.fixture
def at_home(operators_home: Path) -> Command:
    """An operator's command lines, without the database; the exit code."""

    async def command(*words: str) -> object:
        begin(None)
        return await app.run_async(list(words), exit_on_error=False, print_error=False)

    return command


async def test_a_number_is_one_complaint_the_same_again_is_well_and_another_is_refused(
    at_home: Command,
    cases: Cases,
    office: Office,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", office.store.url)
    number = new_number()
    words = (
        *("file", "--number", number, "--order", "O-1", "--merchant", "M-1", "--customer", "C-1", "--sku", "S-1"),
        *("--paid", "12.50", "--cause", "quality", "--demand", "refund", "--delivered", "2026-03-01T08:00+08:00"),
        *("--contacted-by", SERVICE, "--negotiation-failed", "--text"),
    )
    assert await at_home(*words, "leaks") == 0
    await until(cases, number, "asked")
    assert await at_home(*words, "leaks") == 0
    assert "stands as it was filed first" in capsys.readouterr().err
    with pytest.raises(NotAllowed, match=f"^{number}: another complaint was filed under this number first"):
        await at_home(*words, "is late")
    await deleted(office.client, case_id(number))
    with pytest.raises(NotAllowed, match=f"^{number}: another complaint was filed under this number first"):
        await at_home(*words, "is late")
    assert await at_home(*words, "leaks") == 0, "the complaint of the lost case is filed again"


async def test_what_nobody_has_heard_of_is_no_empty_answer(
    at_home: Command, office: Office, asked: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", office.store.url)
    with pytest.raises(NoSuchCase, match="there is no case NOPE-1"):
        await at_home("mails", "--case", "NOPE-1")
    with pytest.raises(NoSuchCase, match="no case of this customer"):
        await at_home("erase", "K-404", "--as", SERVICE, "--yes")
    capsys.readouterr()
    assert await at_home("mails", "--case", asked) == 0
    assert capsys.readouterr().out == "No mails.\n"


async def test_a_case_is_worked_on_from_the_command_line(
    at_home: Command, cases: Cases, asked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await at_home("show", asked) == 0
    assert "Waiting for" in capsys.readouterr().out
    assert await at_home("confirm", asked, "--as", SERVICE, "--liable", "merchant", "--reason", "x") == 3
    assert capsys.readouterr().err.count("Merchandise (耿焰, 郑慧娟)") == 1
    words = ("--as", GOODS_DEPT, "--liable", "merchant=60", "--liable", "carrier=40", "--reason", "x")
    assert await at_home("confirm", asked, *words) == 0
    assert capsys.readouterr().out == f"{asked}: accepted\n"
    await until(cases, asked, "feedback")
    assert await at_home("feedback", asked, "--as", SERVICE, "--satisfied") == 0
    await until(cases, asked, "closed")
    assert await at_home("withdraw", asked, "--as", SERVICE) == 3
    assert "the case is closed; file a new complaint" in capsys.readouterr().err
    assert await at_home("timeline", asked) == 0
    assert "liable Merchant 60%, Carrier (EMS) 40%" in capsys.readouterr().out


async def test_a_case_of_another_procedure_is_read_and_worked_on_in_its_own_words(
    at_home: Command, cases: Cases, capsys: pytest.CaptureFixture[str]
) -> None:
    details = {"sender": "S", "recipient": "R", "request": "refund"}
    filed = complaint(number=new_number(), procedure="courier", cause="lost", details=details)
    number = (await cases.start(filed)).number
    await until(cases, number, "working")
    assert await at_home("record", number, "--as", SERVICE) == 0
    assert await at_home("record", number, "respond", "--as", "客服主管") == 3
    capsys.readouterr()
    assert await at_home("record", number, "--as", "客服主管") == 3
    assert "--field decisions: is missing; add it" in capsys.readouterr().err
    assert await at_home("timeline", number) == 0
    assert "Hold the coordination meeting by Supervisor" in capsys.readouterr().out
    assert await listed(cases, number, Filters(department="supervisor"))
    assert await at_home("inbox", "supervisor") == 0
    out = capsys.readouterr().out
    assert out.startswith("Supervisor: ")
    assert number in out
    assert await at_home("list", "--department", "supervisor") == 0
    assert "  Supervisor  " in capsys.readouterr().out
