"""Text for people: complete in both languages, and readable."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from models.case import Basis, Event, Exit
from models.complaint import DemandKind
from models.language import Language
from models.names import Refused
from models.procedure import Procedure
from models.stage import Stage
from procedures import HERE, read_pack
from rules.objections import OBJECTED
from rules.settlement import CONTESTED
from texts import brief_until, catalogue, fill, has, money, named, placeholders, say, span, until, when
from texts.events import event_line
from texts.values import shown

ZH, EN = Language.ZH, Language.EN
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pack() -> Procedure:
    return read_pack(HERE / "marketplace.procedure.toml")


def test_both_languages_have_the_same_keys() -> None:
    assert set(catalogue(ZH)) == set(catalogue(EN))


def test_both_languages_fill_in_the_same_values() -> None:
    differing = [key for key, text in catalogue(EN).items() if placeholders(text) != placeholders(catalogue(ZH)[key])]
    assert differing == []


def test_no_text_has_a_brace_or_bracket_left_over_when_it_is_filled() -> None:
    for lang in Language:
        for key, text in catalogue(lang).items():
            filled = fill(text, dict.fromkeys(placeholders(text), "x"))
            assert not re.search(r"[{}]|\[\[|\]\]", filled), key


def test_a_part_that_may_be_left_out_names_the_value_it_depends_on() -> None:
    # One that names none would always be shown: a real incident was announced as a drill.
    for lang in Language:
        for key, text in catalogue(lang).items():
            parts = re.findall(r"\[\[(.+?)\]\]", text, flags=re.DOTALL)
            assert key.startswith("form8d.") or all(placeholders(part) for part in parts), key


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("stage", Stage),
        ("exit", Exit),
        ("basis", Basis),
        ("settlement.ground", Basis),
        ("demand_kind", DemandKind),
        ("code", Refused),
    ],
)
def test_every_member_of_an_enum_has_a_text(group: str, kind: type[StrEnum]) -> None:
    assert [member.value for member in kind if not has(f"{group}.{member.value}")] == []


@pytest.mark.parametrize("ground", ["late_answer", "undelivered", CONTESTED, OBJECTED, "supplier"])
def test_every_other_ground_of_a_cost_has_a_text(ground: str) -> None:
    assert has(f"settlement.ground.{ground}")


@pytest.mark.parametrize(
    "code", ["accepted", "late", "repeated", "paid_differs", "exceeds_paid", "payment_in_doubt", "sent_late"]
)
def test_every_verdict_and_failure_code_has_a_text(code: str) -> None:
    assert has(f"code.{code}")


def test_every_kind_of_event_the_rules_write_has_a_text() -> None:
    written = set()
    for file in (*ROOT.glob("rules/*.py"), *ROOT.glob("workflows/*.py")):
        source = file.read_text(encoding="utf-8")
        written |= set(re.findall(r"\bnote\(\s*(?:[^\"()]|\([^()]*\))*?\"([a-z_]+)\"", source))
    assert len(written) > 20
    assert sorted(kind for kind in written if not has(f"event.{kind}")) == []


def test_every_text_the_code_names_exists() -> None:
    missing = []
    for file in (*ROOT.glob("starter/**/*.py"), *ROOT.glob("workflows/*.py"), *ROOT.glob("texts/*.py")):
        source = file.read_text(encoding="utf-8")
        for prefix, pattern in _USES.items():
            missing += [f"{file.name}: {prefix}{key}" for key in re.findall(pattern, source) if not has(prefix + key)]
    assert missing == []


_USES = {
    "": r"(?<!\.)\bsay\(\s*\"([a-z_.]+)\"",
    "cli.": r"(?:current|session)\.say\(\s*\"([a-z_.]+)\"",
    "fail.": r"(?:BadInput|NotAllowed|NoSuchCase|NotConfirmed|TryAgain|DemoStuck|Failure)\(\s*\"([a-z_]+)\"",
}


def test_an_unknown_key_shows_itself_rather_than_break_a_page() -> None:
    assert say("no.such.key", EN) == "no.such.key"
    assert named("stage", "brand_new", ZH) == "brand_new"


def test_a_value_is_never_read_as_a_template() -> None:
    assert fill("a {x} b", {"x": "{y} [[z]]", "y": "secret"}) == "a {y} [[z]] b"


def test_an_optional_part_goes_when_its_value_is_missing() -> None:
    assert fill("due[[ by {due_at}]].", {}) == "due."
    assert fill("due[[ by {due_at}]].", {"due_at": "noon"}) == "due by noon."
    assert fill("due {due_at}.", {}) == "due –."


@pytest.mark.parametrize(
    ("minor", "currency", "lang", "text"),
    [
        (1250, "CNY", ZH, "12.50 元"),
        (1250, "CNY", EN, "CNY 12.50"),
        (123456789, "BRL", ZH, "BRL 1,234,567.89"),
        (5, "EUR", EN, "EUR 0.05"),
        (1250, "JPY", EN, "JPY 1,250"),
        (1250, "KWD", EN, "KWD 1.250"),
        (1250, "LYD", EN, "LYD 1.250"),
        (1250, "XAF", EN, "XAF 1,250"),
        (-1, "CNY", EN, "CNY -0.01"),
        (0, "CNY", ZH, "0.00 元"),
    ],
)
def test_money_reads_as_its_currency_is_written(minor: int, currency: str, lang: Language, text: str) -> None:
    assert money(minor, currency, lang) == text


def test_a_moment_is_shown_in_the_given_zone_with_its_offset() -> None:
    moment = datetime(2026, 3, 1, 20, 5, tzinfo=UTC)
    assert when(moment, "Asia/Shanghai", ZH) == "2026年3月2日 04:05（UTC+08:00）"
    assert when(moment, "America/Sao_Paulo", EN) == "1 Mar 2026, 17:05 (UTC-03:00)"


@pytest.mark.parametrize("key", ["due_at", "deadline_at"])
def test_a_deadline_at_midnight_ends_the_day_before_and_nobody_reads_a_day_too_many(key: str, pack: Procedure) -> None:
    midnight, later = "2026-03-05T16:00:00+00:00", "2026-03-05T16:00:01+00:00"
    assert shown({key: midnight}, pack, ZH)[key] == "2026年3月5日 24:00（UTC+08:00）"
    assert shown({key: midnight}, pack, EN)[key] == "5 Mar 2026, 24:00 (UTC+08:00)"
    assert shown({key: later}, pack, ZH)[key] == "2026年3月6日 00:00（UTC+08:00）"
    assert shown({"delivered_at": midnight}, pack, ZH)["delivered_at"] == "2026年3月6日 00:00（UTC+08:00）"
    assert brief_until(datetime.fromisoformat(midnight), pack.time_zone) == "03-05 24:00"
    changed = datetime(2026, 3, 29, 22, 0, tzinfo=UTC)  # the day had 23 hours
    assert until(changed, "Europe/Berlin", EN) == "29 Mar 2026, 24:00 (UTC+02:00)"
    assert brief_until(datetime.fromisoformat(later), pack.time_zone) == "03-06 00:00"


@pytest.mark.parametrize(
    ("length", "zh", "en"),
    [
        (timedelta(hours=24), "1天", "1 d"),
        (timedelta(hours=3, minutes=20, seconds=5), "3小时20分", "3 h 20 min"),
        (timedelta(seconds=40), "40秒", "40 s"),
        (timedelta(0), "0秒", "0 s"),
        (-timedelta(minutes=5), "5分", "5 min"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(length: timedelta, zh: str, en: str) -> None:
    assert (span(length, ZH), span(length, EN)) == (zh, en)


def test_values_become_titles_money_and_local_times(pack: Procedure) -> None:
    values: dict[str, str | int] = {
        "department": "logistics",
        "cause": "late",
        "demand": "return_and_refund",
        "amount": 2000,
        "refunded": 0,
        "currency": "CNY",
        "due_at": "2026-03-01T20:00:00+00:00",
        "liable": "merchant=60,carrier=40",
        "ask": "1-merchandise",
        "code": "verification",
        "by": "customer",
        "undelivered": 0,
    }
    assert shown(values, pack, EN) == {
        "department": "Logistics",
        "cause": "Late delivery",
        "demand": "Return and refund",
        "amount": "CNY 20.00",
        "currency": "CNY",
        "due_at": "2 Mar 2026, 04:00 (UTC+08:00)",
        "liable": "Merchant 60%, Carrier (EMS) 40%",
        "ask": "Merchandise",
        "code": "Verify a shared liability",
        "by": "Customer",
    }


def test_names_a_pack_does_not_know_show_themselves(pack: Procedure) -> None:
    unknown: dict[str, str | int] = {"department": "x_dept", "cause": "x_cause", "demand": "x", "due_at": "soon"}
    assert shown(unknown, pack, ZH) == {key: str(value) for key, value in unknown.items()}


def _event(kind: str, **changes: object) -> Event:
    return Event.model_validate({"seq": 1, "at": "2026-03-01T20:00:00Z", "kind": kind} | changes)


def test_an_event_says_what_happened_and_who_did_it(pack: Procedure) -> None:
    event = _event("answered", actor="耿焰", department="merchandise", data={"liable": "merchant=100"})
    assert event_line(event, pack, EN) == "Answered: liable Merchant – 耿焰, Merchandise"
    assert event_line(event, pack, ZH) == "已认定：商家 责任（商品部 耿焰）"


def test_a_refused_message_says_who_sent_it_before_who_may(pack: Procedure) -> None:
    why = "actor: is not of a department that may do this; it may: merchandise"
    data = {"name": "confirm", "code": "wrong_department", "reason": why}
    line = event_line(_event("message_refused", actor="殷国华", data=data), pack, ZH)
    assert line.startswith("消息未受理（confirm, 殷国华）：应由其他部门办理；")
    assert line.endswith("有权的是：商品部")


def test_an_event_without_any_data_still_reads(pack: Procedure) -> None:
    for key in catalogue(EN):
        if key.startswith("event."):
            line = event_line(_event(key.removeprefix("event.")), pack, EN)
            assert line
            assert "–" not in line, key


def test_an_event_of_a_newer_version_shows_its_kind(pack: Procedure) -> None:
    assert event_line(_event("teleported"), pack, EN) == "teleported"


OTHER_WORDS = {
    "对账单": "结算单",
    "裁决": "裁定",
    "分诊": "分类派单",
    "分流": "分类派单",
    "邮件室": "收发室",
    "支付渠道": "网关",
    "流程包": "处理机制",
    "该流程": "处理机制",
    "规程": "处理机制",
    "案号": "案件编号",
    "案件号": "案件编号",
    "撤回": "撤诉",
    "超时": "逾期",
}
"""Words for a thing that the glossary calls otherwise."""


def test_chinese_texts_call_each_thing_as_the_glossary_does() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert [word for word in OTHER_WORDS.values() if word not in glossary] == []
    said = [line for file in (ROOT / "texts").glob("*.zh.toml") for line in _values(file)]
    said += _values(ROOT / "texts" / "zh.toml")
    assert [(word, line) for line in said for word in OTHER_WORDS if word in line] == []


def _values(file: Path) -> list[str]:
    return [line.partition(" = ")[2] or line for line in file.read_text(encoding="utf-8").splitlines()]
