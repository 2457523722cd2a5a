"""Filing one complaint: from JSON, or from options for a simple one."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import ValidationError

from models.base import PAYLOAD_LIMIT, Detail, in_one_line, problems
from models.complaint import Complaint, DemandKind, OrderKind
from models.language import Language
from rules.triage import intake_problems
from starter.cli.parsing import form, minor
from starter.cli.session import Json, session
from starter.failures import BadInput

OPTIONS_NEEDED = ("order", "customer", "sku", "paid", "cause", "text", "demand")


async def file_complaint(
    source: Annotated[
        str | None, Parameter(name="FILE", help="A JSON file; - for standard input.", allow_leading_hyphen=True)
    ] = None,
    /,
    *,
    order: str | None = None,
    kind: OrderKind = OrderKind.PLATFORM,
    merchant: str | None = None,
    carrier: str | None = None,
    customer: str | None = None,
    email: str | None = None,
    language: Language = Language.ZH,
    sku: str | None = None,
    quantity: int = 1,
    paid: str | None = None,
    currency: str = "CNY",
    delivered: datetime | None = None,
    channel: str = "online",
    cause: str | None = None,
    text: str | None = None,
    demand: DemandKind | None = None,
    amount: str | None = None,
    procedure: str | None = None,
    severity: str | None = None,
    detail: Annotated[list[str] | None, Parameter(negative="")] = None,
    contacted_by: str | None = None,
    negotiation_failed: Annotated[bool, Parameter(negative="")] = False,
    number: str | None = None,
    as_json: Json = False,
) -> int:
    """File a complaint and print its number. The same one filed twice is one case.

    :param order: The order's number.
    :param kind: Sold by a merchant on the platform, or by the company itself.
    :param merchant: The merchant's id; a platform order needs it.
    :param carrier: The carrier's id.
    :param customer: The customer's id.
    :param email: Where the customer gets mail.
    :param language: The customer's language.
    :param sku: The product.
    :param quantity: How many of it.
    :param paid: What was paid, such as 128.00.
    :param currency: ISO code.
    :param delivered: When, with a time zone.
    :param channel: How the complaint came.
    :param cause: A cause of the procedure, such as quality.
    :param text: The customer's words.
    :param demand: What the customer asks for.
    :param amount: How much of it, such as 12.50.
    :param procedure: Another procedure than the configured one.
    :param severity: How serious, as the agent judges it.
    :param detail: What the procedure's intake form asks for, as NAME=VALUE; again for more.
    :param contacted_by: Who explained the matter by phone before the mail.
    :param negotiation_failed: Customer and merchant have talked without a result.
    :param number: A number of your own.
    """
    options = {"order": order, "customer": customer, "sku": sku, "paid": paid, "cause": cause, "text": text}
    if source is not None:
        if source.startswith("--"):
            raise BadInput("unknown_option", option=source.partition("=")[0], command="redress file")
        if any(value is not None for value in options.values()) or demand is not None:
            raise BadInput("file_or_options")
        return await _start(from_json(read_source(source)), as_json=as_json)
    if missing := [f"--{name}" for name, value in (options | {"demand": demand}).items() if value is None]:
        raise BadInput("file_missing", options=", ".join(missing))
    price = minor("--paid", paid or "", currency)
    message: dict[str, object] = {
        "number": number,
        "procedure": procedure,
        "severity": severity,
        "details": _details(procedure, detail or []),
        "channel": channel,
        "cause": cause,
        "text": text,
        "complainant": {"id": customer, "email": email, "language": language},
        "order": {
            "number": order,
            "kind": kind,
            "merchant": merchant,
            "carrier": carrier,
            "lines": [{"sku": sku, "quantity": quantity, "unit_price": price // max(quantity, 1)}],
            "paid": price,
            "currency": currency,
            "delivered_at": delivered,
        },
        "demand": {"kind": demand, "amount": minor("--amount", amount, currency) if amount else None},
        "contact": {"by": contacted_by} if contacted_by else None,
        "negotiation": "failed" if negotiation_failed else "not_tried",
        "filed_at": datetime.now(UTC),
    }
    return await _start(checked(message), as_json=as_json)


def _details(procedure: str | None, texts: list[str]) -> dict[str, Detail]:
    """The intake form's fields, each of its kind. Raises BadInput."""
    current = session()
    name = procedure or current.settings.default_procedure
    parts = [part for pack in current.packs() if pack.name == name for part in pack.intake] if texts else []
    return form("--detail", texts, [field for part in parts for field in part.form])


def read_source(source: str) -> bytes:
    """The bytes of a file or of standard input. Raises BadInput."""
    try:
        data = sys.stdin.buffer.read(PAYLOAD_LIMIT + 1) if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise BadInput("unreadable", problem=error.strerror or type(error).__name__) from None
    if len(data) > PAYLOAD_LIMIT:
        raise BadInput("too_long")
    return data


def from_json(data: bytes) -> Complaint:
    """A complaint from JSON. Raises BadInput with one line per field."""
    try:
        return Complaint.model_validate_json(data.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        raise BadInput("input", problem=in_one_line(problems(error))) from None


def checked(message: dict[str, object]) -> Complaint:
    """A complaint from values. Raises BadInput."""
    try:
        return Complaint.model_validate(message)
    except ValidationError as error:
        raise BadInput("input", problem=in_one_line(problems(error))) from None


async def _start(complaint: Complaint, *, as_json: bool) -> int:
    current = session()
    check_names(complaint)
    async with current.cases() as cases:
        started = await cases.start(complaint)
    if as_json:
        current.print_json(started._asdict())
        return 0
    current.out.print(started.number, markup=False)
    if not started.new:
        current.err.print(current.say("already"), style="yellow")
    return 0


def check_names(complaint: Complaint) -> None:
    """What the procedure does not take is told before a case is opened. Raises BadInput."""
    current = session()
    name = complaint.procedure or current.settings.default_procedure
    pack = next((pack for pack in reversed(current.packs()) if pack.name == name), None)
    if pack is None:
        return  # this machine lacks it: the worker says what it takes
    if complaint.cause not in pack.causes:
        raise BadInput("unknown_name", field="cause", known=", ".join(pack.causes))
    if complaint.channel not in pack.channels:
        raise BadInput("unknown_name", field="channel", known=", ".join(pack.channels))
    if lacking := intake_problems(pack, complaint, datetime.now(UTC)):
        raise BadInput("input", problem=in_one_line(lacking))
