"""G17: hostile values against every sink: SQL, list filters, mail headers, addresses, cells, terminal, file names.

    python -m tests.lanes.injections --seed 7 --n 300

The first 300 are those of a list that has grown with each attack we know of; what is more is made of them at random.
"""

import argparse
import io
import itertools
import re
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.policy import SMTPUTF8
from functools import cache
from pathlib import Path
from random import Random

from pydantic import ValidationError
from rich.console import Console
from sqlmodel import col, select

from activities.ports import OutgoingMail
from activities.post import compose
from activities.store import Store
from models.case import Event
from models.complaint import Complainant
from models.procedure import Procedure
from models.tables import EventRow
from procedures import load_packs
from reports.cells import guarded, plain
from reports.enclosing import file_name
from starter.cli.pages import timeline_tree
from starter.cli.session import Session
from starter.failures import BadInput
from starter.listing import filters
from tests.lanes.common import Lane, main, options

SEEDS = (
    "x' OR '1'='1", "x' UNION SELECT 1,2,3--", "'; DROP TABLE case_row;--", "x' OR WorkflowId != '",
    "%", "_", "?", "\\",
    "$(id)", "`id`", "=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "a\r\nBcc: thief@evil.test",
    "a\nX-Redress-Case: Z",
    "a\r\n\r\nbody", "\x1b[31mred\x1b]0;title\x07", "\u202edesrever", "a\x00b", "../../etc/passwd", "[bold]x[/bold]",
    "<script>alert(1)</script>", "{{ 7 * 7 }}", "{0.__class__}", "\ud800", "＝1+1", "a\u2028b", "%s%n", "😀",
)  # fmt: skip
WRAPS = ("{}", " {}", "{} ", "C-1{}", "{}@example.org", "'{}'", '"{}"', "({})", "\t{}", "{}" * 2)
KNOWN = tuple(wrap.replace("{}", seed) for seed, wrap in itertools.product(SEEDS, WRAPS))
NOW = datetime(2026, 3, 2, tzinfo=UTC)
SAFE_FILTER = re.compile(r"[A-Za-z0-9 ._:()='-]+")
NO_TEXT = re.compile(r"[\ud800-\udfff]")
"""What no database and no terminal takes: it is no Unicode."""


def values(dice: Random, n: int) -> list[str]:
    """The known ones, then mixtures."""
    more = []
    for _ in range(n - len(KNOWN)):
        parts = dice.sample(KNOWN, dice.randrange(2, 4))
        mixed = "".join(part[: dice.randrange(1, len(part) + 1)] for part in parts)
        more.append(dice.choice(WRAPS).replace("{}", mixed)[:400])
    return [*KNOWN[:n], *more]


def list_filter(value: str) -> str | None:
    """The server's list is asked by ids and nothing that means something to it."""
    for field in ("order", "department", "stage"):
        try:
            query = filters(**{field: value}).query()
        except BadInput:
            continue
        if not SAFE_FILTER.fullmatch(query) or query.count("'") % 2 or value.strip() not in query:
            return query
    return None


def mail_headers(value: str) -> str | None:
    """A mail gets no further header and no further recipient."""
    for to, subject in ((("a@example.org",), value), ((value,), "x")):
        mail = OutgoingMail(to=to, subject=subject, body=value, message_id="m", number="C-1", at=NOW)
        try:
            raw = compose(mail, "sender@example.org").as_bytes(policy=SMTPUTF8)
        except (ValueError, MessageError, AttributeError, LookupError):
            continue
        message = message_from_bytes(raw, policy=SMTPUTF8)
        if message["Bcc"] or message.get_all("X-Redress-Case") != ["C-1"] or len(message["To"].addresses) > 1:
            return str(message.items())
    return None


def address(value: str) -> str | None:
    """A customer's address is one address."""
    try:
        taken = Complainant(id="U-1", email=value).email or ""
    except ValidationError:
        return None
    return taken if re.search(r"[\s<>,;\"]", taken) else None


def cell(value: str) -> str | None:
    """A cell is no formula and one line."""
    formula = guarded(value).startswith(("=", "+", "-", "@", "＝"))
    return guarded(value) if formula or not plain(value).isprintable() else None


def terminal(value: str) -> str | None:
    """A terminal gets no escape code and reads no markup."""
    if NO_TEXT.search(value):
        return None
    out = io.StringIO()
    event = Event(seq=1, at=NOW, kind="insisted", actor=value, data={"reason": value, "code": value})
    Console(file=out, width=500, force_terminal=False).print(timeline_tree(Session(), "C-1", [event], _pack()))
    shown = out.getvalue()
    codes = re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)
    return shown if codes or ("[bold]" in value and "[bold]" not in shown) else None


def name_of_file(value: str) -> str | None:
    """What is enclosed lands in the folder it is saved to."""
    name = file_name(value, value, "csv")
    inside = Path("/folder", name).resolve().parent == Path("/folder")
    return None if inside and name.isprintable() and len(name.encode()) <= 255 else name


@cache
def _pack() -> Procedure:
    return load_packs().pinned("marketplace.1")


SINKS: dict[str, Callable[[str], str | None]] = {
    "list filter": list_filter,
    "mail headers": mail_headers,
    "address": address,
    "cell": cell,
    "terminal": terminal,
    "file name": name_of_file,
}
"""Each gives back what came through where something did."""


async def sql(found: list[str]) -> list[str]:
    """A database keeps each value as it is and finds no row but its own; those that did otherwise."""
    kept = [value for value in dict.fromkeys(found) if not NO_TEXT.search(value)]
    with tempfile.TemporaryDirectory(prefix="redress-injections-") as folder:
        store = Store(f"sqlite:///{Path(folder) / 'redress.db'}")
        await store.create()
        async with store.write() as session:
            session.add_all(EventRow(number=f"C-{i}", seq=1, at=NOW, kind=value) for i, value in enumerate(kept))
        wrong = []
        async with store.read() as session:
            for value in kept:
                asked = select(EventRow.kind).where(col(EventRow.kind) == value)
                if (await session.exec(asked)).all() != [value]:
                    wrong.append(value)
        await store.close()
    return wrong


async def injections(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("injections", given.seed, given.n)
    found = values(lane.dice, lane.n)
    for name, sink in SINKS.items():
        for value in found:
            came_through = sink(value)
            lane.must(came_through is None, f"{name}: {value!r} came through as {came_through!r}")
            lane.counts[name] += 1
    for value in await sql(found):
        lane.must(False, f"sql: {value!r}")
    lane.counts["sql"] = len(found)
    return lane


if __name__ == "__main__":
    main(injections(options("injections", 300)))
