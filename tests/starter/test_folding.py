"""Lines of a terminal are as wide as they look: a Chinese sign takes two columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from starter.cli.folding import folded


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("打印行数与链首", 6, ["打印行", "数与链", "首"]),
        ("逾期，指标、原因", 6, ["逾期，", "指标、", "原因"]),
        ("打印（链首）行", 8, ["打印（链", "首）行"]),
        ("以 0 结束", 5, ["以 0", "结束"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("", 5, [""]),
    ],
)
def test_a_line_ends_between_words_or_behind_a_chinese_sign_but_not_before_its_punctuation(
    text: str, width: int, lines: list[str]
) -> None:
    assert folded(text, width).split("\n") == lines


@given(text=st.text("ab c，。（）《》投诉，「」-=`", max_size=60), width=st.integers(2, 30))
def test_no_line_is_too_wide_and_no_sign_is_lost(text: str, width: int) -> None:
    found = folded(text, width)
    assert "".join(found.split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in found.split("\n"))
