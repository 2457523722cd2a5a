"""Amounts as people write them. Everything else keeps minor units: fen, cents."""

_EXPONENTS = {"BHD": 3, "CLP": 0, "IQD": 3, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "OMR": 3, "TND": 3, "VND": 0}


def exponent(currency: str) -> int:
    """How many decimals the currency has: 2, unless ISO 4217 says otherwise."""
    return _EXPONENTS.get(currency, 2)


def figure(minor: int, digits: int = 2) -> str:
    """An amount in minor units of a currency with so many decimals, where nobody has said which currency."""
    sign = "-" if minor < 0 else ""
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{sign}{whole:,}" + (f".{rest:0{digits}d}" if digits else "")


def amount(minor: int, currency: str) -> str:
    """An amount in minor units with its currency, where no language is known."""
    return f"{currency} {figure(minor, exponent(currency))}"
