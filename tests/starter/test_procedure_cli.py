"""`redress procedure`: packs listed, shown, checked and tried; fields of forms as they are typed."""

import re
from pathlib import Path

import pytest

from procedures import HERE, read_pack
from starter.cli.parsing import form
from starter.failures import BadInput
from tests.rules.builders import HOTEL
from tests.starter.running import Redress

HOTEL_FILE = Path(__file__).parents[1] / "packs" / "hotel.procedure.toml"
COURIER = (HERE / "courier.procedure.toml").read_text(encoding="utf-8")
RETURNS = read_pack(HERE / "returns.procedure.toml")


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
    rules = redress("procedure", "show", "marketplace").out
    assert "Change of mind · Return and refund, Exchange · 7d" in rules
    assert "Duty manager" in redress("procedure", "show", str(HOTEL_FILE)).out
    assert redress("procedure", "show", "bakery").code == 2


def test_a_pack_is_checked_with_one_line_per_mistake_and_tried_by_its_own_cases(
    redress: Redress, tmp_path: Path
) -> None:
    file = tmp_path / "courier.procedure.toml"
    broken = COURIER.replace(
        'before = ["reply_mail", "respond", "coordinate"', 'before = ["dance", "respond", "coordinate"'
    )
    file.write_text(broken.replace('ladder = ["supervisor"', 'ladder = ["king"'), encoding="utf-8")
    ran = redress("procedure", "check", str(file))
    assert ran.code == redress("procedure", "show", str(file)).code == redress("procedure", "test", str(file)).code == 2
    assert "routes.0.before: duty dance is used but not defined" in ran.err
    assert "ladder: department king is used but not defined" in ran.err
    file.write_text(COURIER.replace('within = "30m"', 'within = "45m"', 1), encoding="utf-8")
    cases = HERE / "courier.cases.toml"
    tried = redress("procedure", "test", str(file), str(cases))
    assert (tried.code, "first_due: is " in tried.out) == (1, True)
    assert redress("procedure", "test", "courier").code == 0


@pytest.mark.parametrize(("lang", "told"), [("en", "rework: must be a table"), ("zh", "rework：须为 TOML 的表")])
def test_what_is_no_table_is_told_in_the_words_of_the_file(
    redress: Redress, tmp_path: Path, lang: str, told: str
) -> None:
    file = tmp_path / "courier.procedure.toml"
    file.write_text(re.sub(r"\[rework\]\n(?:.+\n)+", "", 'rework = "once"\n' + COURIER), encoding="utf-8")
    ran = redress("--lang", lang, "procedure", "check", str(file))
    assert (ran.code, told in ran.err, "JSON" in ran.err) == (2, True, False)


def test_a_parameter_that_is_not_there_is_told(redress: Redress, tmp_path: Path) -> None:
    file = tmp_path / "courier.procedure.toml"
    file.write_text(COURIER.replace('"$c_x3"', '"$c_x33"'), encoding="utf-8")
    ran = redress("procedure", "check", str(file))
    assert "$c_x33 is used but not one of `parameters`" in ran.err


def test_fields_are_read_as_the_form_says() -> None:
    known = [field for part in HOTEL.intake for field in part.form] + list(HOTEL.duties["look"].form)
    typed = form("--field", ["room=12", "as_told=yes", "seen_by=007", "photo=a=b"], known, "CNY")
    assert typed == {"room": 12, "as_told": True, "seen_by": "007", "photo": "a=b"}
    with pytest.raises(BadInput):
        form("--field", ["room"], known, "CNY")


RECEIPT = [field for part in RETURNS.intake for field in part.form]
CHECKED = RETURNS.duties["inspect"].form


def test_a_field_and_a_choice_may_be_written_as_they_are_read() -> None:
    typed = form("--field", ["小票五项核对无误=是", "货品有无损坏或污损＝无法确定质量问题"], CHECKED, "CNY")
    assert typed == {"receipt_confirmed": True, "condition": "undecidable"}
    assert form("--field", ["Condition of the goods=soiled"], CHECKED, "CNY") == {"condition": "soiled"}
    assert form("--field", ["condition=Soiled"], CHECKED, "CNY") == {"condition": "soiled"}
    with pytest.raises(BadInput, match="--field condition: must be one of intact, damaged, soiled, undecidable"):
        form("--field", ["condition=broken"], CHECKED, "CNY")
    with pytest.raises(BadInput, match="--field condition"):
        form("--field", ["condition=intact", "货品有无损坏或污损=完好"], CHECKED, "CNY")


def test_money_of_a_form_is_typed_as_money_of_every_option_is() -> None:
    assert form("--detail", ["receipt_amount=210"], RECEIPT, "CNY") == {"receipt_amount": 21_000}
    assert form("--detail", ["小票金额=210.50", "数量=３"], RECEIPT, "CNY") == {"receipt_amount": 21_050, "quantity": 3}
    assert form("--detail", ["receipt_amount=210"], RECEIPT, "JPY") == {"receipt_amount": 210}
    with pytest.raises(BadInput, match="--detail receipt_amount: is not an amount"):
        form("--detail", ["receipt_amount=210元"], RECEIPT, "CNY")
