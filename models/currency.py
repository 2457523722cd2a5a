"""Amounts as people write them. Everything else keeps minor units: fen, cents."""

_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL
HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF
SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU
UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
"""The money of ISO 4217; not its codes for metals, for tests (XTS) and for no currency (XXX)."""
_CURRENCIES = frozenset(_CODES.split())
_WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_OF_THREE = "BHD IQD JOD KWD LYD OMR TND"
_OF_FOUR = "CLF UYW"
_EXPONENTS = {
    currency: digits
    for digits, currencies in ((0, _WITHOUT_DECIMALS), (3, _OF_THREE), (4, _OF_FOUR))
    for currency in currencies.split()
}


def is_currency(code: str) -> bool:
    """Whether something can be paid in it."""
    return code in _CURRENCIES


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
