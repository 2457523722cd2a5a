"""Amounts, shares, spans and parts of an order as people type them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.complaint import DemandKind
from starter.cli.parsing import demand, due_date, minor, nothing_beside, options_in, parts, shares, span
from starter.failures import BadInput


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [
        ("12.50", "CNY", 1250),
        ("12.5", "CNY", 1250),
        ("12", "CNY", 1200),
        ("0.01", "CNY", 1),
        ("999999999.99", "CNY", 99_999_999_999),
        ("12.00", "JPY", 12),
        ("12", "JPY", 12),
        ("1.25", "KWD", 1250),
        ("1.255", "KWD", 1255),
        ("0.001", "LYD", 1),
        ("1500", "XOF", 1500),
        ("1.2345", "CLF", 12_345),
    ],
)
def test_an_amount_becomes_minor_units_exactly(text: str, currency: str, units: int) -> None:
    assert minor("--amount", text, currency) == units


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1,5", "1.", ".5", "1.23456", "1e3", "NaN", "1_000", " 1", "٣", "1\n"]
)
def test_what_is_not_strictly_an_amount_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="--amount: is not an amount"):
        minor("--amount", text, "CNY")


@pytest.mark.parametrize("text", ["1234567890", "99999999999.99", "9" * 10_000])
def test_an_amount_that_is_too_large_is_told_to_be_so_and_not_to_be_none(text: str) -> None:
    with pytest.raises(BadInput, match=r"--amount: is too large; at most 999999999\.99"):
        minor("--amount", text, "CNY")


def test_more_decimals_than_the_currency_has_are_refused() -> None:
    with pytest.raises(BadInput, match="more decimals than JPY has"):
        minor("--amount", "12.50", "JPY")
    with pytest.raises(BadInput, match="more decimals than CNY has"):
        minor("--amount", "1.234", "CNY")


@given(st.integers(min_value=0, max_value=99_999_999_999))
def test_no_amount_ever_loses_a_cent(units: int) -> None:
    assert minor("--amount", f"{units // 100}.{units % 100:02d}", "CNY") == units


def test_one_party_bears_all_without_saying_so() -> None:
    assert shares("--liable", ["merchant"]) == [{"party": "merchant", "percent": 100}]


def test_several_parties_say_their_percents() -> None:
    found = shares("--liable", ["merchant=60", "carrier=40%"])
    assert found == [{"party": "merchant", "percent": 60}, {"party": "carrier", "percent": 40}]


@pytest.mark.parametrize("texts", [["=5"], ["merchant=-1"], ["merchant=1.5"], ["merchant=1000"], ["a b"], [""]])
def test_what_is_not_a_share_is_refused(texts: list[str]) -> None:
    with pytest.raises(BadInput, match="--liable"):
        shares("--liable", texts)


def test_signs_and_digits_of_a_chinese_keyboard_are_read_as_the_others() -> None:
    assert shares("--liable", ["商家＝６０％", "EMS（承运商）=40"]) == [
        {"party": "merchant", "percent": 60},
        {"party": "carrier", "percent": 40},
    ]
    assert shares("--liable", ["EMS(承运商)"]) == [{"party": "carrier", "percent": 100}]
    assert parts("--line", ["Ｓ－1＝２"]) == [{"sku": "S-1", "quantity": 2}]
    assert span("DURATION", "２４ｈ") == timedelta(hours=24)
    assert due_date("--due", "２０２６－１２－０１", "Asia/Shanghai") == datetime(
        2026, 12, 1, 23, 59, tzinfo=ZoneInfo("Asia/Shanghai")
    )


def test_a_part_of_an_order_is_a_sku_and_a_quantity() -> None:
    assert parts("--line", ["S-1=2"]) == [{"sku": "S-1", "quantity": 2}]
    with pytest.raises(BadInput, match="--line"):
        parts("--line", ["S-1"])


@pytest.mark.parametrize(
    ("text", "length"), [("30m", timedelta(minutes=30)), ("24h", timedelta(hours=24)), ("2d", timedelta(days=2))]
)
def test_a_span_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert span("DURATION", text) == length


def test_a_span_that_is_too_long_is_told_the_longest() -> None:
    with pytest.raises(BadInput, match="DURATION: is not a span of at most 400 days"):
        span("DURATION", "401d")


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "-1h", "1.5h", "401d", "9999999d", "1 h"])
def test_what_is_not_a_bounded_span_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="DURATION"):
        span("DURATION", text)


def test_another_demand_needs_its_kind() -> None:
    assert demand(None, None, [], "CNY") is None
    assert demand(DemandKind.REFUND, "12.50", ["S-1=1"], "CNY") == {
        "kind": "refund",
        "lines": [{"sku": "S-1", "quantity": 1}],
        "amount": 1250,
    }
    with pytest.raises(BadInput, match="--remedy"):
        demand(None, "12.50", [], "CNY")


def test_a_refusal_names_what_was_typed() -> None:
    fields = ("liable", "fields", "demand", "version", "asked_by")
    told = "liable.0.party: is not a party here; use one of by: x; fields.progress: is missing; add it; version: is old"
    assert options_in(told, fields) == (
        "--liable: is not a party here; use one of by: x; --field progress: is missing; add it; VERSION: is old"
    )
    assert options_in("demand.amount: is more than is left; asked_by: is not heard", fields) == (
        "--amount: is more than is left; --asked-by: is not heard"
    )


def test_a_field_that_several_options_say_keeps_its_name() -> None:
    said = "outcome: a payment that may have been made is not made anew; use retry or settled"
    assert options_in(said, ["outcome"]) == said


def test_what_means_nothing_beside_another_option_is_named() -> None:
    nothing_beside("--refuse", {"--remedy": None, "--line": [], "--overdue": False})
    with pytest.raises(BadInput, match=r"^--amount: does not go with --refuse; leave one out$"):
        nothing_beside("--refuse", {"--remedy": None, "--amount": ""})
