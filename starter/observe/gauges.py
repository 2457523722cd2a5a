"""The figures as gauges on the endpoint of the SDK's own metrics, read from SQL every few seconds.

Every worker shows the same figures, since they are the service's and not the worker's: rules take their `max`.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from temporalio.common import MetricMeter

from activities.standstill import Standstill
from activities.store import Store, StoreError
from starter.observe.figures import Figures, read_figures

_Labels = tuple[tuple[str, str], ...]


class Gauges:
    """Our gauges of one process. A row of labels that is no longer there goes to 0, not on with its last value."""

    def __init__(self, meter: MetricMeter) -> None:
        self._meter = meter
        self._shown: dict[str, set[_Labels]] = {}

    def show(self, figures: Figures) -> None:
        """Put the figures where Prometheus reads them."""
        self._table(
            "redress_cases_open",
            "Open cases by procedure and stage",
            {(("procedure", name), ("stage", stage)): number for (name, stage), number in figures.cases.items()},
        )
        for name, meaning, label, values in (
            ("redress_cases_waiting", "Open cases by whom they wait for", "who", figures.waiting),
            ("redress_cases_overdue", "Open cases with a missed clock, by whom they wait for", "who", figures.overdue),
            ("redress_human_tasks", "Cases only a person can move on", "department", figures.tasks),
            ("redress_human_tasks_overdue", "The same past their time", "department", figures.tasks_overdue),
            ("redress_default_rulings_last_day", "Rulings by silence, last 24 h", "department", figures.silences),
        ):
            self._table(name, meaning, {((label, key),): number for key, number in values.items()})
        for name, meaning, value in (
            ("redress_cases_stuck", "Cases whose clock ran out 5 minutes ago and that have not acted", figures.stuck),
            ("redress_refunds_open", "Payments neither made nor refused", figures.refunds),
            ("redress_refund_oldest_age_seconds", "Age of the oldest of them", figures.refund_age),
            ("redress_mails_unsent", "Notices neither sent nor given up", figures.mails),
            ("redress_mail_oldest_age_seconds", "Age of the oldest of them", figures.mail_age),
            ("redress_figures_timestamp_seconds", "When these figures were read (Unix time)", time.time()),
        ):
            self._meter.create_gauge_float(name, meaning).set(float(value))

    def show_missing(self, payloads: int) -> None:
        """Put where Prometheus reads it how many payloads this worker could not open."""
        gauge = self._meter.create_gauge("redress_payloads_without_key", "Payloads this worker had no key for")
        gauge.set(payloads)

    def _table(self, name: str, meaning: str, values: Mapping[_Labels, int]) -> None:
        gauge = self._meter.create_gauge(name, meaning)
        shown = self._shown.setdefault(name, set())
        for labels in shown - values.keys():
            gauge.set(0, dict(labels))
        for labels, number in values.items():
            gauge.set(number, dict(labels))
        shown.update(values)


def _named(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) if isinstance(error, StoreError) else type(error).__name__


async def keep_figures(store: Store, meter: MetricMeter, every: float, missing: Callable[[], int]) -> None:
    """Read and show the figures for ever. A database that does not answer makes them old, which a rule notices.

    `missing`: how many payloads this process could not open.
    """
    gauges = Gauges(meter)
    standstill = Standstill("figures_wait", "figures_go_on")
    while True:
        gauges.show_missing(missing())
        try:
            async with asyncio.timeout(max(every, 30.0)), store.read() as session:
                gauges.show(await read_figures(await session.connection(), datetime.now(UTC)))
        except Exception as error:  # noqa: BLE001 - whatever one look fails with, there is a next one
            standstill.waits(_named(error))
        else:
            standstill.goes_on()
        await asyncio.sleep(every)
