"""The mails the local stack has caught."""

from typing import Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from starter.cli.session import Json, case_number, session
from texts import brief


def mails(
    *,
    to: str | None = None,
    case: str | None = None,
    full: Annotated[bool, Parameter(negative="")] = False,
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
    found = read_mails(current.settings.home / "mails", to=to, case=wanted)
    if as_json:
        current.print_json(
            [
                {"at": mail.at.isoformat(), "to": list(mail.to), "subject": mail.subject, "case": mail.case}
                | ({"text": mail.text} if full else {})
                for mail in found
            ]
        )
        return 0
    if not found:
        current.out.print(current.say("no_mails"))
    zone = current.default_pack.time_zone
    if full:
        for mail in found:
            current.out.rule(Text(f"{brief(mail.at, zone)}  {', '.join(mail.to)}"), align="left")
            current.out.print(Text(mail.subject, style="bold"))
            current.out.print(Text(mail.text))
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("at", "to", "subject"):
        table.add_column(current.say(f"label.{name}"), overflow="fold")
    for mail in found:
        table.add_row(Text(brief(mail.at, zone)), Text(", ".join(mail.to)), Text(mail.subject))
    if found:
        current.out.print(table)
    return 0
