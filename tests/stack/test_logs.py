"""Log lines: one per event, flat, without personal data."""

import io
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from temporalio.exceptions import ApplicationError

from activities.store import StoreError
from starter.logs import setup_logging
from starter.observe.service import CORE_LOG


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    setup_logging(json=True, level="info", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_structlog_and_standard_loggers_write_the_same_shape(lines: io.StringIO) -> None:
    structlog.get_logger("redress.mail").info("asked", department="商品部")
    logging.getLogger("library").warning("slow %s", "answer", extra={"seconds": 3})
    own, other = _read(lines)
    assert (own["event"], own["department"], own["level"], own["logger"]) == (
        "asked",
        "商品部",
        "info",
        "redress.mail",
    )
    assert (other["event"], other["seconds"], other["level"], other["logger"]) == (
        "slow answer",
        3,
        "warning",
        "library",
    )
    assert own["timestamp"].endswith("Z")


def test_temporals_facts_become_short_keys(lines: io.StringIO) -> None:
    facts = {
        "workflow_id": "complaint.R-1",
        "run_id": "r",
        "workflow_type": "Complaint",
        "namespace": "default",
    }
    logging.getLogger("temporalio.workflow").info("opened", extra={"temporal_workflow": facts})
    [line] = _read(lines)
    assert line["workflow_id"] == "complaint.R-1"
    assert not {"temporal_workflow", "namespace"} & line.keys()


def test_an_address_or_mobile_number_in_any_text_is_masked(lines: io.StringIO) -> None:
    log = structlog.get_logger("redress")
    log.info("to li.xiaomin@mail.example", recipient="李 <li.xiaomin@mail.example>")
    error = RuntimeError("550 no such user <li.xiaomin@mail.example>, call +8613812345678")
    log.error("mail failed", exc_info=error)
    logging.getLogger("lib").error("refused %s", "li.xiaomin@mail.example")
    assert "xiaomin" not in lines.getvalue()
    assert "13812345678" not in lines.getvalue()
    assert len(_read(lines)) == 3
    assert "RuntimeError" in _read(lines)[1]["exception"]


def test_an_address_is_masked_however_it_is_written_and_a_long_word_holds_nobody_up(lines: io.StringIO) -> None:
    log = structlog.get_logger("redress")
    for address in (
        "li@mail.example",
        "<li.x+y@m-1.a.example>",
        "李@例子.中国",
        f"{'x' * 300}li@mail.example",
        "li@m..n",
    ):
        log.info("to %s", address)
    assert "@" not in lines.getvalue()
    began = time.process_time()
    log.info("a" * 64_000)
    log.info("a@" * 32_000)
    assert time.process_time() - began < 5, "half a minute where each sign is tried against all that follow"


def test_ids_and_amounts_are_left_alone(lines: io.StringIO) -> None:
    structlog.get_logger("redress").info("paid", order="YL2026112113800138000", amount=13812345678)
    [line] = _read(lines)
    assert (line["order"], line["amount"]) == ("YL2026112113800138000", 13812345678)


def test_lines_below_the_level_and_chatty_libraries_stay_out(lines: io.StringIO) -> None:
    structlog.get_logger("redress").debug("detail")
    logging.getLogger("httpx2").info("POST https://partner.example/refunds")
    logging.getLogger("mail.log").info("peer said RCPT TO")
    logging.getLogger("alembic.runtime.plugins").info("setup plugin")
    logging.getLogger("fontTools.subset").info("glyf pruned")
    assert lines.getvalue() == ""


def test_lines_for_people_hold_no_colour_codes_outside_a_terminal(lines: io.StringIO) -> None:
    stream = io.StringIO()
    setup_logging(json=False, stream=stream)
    structlog.get_logger("redress").info("asked", department="商品部")
    assert "asked" in stream.getvalue()
    assert "商品部" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    assert lines.getvalue() == ""


def test_a_step_that_found_the_database_away_is_one_short_line_and_an_unknown_error_keeps_its_trace(
    lines: io.StringIO,
) -> None:
    steps = logging.getLogger("temporalio.activity")
    for error in (StoreError("database: cannot be reached (OSError); it is tried again"), ZeroDivisionError()):
        steps.warning("Completing activity as failed", exc_info=error)
    away, unknown = _read(lines)
    assert away["problem"] == "database: cannot be reached (OSError); it is tried again"
    assert "exception" not in away
    assert "ZeroDivisionError" in unknown["exception"]


def test_what_the_sdks_core_says_is_one_line_of_ours(lines: io.StringIO) -> None:
    said = 'polling failed for a@example.com {"code": 14}'
    CORE_LOG.forwarding.logger.warning(said, extra={"temporal_log": object()})  # type: ignore[union-attr]
    [line] = _read(lines)
    assert (line["event"], line["level"]) == ('polling failed for <mail> {"code": 14}', "warning")
    assert "temporal_log" not in line


def test_a_step_that_asked_a_partner_in_vain_is_one_short_line_too(lines: io.StringIO) -> None:
    error = ApplicationError("http_500", type="try_again")
    logging.getLogger("temporalio.activity").warning("Completing activity as failed", exc_info=error)
    (asked,) = _read(lines)
    assert "http_500" in asked["problem"]
    assert "exception" not in asked
