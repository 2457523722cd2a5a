"""The mails the local stack has caught."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from reports.cells import plain
from starter.cli.reading_rights import Reader, reader
from starter.cli.session import Flag, Json, Session, case_number, lines_of_text, session
from starter.errors import OperatorError
from starter.failures import Failure, TryAgain
from texts import brief

if TYPE_CHECKING:
    from starter.mailcatcher import CaughtMail


async def mails(
    *,
    to: str | None = None,
    case: str | None = None,
    full: Flag = False,
    as_json: Json = False,
) -> int:
    """Caught mails, oldest first.

    :param to: Only those to this address.
    :param case: Only those of this case.
    :param full: With their text.
    """
    from starter.mailcatcher import read_mails

    current = session()
    wanted = None if case is None else case_number(case)
    who = reader(current)
    caught = read_mails(current.settings.home / "mails", to=to, case=wanted)
    if wanted is not None and not caught:
        await _exists(current, wanted)
    found = [shown for mail in caught if (shown := _for(who, mail))]
    if found:
        await who.has_read(wanted or "mails", "mails")
    _show(current, found, full=full, as_json=as_json)
    return 0


async def _exists(current: Session, number: str) -> None:
    """Raises NoSuchCase for a case that neither SQL nor Temporal knows; not where nobody can tell."""
    from starter.archive import stored_case

    try:
        if await stored_case(current.settings, number) is not None:
            return
    except Failure:
        pass
    with suppress(TryAgain, OperatorError):
        async with current.cases() as cases:
            await cases.view(number)


def _show(current: Session, found: list["CaughtMail"], *, full: bool, as_json: bool) -> None:
    if as_json:
        current.print_json(
            [
                {"at": mail.at.isoformat(), "to": list(mail.to), "subject": mail.subject, "case": mail.case}
                | ({"text": mail.text} if full else {})
                for mail in found
            ]
        )
        return
    if not found:
        current.out.print(current.say("no_mails"))
    zone = current.default_pack.time_zone
    if full:
        for mail in found:
            current.out.rule(Text(f"{brief(mail.at, zone)}  {', '.join(mail.to)}"), align="left")
            current.out.print(Text(plain(mail.subject), style="bold"))
            current.out.print(lines_of_text(mail.text))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("at", "to", "subject"):
        table.add_column(current.say(f"label.{name}"), overflow="fold")
    for mail in found:
        table.add_row(Text(brief(mail.at, zone)), Text(plain(", ".join(mail.to))), Text(plain(mail.subject)))
    if found:
        current.out.print(table)


def _for(who: Reader, mail: "CaughtMail") -> "CaughtMail | None":
    """The mail as the reader may see it; None for one that went to other departments only."""
    if who.name is None:
        return mail
    directory = who.session.directory
    departments = directory.departments.keys() if who.all else who.departments
    known = {person.email.lower() for name in departments for person in directory.departments[name].owners}
    if known.intersection(address.lower() for address in mail.to):
        return mail
    if not who.all:
        return None
    return mail if who.personal_data else replace(mail, to=tuple(map(_masked, mail.to)), text="")


def _masked(address: str) -> str:
    return f"{address[:1]}***@{address.rpartition('@')[2]}"
