"""Who is liable: determinations made comparable, and what they mean together."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.case import Ask, Basis
from models.commands import Share
from models.procedure import Procedure


@dataclass(frozen=True)
class Finding:
    """Who is liable, for whom that decides, and what it rests on: one determination, whoever has made it."""

    for_customer: bool = True
    basis: Basis = Basis.ANSWER
    liable: tuple[Share, ...] = ()
    reason: str = ""
    department: str | None = None
    split: bool = False
    """The answers agree on who is liable but not on the shares: for the customer it is settled, for the cost not."""


def settled(pack: Procedure, liable: Sequence[Share]) -> tuple[Share, ...]:
    """Shares after the procedure's principle that some mixed liability is one party's (S0-07)."""
    shares = {share.party: share.percent for share in liable}
    for merge in pack.merges:
        if all(party in shares for party in merge.parties):
            together = sum(shares.pop(party) for party in merge.parties)
            shares[merge.becomes] = shares.get(merge.becomes, 0) + together
    return tuple(Share(party=party, percent=percent) for party, percent in shares.items())


def favours_customer(pack: Procedure, liable: Sequence[Share]) -> bool:
    """Somebody else than the customer bears a part."""
    return any(share.party != pack.customer for share in liable)


def is_shared(pack: Procedure, liable: Sequence[Share]) -> bool:
    """The customer and the merchant or the carrier are both partly liable (S0-14), as determined, before S0-07."""
    parties = {share.party for share in liable}
    return pack.shared is not None and pack.shared.customer in parties and not parties.isdisjoint(pack.shared.others)


def find(pack: Procedure, asks: Sequence[Ask]) -> Finding | None:
    """What the asked departments' answers and silence mean together; None for a disputed determination (S0-10).

    It is disputed where answers name different parties; answers that name the same ones with other shares leave only
    the cost in dispute. Silence alone, or against an answer that goes against the customer, rules for the customer
    (S0-16); its cost falls on who was silent.
    """
    answers = [ask.answer for ask in asks if ask.answer is not None]
    silent = [ask for ask in asks if ask.silent]
    found = [{share.party: share.percent for share in settled(pack, answer.liable)} for answer in answers]
    if len({frozenset(shares) for shares in found}) > 1:
        return None
    department = next((ask.department for ask in asks if ask.answer is not None), None)
    if answers and (favours_customer(pack, answers[0].liable) or not silent):
        first = answers[0]
        return Finding(
            for_customer=favours_customer(pack, first.liable),
            liable=settled(pack, first.liable),
            reason=first.reason,
            department=department,
            split=any(shares != found[0] for shares in found),
        )
    bearers = dict.fromkeys(pack.unreachable if ask.undelivered else ask.department for ask in silent)
    return Finding(basis=Basis.SILENCE, liable=_evenly(tuple(bearers)), department=silent[0].department)


def _evenly(parties: Sequence[str]) -> tuple[Share, ...]:
    each, rest = divmod(100, len(parties))
    return tuple(Share(party=party, percent=each + (1 if i < rest else 0)) for i, party in enumerate(parties))
