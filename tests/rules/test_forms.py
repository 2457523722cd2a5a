"""What fits a field of a form, and what is said of anything else."""

from typing import Any

import pytest

from models.steps import FormField
from rules.forms import problems_of, public

TITLE = {"zh": "x", "en": "x"}


def field(kind: str, **more: Any) -> FormField:
    return FormField.model_validate({"name": "given", "title": TITLE, "kind": kind} | more)


@pytest.mark.parametrize(
    ("kind", "fits", "wrong"),
    [
        ("number", [0, 7], [-1, True, "7"]),
        ("money", [0, 21_000], [-1, False, "210.00"]),
        ("yes_no", [True, False], [1, "yes"]),
        ("date", ["2026-02-28"], ["2026-02-29", "20260228", "2026-W09-1", 20260228]),
        ("reference", ["qc/1", "x" * 300], ["", "a b", "照片", "x" * 301, 7]),
        ("text", ["好", ""], [7, True]),
    ],
)
def test_a_field_takes_what_its_kind_says(kind: str, fits: list[Any], wrong: list[Any]) -> None:
    form = [field(kind)]
    assert [value for value in fits if problems_of(form, {"given": value}, "fields")] == []
    for value in wrong:
        (problem,) = problems_of(form, {"given": value}, "fields")
        assert (problem.field, problem.code) == ("fields.given", "kind")


def test_a_form_names_what_is_missing_not_asked_for_or_no_choice() -> None:
    form = [field("choice", choices={"a": TITLE, "b": TITLE}), field("text").model_copy(update={"name": "more"})]
    found = problems_of(form, {"given": "c", "other": "x"}, "fields")
    assert [(problem.field, problem.code) for problem in found] == [
        ("fields.given", "choice"),
        ("fields.more", "missing"),
        ("fields.other", "unknown"),
    ]
    lenient = [field("text", required=False)]
    assert problems_of(lenient, {}, "fields") == []


def test_the_record_carries_what_is_not_personal_in_words() -> None:
    form = [field("yes_no"), field("text", personal=True).model_copy(update={"name": "who"})]
    assert public(form, {"given": False, "who": "李明"}) == {"field.given": "no"}
