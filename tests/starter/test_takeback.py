"""A refund taken back, told from the command line: what is refused before anything is sent."""

import pytest

from tests.starter.running import Redress


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("RF-1", "--as", "退换货专员"), 2, "--code"),
        (("RF 1", "--code", "account_closed", "--as", "退换货专员"), 2, "reference"),
        (("RF-1", "--code", "Account closed!", "--as", "退换货专员"), 2, "code"),
        (("RF-1", "--code", "account_closed"), 2, "--as"),
        (("RF-1", "--code", "account_closed", "--as", "退换货专员"), 75, "no Temporal service answers"),
    ],
    ids=["no_code", "reference", "code", "nobody", "away"],
)
def test_bad_input_gets_one_line_and_its_exit_code(
    redress: Redress, words: tuple[str, ...], code: int, told: str
) -> None:
    ran = redress("taken-back", *words)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("redress: ")
    assert ran.err.count("\n") == 1
    assert told in ran.err
