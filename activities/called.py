"""The procedure that somebody starts something under."""

from typing import Literal

from activities.refusing import bad_input
from models.procedure import Procedure
from procedures import Packs

Part = Literal["incident", "meeting", "corrective_action"]


def procedure_called(packs: Packs, ref: str, part: Part, lacks: str) -> Procedure:
    """The procedure, by its ref or its name, with the part that is needed: `incident`, `meeting`, `corrective_action`.

    Raises ApplicationError(type="bad_input"), not to be retried, where it is unknown or has no such part; `lacks`
    says so, ahead of those that have one.
    """
    pack = packs.called(ref)
    if pack is None or getattr(pack, part) is None:
        names = sorted({known.name for known in packs.all() if getattr(known, part)})
        raise bad_input(f"procedure: {lacks} {', '.join(names)}")
    return pack
