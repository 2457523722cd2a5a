"""What the service says about itself: one line per event, for people or as JSON, without personal data."""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog
from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError

_SIGN = r"[^\s@<>\"'(),:;=]"
_MAIL = re.compile(rf"{_SIGN}{{1,200}}+@(?={_SIGN}{{1,200}}?\.{_SIGN}){_SIGN}+")
"""Bounded, so that a long word costs what its length costs and not the square of it."""
_MOBILE = re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)")
_IDS = ("workflow_id", "run_id", "workflow_type", "activity_type", "attempt")
# Per-request lines; some libraries' even carry addresses, a chat room's with its token.
_CHATTY = (
    "aiosqlite",
    "alembic.runtime.plugins",
    "asyncio",
    "fontTools",
    "httpcore2",
    "httpx2",
    "mail",
    "sqlalchemy.engine",
    "urllib3",
)

Event = MutableMapping[str, Any]


def setup_logging(
    *, json: bool = False, level: str = "info", stream: TextIO | None = None, traces: bool = False
) -> None:
    """Sends structlog, standard and Temporal loggers to `stream` (default: standard error).

    `traces`: each line within a trace names it.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        flatten_temporal,
        shorten_failures,
        *([_trace_id()] if traces else []),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_personal_data,
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(json=json, stream=stream),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    # The ids stay in the extras; the message itself stays clean.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False


def flatten_temporal(_logger: object, _method: str, event: Event) -> Event:
    """The SDK's nested facts as a few short keys."""
    event.pop("temporal_log", None)  # what its core said, which is in the line already
    for key in ("temporal_workflow", "temporal_activity"):
        facts = event.pop(key, None)
        if isinstance(facts, dict):
            event.update({name: facts[name] for name in _IDS if name in facts})
    return event


_OURS = ("activities", "procedures", "reports", "starter", "verify")
_WRAPPERS = ("activities/store.py", "activities\\store.py")


def shorten_failures(_logger: object, _method: str, event: Event) -> Event:
    """A step that failed with an error of ours, and is tried again: its one line and where, not a page each time."""
    error = _raised(event.get("exc_info")) if event.get("logger") == "temporalio.activity" else None
    # An ApplicationError is one of ours too: nothing else in a step raises it.
    if not (isinstance(error, ApplicationError) or (error and type(error).__module__.startswith(_OURS))):
        return event
    del event["exc_info"]
    event["problem"] = str(error)
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_a_place(frame.filename)]
    if places:
        event["where"] = f"{Path(places[-1].filename).name}:{places[-1].lineno}"
    return event


def _raised(found: object) -> BaseException | None:
    if isinstance(found, tuple):
        found = found[1]
    return found if isinstance(found, BaseException) else None


def _is_a_place(file: str) -> bool:
    return Path(file).parent.name in _OURS and not file.endswith(_WRAPPERS)


def _trace_id() -> structlog.types.Processor:
    from opentelemetry import trace

    def name(_logger: object, _method: str, event: Event) -> Event:
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            event["trace_id"] = trace.format_trace_id(context.trace_id)
        return event

    return name


def mask_personal_data(_logger: object, _method: str, event: Event) -> Event:
    """The last guard: another library's error may quote a mail address or a mobile number."""
    for key, value in event.items():
        if isinstance(value, str) and key not in _IDS:
            event[key] = _MOBILE.sub("<phone>", _MAIL.sub("<mail>", value))
    return event


def _renderer(*, json: bool, stream: TextIO | None) -> structlog.types.Processor:
    if json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=(stream or sys.stderr).isatty(), sort_keys=False)
