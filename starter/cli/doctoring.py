"""What is stuck, and what to do about it?"""

from starter.cli.actions import Flag
from starter.cli.session import Json, session

STUCK = 3


async def doctor(*, offline: Flag = False, as_json: Json = False) -> int:
    """Name what is stuck, wedged or waits for nobody, one line each with what to do; changes nothing.

    Ends with 0 where all is well and with 3 where something is not.

    :param offline: Ask SQL only, not Temporal.
    """
    from starter.archive import opened
    from starter.connection import connect
    from verify.doctor import Doctor

    current = session()
    client = None if offline else await connect(current.settings)
    found = []
    async with opened(current.settings) as store:
        async for symptom in Doctor(store, client).symptoms():
            found.append(symptom)
            if not as_json:
                facts = ", ".join(str(fact) for fact in symptom.facts.values())
                line = f"{symptom.number}  {current.named('symptom', symptom.code)}" + (f" ({facts})" if facts else "")
                current.out.print(line, markup=False)
    if as_json:
        current.print_json({"symptoms": found})
    elif not found:
        current.out.print(current.say("checked.well"), markup=False)
    return STUCK if found else 0
