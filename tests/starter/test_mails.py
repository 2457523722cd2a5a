"""Every notice renders in both languages, in one line of subject, and tells its reader what to do."""

import re

import pytest

from models.language import Language
from models.procedure import Procedure
from procedures import HERE, read_pack
from texts import named
from texts.mails import SUBJECT_LIMIT, TEMPLATES, render_mail

OF_A_CASE = tuple(name for name in TEMPLATES if not name.startswith(("meeting_", "incident_", "corrective_", "report")))
ALL: dict[str, str | int] = {
    "number": "R-1",
    "order": "O-9",
    "demand": "refund",
    "amount": 12_050,
    "currency": "CNY",
    "stage": "asked",
    "due_at": "2026-03-01T20:00:00+00:00",
    "deadline_at": "2026-03-01T20:00:00+00:00",
    "promised_at": "2026-02-01T20:00:00+00:00",
    "delivered_at": "2026-02-02T20:00:00+00:00",
    "department": "merchandise",
    "cause": "quality",
    "text": "杯子裂了 {number}",
    "merchant": "M-1",
    "carrier": "ems",
    "code": "payment_in_doubt",
    "reason": "because",
    "remedy": "refund",
    "refunded": 12_050,
    "reference": "RF-1",
    "times": 2,
    "duty": "inquiry",
    "form": "finding",
    "hints": "merchant",
    "step": "reserve",
    "key": "R-1:1:reserve",
    "version": 1,
}
NEEDED = ("number", "order", "demand", "amount", "currency")
REQUIRED = {
    "negotiate": ("due_at",),
    "asked": ("department", "cause", "text", "deadline_at"),
    "asked_own": ("department", "cause", "text", "deadline_at"),
    "reminded": ("department", "deadline_at"),
    "undeliverable": ("department", "deadline_at", "code"),
    "ask_withdrawn": ("department",),
    "refused_rule": ("due_at",),
    "refused_finding": ("reason", "due_at"),
    "verify": ("due_at",),
    "promised": ("due_at",),
    "leadership": ("reason", "due_at"),
    "task": ("code", "due_at"),
    "task_overdue": ("code", "department"),
    "return_goods": ("due_at",),
    "taken_back": ("refunded",),
    "goods_expected": ("due_at",),
    "result": ("remedy", "refunded"),
    "not_done": (),
    "not_undone": ("step", "code", "key"),
    "callback": ("times",),
    "decided_against": ("reason",),
    "duty": ("duty", "department", "cause", "text", "deadline_at"),
    "duty_reminded": ("duty", "department", "due_at"),
    "duty_overdue": ("duty", "department", "due_at"),
    "duty_done": ("duty",),
    "progress": ("duty",),
    "extended": ("due_at",),
    "offer_wanted": ("due_at",),
    "offer": ("version", "reason", "due_at"),
    "approval": ("due_at",),
    "major": ("department", "cause"),
}


@pytest.fixture(scope="module")
def pack() -> Procedure:
    return read_pack(HERE / "marketplace.procedure.toml")


@pytest.mark.parametrize("lang", Language)
@pytest.mark.parametrize("template", OF_A_CASE)
def test_a_notice_with_all_its_values_has_no_gap(template: str, lang: Language, pack: Procedure) -> None:
    subject, body = render_mail(template, ALL, pack, lang)
    assert subject.startswith("[R-1] ")
    assert "\n" not in subject
    assert len(subject) <= SUBJECT_LIMIT
    assert "O-9" in body
    assert "–" not in subject + body


@pytest.mark.parametrize("lang", Language)
@pytest.mark.parametrize("template", OF_A_CASE)
def test_a_notice_with_only_its_certain_values_has_no_gap(template: str, lang: Language, pack: Procedure) -> None:
    values = {name: ALL[name] for name in (*NEEDED, *REQUIRED.get(template, ()), "stage")}
    subject, body = render_mail(template, values, pack, lang)
    assert "–" not in subject + body
    assert "[[" not in body


CALM = {Language.EN: "You need not do anything", Language.ZH: "您无需进行其他操作"}


@pytest.mark.parametrize("lang", Language)
@pytest.mark.parametrize(
    ("stage", "demand", "calm"),
    [
        ("asked", "refund", True),
        ("negotiating", "refund", False),
        ("refused", "refund", False),
        ("executing", "refund", True),
        ("executing", "return_and_refund", False),
    ],
)
def test_who_must_do_something_is_not_told_that_nothing_is_to_be_done(
    stage: str, demand: str, lang: Language, pack: Procedure, *, calm: bool
) -> None:
    subject, body = render_mail("acknowledged", ALL | {"stage": stage, "demand": demand}, pack, lang)
    assert subject.startswith("[R-1] ")
    assert (CALM[lang] in body) is calm
    assert "–" not in body
    assert named("stage", stage, lang) not in body  # our own words: "refused, the customer may insist"


@pytest.mark.parametrize("lang", Language)
@pytest.mark.parametrize(
    ("demand", "calm"), [("refund", True), ("reship", True), ("return_and_refund", False), ("exchange", False)]
)
def test_whose_goods_must_come_back_first_is_promised_no_hour_and_told_to_send_them(
    demand: str, lang: Language, pack: Procedure, *, calm: bool
) -> None:
    subject, body = render_mail("promised", ALL | {"demand": demand}, pack, lang)
    hour = {"zh": "2026年3月2日 04:00", "en": "2 Mar 2026, 04:00"}[lang]
    assert (CALM[lang] in body, hour in subject + body) == (calm, calm)
    assert "–" not in subject + body


@pytest.mark.parametrize("lang", Language)
@pytest.mark.parametrize("name", ["marketplace", "courier", "returns", "live"])
def test_the_commands_a_notice_shows_name_parties_of_its_procedure(name: str, lang: Language) -> None:
    own = read_pack(HERE / f"{name}.procedure.toml")
    for template in ("asked", "reminded", "panel", "meeting_agenda", "incident_verified"):
        _, body = render_mail(template, ALL, own, lang)
        shown = re.findall(r"--liable ([a-z_{}]+)", body)
        assert shown
        assert set(shown) <= own.parties.keys() - {own.customer}


@pytest.mark.parametrize("lang", Language)
def test_an_ask_says_the_facts_the_deadline_what_silence_decides_and_how_to_answer(
    lang: Language, pack: Procedure
) -> None:
    subject, body = render_mail("asked", ALL, pack, lang)
    deadline = {"zh": "2026年3月2日 04:00", "en": "2 Mar 2026, 04:00"}[lang]
    amount = {"zh": "120.50 元", "en": "CNY 120.50"}[lang]
    assert deadline in subject
    assert body.count(deadline) == 1
    assert body.count(amount) == 2
    assert "杯子裂了 {number}" in body
    name = "NAME" if lang is Language.EN else "姓名"
    assert f'redress confirm R-1 --as {name} --liable merchant --reason "…"' in body


RETURNS = read_pack(HERE / "returns.procedure.toml")


def test_who_has_to_report_reads_what_in_the_words_of_the_procedure_and_how_it_is_typed() -> None:
    asked = ALL | {"duty": "inspect", "form": "receipt_confirmed, condition"}
    zh = render_mail("duty", asked, RETURNS, Language.ZH)[1]
    assert "  receipt_confirmed：小票五项核对无误（是、否）\n" in zh
    assert "  condition：货品有无损坏或污损（完好、损坏、污损、无法确定质量问题）\n" in zh
    en = render_mail("duty", asked, RETURNS, Language.EN)[1]
    assert "  receipt_confirmed: The receipt's five facts are right (yes, no)\n" in en
    assert "  condition: Condition of the goods (Intact, Damaged, Soiled, Quality cannot be decided)\n" in en


@pytest.mark.parametrize("template", ["duty", "duty_reminded", "duty_overdue"])
@pytest.mark.parametrize("lang", Language)
def test_the_command_for_a_report_names_the_duty_for_a_department_may_have_several(
    template: str, lang: Language
) -> None:
    assert "redress record R-1 inspect --as" in render_mail(template, ALL | {"duty": "inspect"}, RETURNS, lang)[1]


def test_s1_07_the_customer_reads_an_apology_not_the_name_of_our_task() -> None:
    courier = read_pack(HERE / "courier.procedure.toml")
    zh = render_mail("duty_done", ALL | {"duty": "respond"}, courier, Language.ZH)[1]
    assert "给您带来不便，我们深表歉意，将尽快处理您的投诉。" in zh
    assert "立即响应" not in zh
    assert "We are sorry" in render_mail("duty_done", ALL | {"duty": "respond"}, courier, Language.EN)[1]
    assert "立即响应" in render_mail("duty", ALL | {"duty": "respond"}, courier, Language.ZH)[1]


@pytest.mark.parametrize("name", ["courier", "returns", "live"])
def test_whatever_duty_a_customer_is_told_of_has_words_for_the_customer(name: str) -> None:
    own = read_pack(HERE / f"{name}.procedure.toml")
    assert not [duty for duty in own.duties.values() if duty.tells_customer and duty.notice is None]


@pytest.mark.parametrize("lang", Language)
@pytest.mark.parametrize("template", ["acknowledged", "duty", "asked", "task_overdue", "offer"])
def test_an_apology_or_what_has_been_given_already_is_not_told_as_an_amount_of_nothing(
    template: str, lang: Language, pack: Procedure
) -> None:
    subject, body = render_mail(template, ALL | {"amount": 0, "demand": "apology"}, pack, lang)
    assert not re.search(r"0\.00|–", subject + body)


def test_who_has_to_make_an_offer_reads_what_it_must_say() -> None:
    assert "  solution：解决方案\n" in render_mail("offer_wanted", ALL, RETURNS, Language.ZH)[1]
    assert "  solution: Solution\n" in render_mail("offer_wanted", ALL, RETURNS, Language.EN)[1]


@pytest.mark.parametrize(
    ("nature", "zh", "en"),
    [
        ("special", "请在4小时内采取紧急补救措施并联系客户", "contact the customer within 4 h"),
        ("urgent", "须在24小时内书面回复", "a written reply is due within 24 h"),
        ("substance", "4小时内采取紧急补救措施并联系客户，24小时内书面回复", "reply in writing within 24 h"),
    ],
)
def test_s2_20_s2_24_who_hears_of_a_special_quality_complaint_reads_by_when(nature: str, zh: str, en: str) -> None:
    asked = {"number": "8D20260302001", "product": "水壶", "defect": "开裂"}
    asked[nature] = "batch" if nature == "special" else nature
    assert zh in render_mail("corrective_opened", asked, RETURNS, Language.ZH)[1]
    assert en in render_mail("corrective_opened", asked, RETURNS, Language.EN)[1].replace("\n", " ")


def test_a_moment_after_all_time_in_the_east_is_told_as_it_was_stored(pack: Procedure) -> None:
    last = "9999-12-31T23:59:59+00:00"
    assert last in render_mail("asked", ALL | {"promised_at": last}, pack, Language.ZH)[1]


def test_a_subject_keeps_to_one_line_whatever_a_value_holds(pack: Procedure) -> None:
    hostile = ALL | {"due_at": "x\r\nBcc: everybody@example.com\u2028" + "y" * 300}
    subject, body = render_mail("promised", hostile, pack, Language.EN)
    assert subject.isprintable()
    assert len(subject) == SUBJECT_LIMIT
    assert "\r" not in body


def test_a_result_without_money_does_not_speak_of_a_refund(pack: Procedure) -> None:
    _, body = render_mail("result", ALL | {"remedy": "exchange", "refunded": 0}, pack, Language.EN)
    assert "Exchange" in body
    assert "Refunded" not in body


@pytest.mark.parametrize(
    ("facts", "zh", "en"),
    [
        (
            {"outside": "late", "after": 16 * 86_400, "limit": 15 * 86_400},
            "签收后16天提出，超过15天期限",
            "Asked 16 d after delivery; the limit is 15 d",
        ),
        (
            {"outside": "demand", "allowed": "return_and_refund,exchange"},
            "规则不支持该诉求：退款；仅支持退货退款、换货",
            "The rules do not give this: Refund; only Return and refund, Exchange",
        ),
        ({"outside": "cause"}, "退换货规则不包含该原因：商品质量", "No return rule covers this cause: Quality"),
    ],
)
def test_s0_12_a_demand_outside_the_rules_is_refused_with_the_rule_that_says_so(
    facts: dict[str, str | int], zh: str, en: str, pack: Procedure
) -> None:
    values = {name: value for name, value in ALL.items() if name != "reason"} | facts
    assert f"原因：{zh}\n" in render_mail("refused_rule", values, pack, Language.ZH)[1]
    assert f"The reason: {en}\n" in render_mail("refused_rule", values, pack, Language.EN)[1]
    assert "because" in render_mail("refused_rule", ALL | facts, pack, Language.EN)[1]


@pytest.mark.parametrize("lang", Language)
@pytest.mark.parametrize("template", ["refused_rule", "refused_finding", "decided_against", "not_done"])
def test_a_refusal_gives_its_reason_where_there_is_one(template: str, lang: Language, pack: Procedure) -> None:
    label = {"zh": "原因", "en": "The reason"}[lang]
    assert f"{label}{'：' if lang is Language.ZH else ': '}because" in render_mail(template, ALL, pack, lang)[1]
    without = {name: value for name, value in ALL.items() if name != "reason"}
    assert label not in render_mail(template, without, pack, lang)[1]


def test_what_was_not_done_is_not_told_as_something_to_get(pack: Procedure) -> None:
    _, body = render_mail("not_done", ALL | {"refunded": 0}, pack, Language.EN)
    assert "What you get" not in body
    assert "Refunded" not in body


@pytest.mark.parametrize("template", ["callback", "withdrawn"])
def test_a_customer_who_has_been_paid_is_not_told_of_what_would_still_be_paid(template: str, pack: Procedure) -> None:
    _, body = render_mail(template, ALL | {"amount": 0}, pack, Language.EN)
    assert "CNY" not in body


def test_a_notice_of_a_newer_worker_becomes_a_plain_one(pack: Procedure) -> None:
    subject, body = render_mail("teleported", ALL, pack, Language.EN)
    assert subject == "[R-1] News about your complaint"
    assert "O-9" in body
