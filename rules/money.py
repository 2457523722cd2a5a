"""Money at stake, in minor units. Whole numbers only."""

from collections.abc import Sequence

from models.complaint import Demand, DemandKind, Order, OrderLine, Quantity


def stake(order: Order, demand: Demand, already_refunded: int = 0) -> int:
    """What granting the demand would still pay (minor units): its worth, at most what was paid, less what came back.

    A demand granted again is thus not paid again; a further one is made a total by `on_top`.
    """
    return max(0, min(_worth(order, demand), order.paid) - already_refunded)


def on_top(order: Order, demand: Demand, already_refunded: int) -> Demand:
    """A demand made after something was refunded, as a total: what was refunded before does not count against it."""
    if not already_refunded:
        return demand
    total = min(already_refunded + min(_worth(order, demand), order.paid), order.paid)
    return demand.model_copy(update={"amount": total})


def _worth(order: Order, demand: Demand) -> int:
    if demand.amount is not None:
        return demand.amount
    if demand.kind is DemandKind.APOLOGY:
        return 0
    return _value(order, demand) if demand.lines else order.paid


def _value(order: Order, demand: Demand) -> int:
    """The value of the lines asked for; the freight is part of it only when the whole order is asked for."""
    value, whole = _goods(order, demand.lines)
    return value + (order.freight if whole else 0)


def goods_value(order: Order, lines: Sequence[Quantity]) -> int:
    """What these goods cost in the order, without freight (minor units)."""
    return _goods(order, lines)[0]


def freight_part(order: Order, demand: Demand, amount: int, already_refunded: int) -> int:
    """How much of a refund of `amount` is the order's freight: only where the whole order is given back at once."""
    whole = demand.amount is None and (not demand.lines or _goods(order, demand.lines)[1])
    return min(order.freight, amount) if whole and not already_refunded else 0


def _goods(order: Order, lines: Sequence[Quantity]) -> tuple[int, bool]:
    """The goods' value, and whether they are the whole order."""
    parts = taken(order, lines)
    return sum(count * line.unit_price for line, count in parts), all(count == line.quantity for line, count in parts)


def taken(order: Order, lines: Sequence[Quantity]) -> list[tuple[OrderLine, int]]:
    """Every line of the order and how many of it are meant: the first lines of a product come first."""
    wanted = {part.sku: 0 for part in lines}
    for part in lines:
        wanted[part.sku] += part.quantity
    found = []
    for line in order.lines:
        count = min(line.quantity, wanted.get(line.sku, 0))
        wanted[line.sku] = wanted.get(line.sku, 0) - count
        found.append((line, count))
    return found


def allocate(amount: int, percents: Sequence[int]) -> list[int]:
    """Split an amount by percents without losing a cent: the largest remainders get the cents left over."""
    total = sum(percents)
    parts = [amount * percent // total for percent in percents]
    by_remainder = sorted(range(len(percents)), key=lambda i: (-(amount * percents[i] % total), i))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts
