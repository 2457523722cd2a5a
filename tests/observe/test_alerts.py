"""Every alert fires once in a condition really brought about: promtool is given what a worker's endpoint said then."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
import yaml
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from procedures import load_packs
from starter.observe.figures import Figures
from starter.observe.service import settled
from tests.databases import Schemas
from tests.observe.trial import (
    Scrape,
    Trial,
    UnreachableGateway,
    a_bad_deploy,
    a_case_on_a_disk,
    a_dark_evening,
    a_lost_key,
    figures_kept,
    silent_departments,
)
from tests.support import Office
from tests.support import test_parts as make_parts
from worker import build_worker

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "redress.json"
RUNBOOK = ROOT / "docs" / "runbook.md"
ALERTS = re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8"))
PROMTOOL = shutil.which("promtool")


@pytest.fixture(scope="module")
async def trial(
    env: WorkflowEnvironment, schemas: Schemas, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Trial]:
    store = Store(await schemas.new(tmp_path_factory.mktemp("trial") / "redress.db"))
    load_packs()
    yield Trial(env, store)
    await store.close()


def series(scrapes: dict[int, Scrape]) -> list[dict[str, str]]:
    """Scrapes by the minute they are taken to be of, each lasting until the next; what is not there has no sample."""
    made = []
    spans = [*pairwise(scrapes), (max(scrapes), max(scrapes) + 15)]
    for name in dict.fromkeys(name for scrape in scrapes.values() for name in scrape):
        values = [_value(scrapes[since].get(name)) for since, until in spans for _ in range(since, until)]
        made.append({"series": name, "values": " ".join(values)})
    return made


def _value(value: float | None) -> str:
    return "_" if value is None else f"{value:.6f}"


def on_the_trials_clock(scrape: Scrape, minute: int) -> Scrape:
    """promtool's clock begins at 0: instants are moved there."""
    shift = datetime.now(UTC).timestamp() - 60 * minute
    return {name: value - shift if "timestamp" in name else value for name, value in scrape.items()}


def firing(minute: int, *alerts: str) -> dict[str, Any]:
    return {
        "expr": 'group by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{minute}m",
        "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in alerts],
    }


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian package: prometheus)")
async def test_every_alert_fires_in_the_condition_it_is_for_and_none_before(trial: Trial, tmp_path: Path) -> None:
    parts = make_parts(trial.store, payment=UnreachableGateway(trial.store))
    office = Office(trial.env, trial.settings, parts)
    await trial.show()
    quiet = on_the_trials_clock(await trial.scrape(), 0)
    async with a_case_on_a_disk(trial) as disk:
        room = on_the_trials_clock(await trial.scrape(), 0)
        disk.full = True
    full = {0: room, 1: on_the_trials_clock(await trial.scrape(), 1)}
    async with build_worker(await trial.client(), trial.settings, parts):
        await silent_departments(office)
        await trial.show()
        silent = on_the_trials_clock(await trial.scrape(), 1)
        await a_dark_evening(office, trial)
    await a_bad_deploy(trial)
    await a_lost_key(trial)
    await trial.show(later=timedelta(hours=26))
    bad = await trial.scrape()
    async with figures_kept(trial):
        worse = await trial.scrape()
    assert worse["redress_figures_timestamp_seconds"] == bad["redress_figures_timestamp_seconds"]
    days = {0: quiet, 1: silent, 20: on_the_trials_clock(bad, 20)}
    trial.settings = settled(trial.settings)  # a port where nobody listens
    gone = {0: quiet, 1: await trial.scrape()}
    others = [name for name in ALERTS if name not in ("RedressNoWorker", "RedressNothingWritten")]
    tests = [
        {"interval": "1m", "input_series": series(scrapes), "promql_expr_test": expected}
        for scrapes, expected in (
            (days, [firing(0), firing(2, "RedressSilence"), firing(28, *others)]),
            (full, [firing(0), firing(4, "RedressNothingWritten")]),
            (gone, [firing(2), firing(4, "RedressNoWorker", "RedressFiguresOld")]),
        )
    ]
    script = tmp_path / "trial.yaml"
    text = yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "30s", "tests": tests})
    script.write_text(text, encoding="utf-8")
    promtool = await asyncio.create_subprocess_exec(str(PROMTOOL), "test", "rules", str(script), stderr=PIPE)
    _, told = await promtool.communicate()
    assert promtool.returncode == 0, told.decode()


def test_every_alert_has_its_section_in_the_runbook_and_its_severity() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
    alerts = [rule for rule in rules if "alert" in rule]
    sections = re.findall(r"^## (Redress\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert [rule["alert"] for rule in alerts] == sections
    for rule in alerts:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"


def test_rules_and_dashboard_read_only_metrics_that_a_worker_shows(trial: Trial) -> None:
    trial.gauges.show(Figures())
    ours = set(re.findall(r'"(redress_\w+)"', (ROOT / "starter/observe/gauges.py").read_text(encoding="utf-8")))
    board = DASHBOARD.read_text(encoding="utf-8")
    for text in (RULES.read_text(encoding="utf-8"), board):
        assert set(re.findall(r"\bredress_\w+", text)) <= ours
    recorded = set(re.findall(r"record: (\S+)", RULES.read_text(encoding="utf-8")))
    assert set(re.findall(r"\bredress:\w+:\w+", board)) <= recorded
    assert ours <= set(re.findall(r"\bredress_\w+", board)), "the dashboard shows every figure"
