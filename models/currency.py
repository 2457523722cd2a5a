"""Amounts as people write them. Everything else keeps minor units: fen, cents."""

_WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_OF_THREE = "BHD IQD JOD KWD LYD OMR TND"
_OF_FOUR = "CLF UYW"
_EXPONENTS = {
    currency: digits
    for digits, currencies in ((0, _WITHOUT_DECIMALS), (3, _OF_THREE), (4, _OF_FOUR))
    for currency in currencies.split()
}


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
