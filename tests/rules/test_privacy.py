"""What gives a customer away is found, and what only looks like it is not."""

import pytest

from rules.privacy import Marks

MARKS = Marks({"id": "U-1", "name": "Ann Lee", "email": "ann@example.org", "phone": "+86 138-0013 8000"})


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("refund for ANN LEE", "name"),
        ({"codes": ["x", {"to": "Ann@example.org"}]}, "email"),
        ({"8613800138000": 1}, "phone"),
        ("86 138 0013 8000", "phone"),
        ("YL-98613800138000", None),
        ("Joann Leeds", None),
        (["U-1", 8613800138000, None], None),
    ],
)
def test_a_customers_data_is_found_however_deep_and_however_written(content: object, field: str | None) -> None:
    assert MARKS.found_in(content) == field


def test_whoever_tells_nothing_or_too_little_cannot_be_found() -> None:
    assert not Marks({"id": "U-1", "name": "李", "phone": "110"})
    assert not Marks({"id": "U-1", "name": "U-1"})
    assert Marks({"name": "李明"}).found_in("李明的订单") == "name"
