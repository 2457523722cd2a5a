"""What `redress check` and `redress doctor` have found reads as people write it."""

import pytest

from models.language import Language
from starter.cli.facts import in_brackets
from starter.cli.session import Session


@pytest.mark.parametrize(
    ("facts", "english", "chinese"),
    [
        ({}, "", ""),
        ({"detail": ""}, "", ""),
        (
            {"gateway": 21_000, "ledger": 0, "currency": "CNY"},
            " (gateway CNY 210.00, ledger CNY 0.00)",
            "（网关 210.00 元、账本 0.00 元）",
        ),
        (
            {"found": 500, "expected": 0, "currency": "JPY"},
            " (found JPY 500, expected JPY 0)",
            "（实为 JPY 500、应为 JPY 0）",
        ),
        ({"events": 3, "notices": 1}, " (lines 3, notices 1)", "（记录行数 3、通知数 1）"),
        ({"stage": "asked"}, " (stage Departments asked)", "（环节 待部门认定）"),
        (
            {"waiting_for": "merchandise,logistics"},
            " (waiting for Merchandise, Logistics)",
            "（等待 商品部、物流部）",
        ),
    ],
)
def test_amounts_codes_and_departments_are_told_in_words(
    facts: dict[str, str | int], english: str, chinese: str
) -> None:
    assert in_brackets(Session(Language.EN), facts) == english
    assert in_brackets(Session(Language.ZH), facts) == chinese
