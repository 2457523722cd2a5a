"""Three hundred hostile values against every sink: SQL, list filters, mail headers, cells, terminal, file names."""

import io
import itertools
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.policy import SMTPUTF8
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from sqlmodel import col, select

from activities.ports import OutgoingMail
from activities.post import compose
from activities.store import Store
from models.case import Event
from models.complaint import Complainant
from models.tables import EventRow
from procedures import load_packs
from reports.cells import guarded, plain
from starter.cli.pages import timeline_tree
from starter.cli.session import Session
from starter.failures import BadInput
from starter.listing import filters

SEEDS = (
    "x' OR '1'='1", "x' UNION SELECT 1,2,3--", "'; DROP TABLE case_row;--", "x' OR WorkflowId != '",
    "%", "_", "?", "\\",
    "$(id)", "`id`", "=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "a\r\nBcc: thief@evil.test",
    "a\nX-Redress-Case: Z",
    "a\r\n\r\nbody", "\x1b[31mred\x1b]0;title\x07", "\u202edesrever", "a\x00b", "../../etc/passwd", "[bold]x[/bold]",
    "<script>alert(1)</script>", "{{ 7 * 7 }}", "{0.__class__}", "\ud800", "＝1+1", "a\u2028b", "%s%n", "😀",
)  # fmt: skip
WRAPS = ("{}", " {}", "{} ", "C-1{}", "{}@example.org", "'{}'", '"{}"', "({})", "\t{}", "{}" * 2)
VALUES = [wrap.replace("{}", seed) for seed, wrap in itertools.product(SEEDS, WRAPS)]
NOW = datetime(2026, 3, 2, tzinfo=UTC)
SAFE_FILTER = re.compile(r"[A-Za-z0-9 ._:()='-]+")


def test_there_are_three_hundred() -> None:
    assert len(set(VALUES)) == 300


async def test_sql_keeps_a_value_as_it_is_and_finds_no_row_but_its_own(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'redress.db'}")
    await store.create()
    kept = [value for value in VALUES if "\ud800" not in value]  # no text at all: no database takes it
    async with store.write() as session:
        session.add_all(EventRow(number=f"C-{i}", seq=1, at=NOW, kind=value) for i, value in enumerate(kept))
    async with store.read() as session:
        for value in kept:
            found = (await session.exec(select(EventRow.kind).where(col(EventRow.kind) == value))).all()
            assert found == [value]
    await store.close()


def test_a_list_filter_takes_ids_and_nothing_that_means_something_to_the_server() -> None:
    for field, value in itertools.product(("order", "department", "stage"), VALUES):
        try:
            query = filters(**{field: value}).query()
        except BadInput:
            continue
        assert SAFE_FILTER.fullmatch(query)
        assert query.count("'") % 2 == 0
        assert value.strip() in query


def test_a_mail_gets_no_further_header_and_no_further_recipient() -> None:
    for value in VALUES:
        for to, subject in ((("a@example.org",), value), ((value,), "x")):
            mail = OutgoingMail(to=to, subject=subject, body=value, message_id="m", number="C-1", at=NOW)
            try:
                raw = compose(mail, "sender@example.org").as_bytes(policy=SMTPUTF8)
            except (ValueError, HeaderParseError, IndexError, UnicodeError):
                continue
            message = message_from_bytes(raw, policy=SMTPUTF8)
            assert message["Bcc"] is None
            assert message.get_all("X-Redress-Case") == ["C-1"]
            assert len(message["To"].addresses) <= 1


def test_a_customers_address_is_one_address() -> None:
    for value in VALUES:
        try:
            address = Complainant(id="U-1", email=value).email or ""
        except ValidationError:
            continue
        assert not re.search(r"[\s<>,;\"]", address)


def test_a_cell_is_no_formula_and_one_line() -> None:
    for value in VALUES:
        assert not guarded(value).startswith(("=", "+", "-", "@", "＝"))
        assert plain(value).isprintable()


def test_a_terminal_gets_no_escape_code_and_reads_no_markup() -> None:
    load_packs()
    current = Session()
    for value in VALUES:
        if "\ud800" in value:
            continue
        out = io.StringIO()
        event = Event(seq=1, at=NOW, kind="insisted", actor=value, data={"reason": value, "code": value})
        Console(file=out, width=400, force_terminal=False).print(
            timeline_tree(current, "C-1", [event], current.default_pack)
        )
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", out.getvalue()), repr(value)
        assert "[bold]" not in value or "[bold]" in out.getvalue()
