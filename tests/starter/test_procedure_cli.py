"""`redress procedure`: packs listed, shown, checked and tried; fields of forms as they are typed."""

from pathlib import Path

import pytest

from procedures import HERE
from starter.cli.parsing import form
from starter.failures import BadInput
from tests.rules.builders import HOTEL
from tests.starter.running import Redress

HOTEL_FILE = Path(__file__).parents[1] / "packs" / "hotel.procedure.toml"
COURIER = (HERE / "courier.procedure.toml").read_text(encoding="utf-8")


def test_every_packaged_procedure_is_listed_and_shows_its_numbers_with_their_clauses(redress: Redress) -> None:
    listed = redress("procedure", "list")
    assert listed.code == 0
    assert all(ref in listed.out for ref in ("courier.1", "live.1", "marketplace.1"))
    shown = redress("procedure", "show", "courier")
    assert shown.code == 0
    assert "C-X3, value ours" in shown.out
    returns = redress("procedure", "show", "returns").out
    for key in ("offers.make", "callbacks.desk", "rework", "extensions", "incident.decision", "papers.return_list"):
        assert key in returns
    assert "over 20.00, up to 100.00: Reception chief on duty" in returns
    assert "超过 5,000.00: 总经理" in redress("--lang", "zh", "procedure", "show", "returns").out
    assert "Duty manager" in redress("procedure", "show", str(HOTEL_FILE)).out
    assert redress("procedure", "show", "bakery").code == 2


def test_a_pack_is_checked_with_one_line_per_mistake_and_tried_by_its_own_cases(
    redress: Redress, tmp_path: Path
) -> None:
    file = tmp_path / "courier.procedure.toml"
    broken = COURIER.replace(
        'before = ["respond", "reply_mail", "coordinate"', 'before = ["respond", "dance", "coordinate"'
    )
    file.write_text(broken.replace('ladder = ["supervisor"', 'ladder = ["king"'), encoding="utf-8")
    ran = redress("procedure", "check", str(file))
    assert ran.code == 1
    assert "routes.0.before: duty dance is used but not defined" in ran.err
    assert "ladder: department king is used but not defined" in ran.err
    file.write_text(COURIER.replace('within = "30m"', 'within = "45m"', 1), encoding="utf-8")
    cases = HERE / "courier.cases.toml"
    tried = redress("procedure", "test", str(file), str(cases))
    assert (tried.code, "first_due: is " in tried.out) == (1, True)
    assert redress("procedure", "test", "courier").code == 0


def test_a_parameter_that_is_not_there_is_told(redress: Redress, tmp_path: Path) -> None:
    file = tmp_path / "courier.procedure.toml"
    file.write_text(COURIER.replace('"$c_x3"', '"$c_x33"'), encoding="utf-8")
    ran = redress("procedure", "check", str(file))
    assert "$c_x33 is used but not one of `parameters`" in ran.err


def test_fields_are_read_as_the_form_says() -> None:
    known = [field for part in HOTEL.intake for field in part.form] + list(HOTEL.duties["look"].form)
    typed = form("--field", ["room=12", "as_told=yes", "seen_by=007", "photo=a=b"], known)
    assert typed == {"room": 12, "as_told": True, "seen_by": "007", "photo": "a=b"}
    with pytest.raises(BadInput):
        form("--field", ["room"], known)
