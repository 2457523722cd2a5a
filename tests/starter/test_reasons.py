"""Refusals read in Chinese what they say in English."""

import re
import tomllib
from pathlib import Path

import pytest

from models.language import Language
from texts.reasons import reason

ROOT = Path(__file__).parents[2]
CATALOGUE = tomllib.loads((ROOT / "texts" / "reasons.zh.toml").read_text(encoding="utf-8"))
NAME = re.compile(r"\{([a-z]+)\}")


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("order.paid: must be a whole number", "order.paid：须为整数"),
        ("(message): is not valid JSON; correct it", "(message)：不是有效的 JSON，请更正"),
        (
            "the case is at asked; this is for panel or leadership",
            "案件处于 asked 阶段；此操作只适用于 panel or leadership",
        ),
        ("something nobody has translated", "something nobody has translated"),
    ],
)
def test_a_reason_is_shown_in_chinese_with_its_field(english: str, chinese: str) -> None:
    assert reason(english, Language.ZH) == chinese
    assert reason(english, Language.EN) == english


def test_a_translation_says_all_the_names_of_its_reason() -> None:
    assert [key for key, text in CATALOGUE.items() if set(NAME.findall(key)) != set(NAME.findall(text))] == []


def test_no_translation_outlives_its_reason() -> None:
    folders = ("models", "rules", "workflows", "activities")
    source = "\n".join(file.read_text(encoding="utf-8") for folder in folders for file in (ROOT / folder).glob("*.py"))
    source = source.replace('\\"', '"')
    stale = [key for key in CATALOGUE if max(NAME.split(key)[::2], key=len).strip() not in source]
    assert stale == []
