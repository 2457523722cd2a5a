"""Open cases survive a deploy: every kept history of every release replays on today's code, with the same commands."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.stage import Stage
from procedures import load_packs
from tests.replay.commands import golden, golden_file, replay
from tests.replay.scenes import SCENES
from worker import RUNNER, WORKFLOWS

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))
PACKS = Path(__file__).parents[1] / "packs"
STOPS = """
{file}: cases opened by this release would stop here at the next deploy.
Put the change behind workflow.patched(...), so that open cases take the old path (docs/upgrade.md).
If the release is not out yet and the change is wanted: python -m tests.replay.record
"""
DIFFERS = """
{file}: open cases would go on, but do something else than before:
- {was}
+ {now}
Is that right for a case opened yesterday? A longer timer, another amount, another retry policy reach it at once.
  no:  put the change behind workflow.patched(...) (docs/upgrade.md)
  yes: python -m tests.replay.record --commands, read the difference in git, and say it in the changelog
"""


def content_of(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: f"{file.parent.name}-{file.stem}")
async def test_a_kept_history_replays_with_the_commands_of_its_release(file: Path) -> None:
    load_packs(PACKS)
    failure, commands = await replay(content_of(file), WORKFLOWS, RUNNER)
    assert failure is None, f"{STOPS.format(file=file.name)}{failure}"
    kept = golden(file)
    longest = max(len(kept), len(commands))
    padded = zip(kept + [""] * (longest - len(kept)), commands + [""] * (longest - len(commands)), strict=True)
    first = next(((was, now) for was, now in padded if was != now), None)
    assert first is None, DIFFERS.format(file=file.name, was=first[0], now=first[1])


def test_every_scene_has_a_kept_history() -> None:
    kept = {file.name.partition(".")[0] for file in HISTORIES}
    assert kept == set(SCENES)


def test_a_case_is_kept_in_flight_at_every_stage_it_can_wait_in() -> None:
    assert {stage_in_flight(file) for file in HISTORIES if file.name.endswith(".case.json")} >= set(Stage) - {
        Stage.CLOSED
    }, "a scene that leaves a case open at the missing stage belongs into scenes.py; then record"


def stage_in_flight(file: Path) -> str | None:
    """Where an open case stood at the end of its history; None for a closed one."""
    commands = [json.loads(line) for line in golden(file)]
    if any("complete_workflow_execution" in command for command in commands):
        return None
    shown = [command.get("upsert_workflow_search_attributes", {}) for command in commands]
    stages = [seen["search_attributes"]["indexed_fields"].get("RedressStage") for seen in shown if seen]
    return next((stage for stage in reversed(stages) if stage), None)


def test_the_kept_histories_hold_what_they_are_kept_for() -> None:
    def kinds(name: str) -> set[str]:
        events = content_of(next(file for file in HISTORIES if file.stem == name))["events"]
        return {event["eventType"].removeprefix("EVENT_TYPE_") for event in events}

    assert "TIMER_FIRED" in kinds("silence.case")
    assert "TIMER_CANCELED" in kinds("answered_in_time.case")
    assert "CHILD_WORKFLOW_EXECUTION_COMPLETED" in kinds("exchange.case")
    assert "WORKFLOW_EXECUTION_COMPLETED" not in kinds("waiting_for_an_answer.case")
    assert "TIMER_FIRED" in kinds("goods_never_back.exchange-1")


def test_no_commands_are_kept_without_their_history() -> None:
    kept = {golden_file(file) for file in HISTORIES}
    assert {file for folder in {file.parent for file in HISTORIES} for file in folder.glob("*.commands")} == kept
