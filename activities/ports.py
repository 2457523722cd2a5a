"""What the activities need of the world outside. Adapters implement these; tests bring their own.

Every call carries a key made from the case, so that a call sent twice is one effect. Error texts hold codes only.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import quote

from pydantic import BeforeValidator

from models.base import Currency, PartnerRef, Record
from models.commands import MailReport
from models.complaint import Quantity
from models.language import Language
from models.procedure import Procedure


class TryAgain(Exception):
    """Temporary, or nobody knows whether it happened. `after` is the partner's wish in seconds.

    `suspect`: the partner may have stored this failure under the key, so the same key may never succeed.
    """

    def __init__(self, code: str, after: float | None = None, *, suspect: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.after = after
        self.suspect = suspect


class Refusal(Exception):
    """The partner says no, and will say no again."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class GatewayRefused(Refusal):
    """The payment gateway, warehouse or carrier says no."""


class MailRefused(Refusal):
    """The mail server will not take this mail."""


Traced = Callable[[str], AbstractContextManager[Mapping[str, str]]]
"""Entered around a call of this name to a partner; gives the headers by which the partner can continue the trace."""


def untraced(_name: str) -> AbstractContextManager[Mapping[str, str]]:
    """Nothing is traced."""
    return nullcontext({})


_KEYBOARD = "".join(map(chr, range(0x21, 0x7F)))
_LONGEST = 200


def _in_our_signs(number: object) -> object:
    """The same for the same number: signs no PartnerRef has are written as in a URL, what is too long ends in a digest.

    Money or goods have left under it: refused, they would stand nowhere, and as it is no database may take it.
    """
    if type(number) is int:
        number = str(number)
    if not isinstance(number, str):
        return number
    plain = quote(number, safe=_KEYBOARD, errors="backslashreplace")
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 65]}~{sha256(plain.encode()).hexdigest()}"


TheirNumber = Annotated[PartnerRef, BeforeValidator(_in_our_signs)]
"""A partner's own number as it gives it, in signs we can keep."""


class Receipt(Record):
    """A refund the gateway has made; `amount` in minor units."""

    reference: TheirNumber
    amount: int
    currency: Currency


class PaymentGateway(Protocol):
    """Moves money back to the customer."""

    key_life: timedelta
    """How long the gateway surely remembers an idempotency key."""

    async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
        """Pay `amount` back, once per `key`; `reference` is what `find` looks for. Raises TryAgain, GatewayRefused."""

    async def made(self, reference: str) -> list[Receipt]:
        """Every refund made under our reference, whatever its key, the first one first. Raises TryAgain."""

    async def find(self, reference: str) -> Receipt | None:
        """The first of them; None when there is none. Raises TryAgain."""

    async def taken_back(self, reference: str) -> None:
        """We are told that the money of the refund it made under its own `reference` came back.

        For books that are kept with us, once however often it is told; a gateway outside knows, and is told nothing.
        """


class Warehouse(Protocol):
    """Keeps and sends goods. The key names the thing: what stands is returned, what was released is made again.

    `attempt` counts the times a person has had it tried; within one, a call sent twice is one call.
    """

    async def reserve(self, key: str, order: str, lines: Sequence[Quantity], attempt: int) -> str:
        """Set goods aside; the reservation's number. Raises TryAgain, GatewayRefused."""

    async def release(self, key: str, attempt: int) -> None:
        """Put the goods reserved under `key` back; nothing reserved is fine. Raises TryAgain, GatewayRefused."""

    async def ship(self, key: str, order: str, lines: Sequence[Quantity]) -> str:
        """Send goods; the parcel's number. Raises TryAgain, GatewayRefused."""


class Carrier(Protocol):
    """Brings goods back. The key names the label, and `attempt` counts, as in Warehouse."""

    async def label(self, key: str, order: str, carrier: str | None, attempt: int) -> str:
        """A prepaid return label; its number. Raises TryAgain, GatewayRefused."""

    async def void(self, key: str, attempt: int) -> None:
        """Make the label under `key` worthless; none is fine. Raises TryAgain, GatewayRefused."""


@dataclass(frozen=True)
class Enclosure:
    """A file that comes with a mail: its name for the reader, its media type, and where it is read from."""

    name: str
    main_type: str
    sub_type: str
    file: Path


@dataclass(frozen=True)
class OutgoingMail:
    """A mail ready to be sent. `message_id` is the left part, the same over every attempt."""

    to: tuple[str, ...]
    subject: str
    body: str
    message_id: str
    number: str
    at: datetime
    enclosures: tuple[Enclosure, ...] = ()


class MailLine(Protocol):
    """An open connection to the mail server."""

    async def send(self, mail: OutgoingMail) -> None:
        """Hand one mail over. Raises MailRefused when it will never be taken, TryAgain otherwise."""


class Post(Protocol):
    """The mail server."""

    def connect(self) -> AbstractAsyncContextManager[MailLine]:
        """A connection for several mails. Raises TryAgain when there is none to be had."""


class Chat(Protocol):
    """Chat rooms of the departments."""

    async def send(self, rooms: Sequence[str], subject: str, body: str) -> None:
        """Post to every room. Raises TryAgain; nobody depends on it."""


class Renderer(Protocol):
    """Words for people: subject and body of a notice."""

    def __call__(
        self, template: str, values: Mapping[str, str | int], pack: Procedure, lang: Language, /
    ) -> tuple[str, str]:
        """Subject (one line) and plain text body."""


class Printer(Protocol):
    """Reports as files."""

    async def __call__(
        self, wanted: Sequence[str], period_name: str, pack: Procedure, lang: Language, folder: Path, /
    ) -> tuple[list[Enclosure], list[str]]:
        """`wanted` as `REPORT.FORMAT`: the files in `folder`, and the names of those too large for a mail.

        Raises TryAgain.
        """


class Herald(Protocol):
    """Tells a case what became of its mail."""

    async def tell(self, number: str, report: MailReport) -> None:
        """Returns when the case knows or has ended. Raises TryAgain."""
