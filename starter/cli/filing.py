"""Filing one complaint: from JSON, or from options for a simple one."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import ValidationError

from models.base import AT_THE_DOOR, PAYLOAD_LIMIT, Detail, Problem, in_one_line, problems
from models.complaint import Complaint, OrderKind
from models.language import Language
from models.names import ERASED
from models.procedure import Procedure
from rules.triage import filing_problems
from starter.cli.choosing import Known, by_title, chosen, half_width, not_an_option, titled, titles_of
from starter.cli.parsing import Remedy, form, minor
from starter.cli.session import Flag, Json, Many, Session, Whole, session
from starter.failures import BadInput, Failure, NotAllowed


async def file_complaint(
    source: Annotated[
        str | None, Parameter(name="FILE", help="A JSON file; - for standard input.", allow_leading_hyphen=True)
    ] = None,
    /,
    *,
    order: str | None = None,
    kind: Annotated[OrderKind, by_title("order_kind")] = OrderKind.PLATFORM,
    merchant: str | None = None,
    carrier: str | None = None,
    customer: str | None = None,
    email: str | None = None,
    language: Language = Language.ZH,
    sku: str | None = None,
    quantity: Whole = 1,
    paid: str | None = None,
    currency: str = "CNY",
    delivered: datetime | None = None,
    channel: str = "online",
    cause: str | None = None,
    text: str | None = None,
    demand: Remedy = None,
    amount: str | None = None,
    procedure: str | None = None,
    severity: str | None = None,
    detail: Many = None,
    contacted_by: str | None = None,
    negotiation_failed: Flag = False,
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
        if source.startswith("-") and source != "-":
            raise not_an_option(source, (), "redress file")
        if any(value is not None for value in options.values()) or demand is not None:
            raise BadInput("file_or_options")
        return await _start(from_json(read_source(source)), as_json=as_json)
    if missing := [f"--{name}" for name, value in (options | {"demand": demand}).items() if value is None]:
        raise BadInput("file_missing", options=", ".join(missing))
    procedure = session().procedure_called(procedure) if procedure is not None else None
    pack = _newest(procedure)
    price = minor("--paid", paid or "", currency)
    message: dict[str, object] = {
        "number": number and half_width(number).strip().upper(),
        "procedure": procedure,
        "severity": severity and _choice("--severity", severity, pack, _severities),
        "details": _details(pack, detail or [], currency),
        "channel": _choice("--channel", channel, pack, _channels),
        "cause": _choice("--cause", cause or "", pack, _causes),
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
        "demand": {"kind": demand, "amount": minor("--amount", amount, currency) if amount is not None else None},
        "contact": {"by": contacted_by} if contacted_by is not None else None,
        "negotiation": "failed" if negotiation_failed else "not_tried",
        "filed_at": datetime.now(UTC),
    }
    return await _start(checked(message), as_json=as_json, field=option)


def _details(pack: Procedure | None, texts: list[str], currency: str) -> dict[str, Detail]:
    """The intake form's fields, each of its kind. Raises BadInput."""
    parts = pack.intake if pack else ()
    return form("--detail", texts, [field for part in parts for field in part.form], currency)


def _choice(field: str, typed: str, pack: Procedure | None, of: Callable[[Procedure], Known]) -> str:
    """What the procedure calls it. Raises BadInput; as typed where the procedure is not here or knows none."""
    known = of(pack) if pack else {}
    return chosen(field, typed, known, session().lang) if known else typed


def _causes(pack: Procedure) -> Known:
    return titles_of((name, cause.title) for name, cause in pack.causes.items())


def _severities(pack: Procedure) -> Known:
    return titles_of((severity.name, severity.title) for severity in pack.severities)


def _channels(pack: Procedure) -> Known:
    return titled(("channel",), pack.channels)


def _newest(procedure: str | None) -> Procedure | None:
    """The procedure a complaint would run on; None where this machine lacks it."""
    current = session()
    return current.under(procedure if procedure is not None else current.settings.default_procedure)


def read_source(source: str) -> bytes:
    """The bytes of a file or of standard input. Raises BadInput."""
    try:
        if source == "-":
            data = sys.stdin.buffer.read(PAYLOAD_LIMIT + 1)
        else:
            with Path(source).open("rb") as file:
                data = file.read(PAYLOAD_LIMIT + 1)
    except OSError as error:
        raise BadInput("unreadable", problem=error.strerror or type(error).__name__) from None
    if len(data) > PAYLOAD_LIMIT:
        raise BadInput("too_long")
    return data


def from_json(data: bytes) -> Complaint:
    """A complaint from JSON. Raises BadInput with one line per field."""
    try:
        return Complaint.model_validate_json(data.removeprefix(b"\xef\xbb\xbf"), context=AT_THE_DOOR)
    except ValidationError as error:
        raise BadInput("input", problem=in_one_line(problems(error, whole="FILE"))) from None


def checked(message: dict[str, object]) -> Complaint:
    """A complaint from options. Raises BadInput."""
    try:
        return Complaint.model_validate(message, context=AT_THE_DOOR)
    except ValidationError as error:
        raise BadInput("input", problem=in_one_line(problems(error), option)) from None


_WHOLE = {"order", "demand", "contact"}
_CALLED = {
    "order.number": "order",
    "order.delivered_at": "delivered",
    "complainant.id": "customer",
    "demand.kind": "demand",
    "contact.by": "contacted-by",
}


def option(field: str) -> str:
    """The option that a complaint's field came from, such as --paid; the field itself where several made it."""
    if field in _WHOLE:
        return field
    if field.startswith("details."):
        return f"--detail {field.removeprefix('details.')}"
    return f"--{_CALLED.get(field, field.rpartition('.')[2])}"


async def _start(complaint: Complaint, *, as_json: bool, field: Callable[[str], str] = str) -> int:
    current = session()
    found = name_problems(complaint)
    if found:
        raise BadInput("input", problem=in_one_line(found, field))
    async with current.cases() as cases:
        started = await cases.start(complaint)
        if found is None:
            await cases.taken_in(started.number)
    # New to Temporal is not new: it may have lost the case, or kept it long enough.
    if complaint.number is not None and await _is_another(current, complaint, started.number):
        raise NotAllowed("another_complaint", number=started.number)
    if as_json:
        current.print_json(started._asdict())
        return 0
    current.out.print(started.number, markup=False)
    if not started.new:
        current.err.print(current.say("already"), style="yellow")
    return 0


async def _is_another(current: Session, complaint: Complaint, number: str) -> bool:
    """Whether SQL has another complaint under this number; not where it has none yet, cannot be read, or was erased."""
    from starter.archive import stored_complaint

    try:
        first = await stored_complaint(current.settings, number)
    except Failure:
        return False
    if first is None or first.complainant.id.startswith(ERASED):
        return False
    return complaint.content() != first.content()


def name_problems(complaint: Complaint) -> list[Problem] | None:
    """What the procedure does not take, told before a case is opened; None where this machine lacks the procedure."""
    pack = _newest(complaint.procedure)
    return filing_problems(pack, complaint, datetime.now(UTC)) if pack else None
