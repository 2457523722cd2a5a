"""What is stuck, and what to do about it?"""

from typing import TYPE_CHECKING

from models.audit import Symptom
from starter.cli.facts import in_brackets
from starter.cli.session import Flag, Json, Session, session
from starter.failures import BadInput

if TYPE_CHECKING:
    from temporalio.client import Client

    from activities.store import Store

STUCK = 3


async def doctor(*, offline: Flag = False, mend: Flag = False, as_json: Json = False) -> int:
    """Name what is stuck, wedged or waits for nobody, one line each with what to do; changes nothing unless told to.

    Ends with 0 where all is well, warnings aside, and with 3 where something is not.

    :param offline: Ask SQL only, not Temporal.
    :param mend: First mend what is safe to mend, as the workers do every ten minutes: open the mailroom, make missing
        schedules, take up abandoned notices. Moves no money and decides nothing.
    """
    from procedures import PACKS
    from procedures.workdays import Workdays
    from starter.archive import opened
    from starter.connection import connect
    from verify.doctor import Doctor

    current = session()
    if mend and offline:
        raise BadInput("mend_offline")
    _ = current.default_pack
    client = None if offline else await connect(current.settings)
    async with opened(current.settings) as store:
        mended = await _mended(current, store, client) if mend and client is not None else []
        calendar = Workdays(current.settings.calendar_file)
        asked = Doctor(store, client, PACKS, calendar, queue=current.settings.task_queue)
        found = [symptom async for symptom in asked.symptoms()]
    wrong = [symptom for symptom in found if not symptom.early]
    if as_json:
        current.print_json({"mended": mended, "symptoms": found})
    else:
        for symptom in mended:
            current.out.print(line(current, "mended", symptom), markup=False)
        for symptom in found:
            current.out.print(line(current, "symptom", symptom), markup=False)
        if not wrong:
            current.out.print(current.say("checked.well"), markup=False)
    return STUCK if wrong else 0


async def _mended(current: Session, store: "Store", client: "Client") -> list[Symptom]:
    from worker import mender

    return await mender(current.settings, store).mend(client)


def line(current: Session, kind: str, symptom: Symptom) -> str:
    """One of them in words, with what to do; `kind` says which table has the words."""
    return f"{symptom.number}  {current.named(kind, symptom.code)}{in_brackets(current, symptom.facts)}"
