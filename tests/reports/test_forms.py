"""The company's two forms: their columns as the procedure prints them, the right cases, each line to the letter."""

from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from models.language import Language
from reports.disputes import disputes, disputes_count
from reports.document import Document, Setting
from reports.out_of_rule import out_of_rule, out_of_rule_count
from reports.writers.as_csv import write_csv
from tests.reports.conftest import Put, at, table

FORM_1 = ["序号", "提交日期", "订单号", "涉及商品", "退换货原因", "判断为规则外原因", "决策处理意见"]
FORM_2 = ["序号", "处理日期", "订单号", "退换货原因", "争议点", "责任判定结果", "责任判定部门"]
Build = Callable[..., Setting]


def golden(name: str, lang: Language) -> str:
    """The form as it must read, to the letter."""
    return (Path(__file__).parent / "golden" / f"{name}.{lang.value}.csv").read_text(encoding="utf-8")


async def as_csv(form: Document) -> str:
    """A form as CSV, with plain line ends and without the byte order mark."""
    target = StringIO(newline="")
    await write_csv(form, target)
    return target.getvalue().removeprefix("\ufeff").replace("\r\n", "\n")


def delivered(days_before: int, cause: str = "quality", demand: str = "return_and_refund") -> dict[str, object]:
    """What a case about goods delivered so many days before its submission on 2 March has."""
    order = {
        "lines": [
            {"sku": "CUP-1", "name": "保温杯", "quantity": 2, "unit_price": 1},
            {"sku": "LID", "quantity": 1, "unit_price": 1},
        ],
        "delivered_at": (at(2) - timedelta(days=days_before)).isoformat(),
    }
    return {"complaint": {"order": order, "demand": {"kind": demand}}, "cause": cause, "demand": demand}


async def test_form_1_has_exactly_its_columns_in_both_languages(database: AsyncConnection, setting: Build) -> None:
    form = out_of_rule(database, setting())
    assert form.title == "规则外退换货需求汇总表"
    assert [column.title for column in form.sections[0].columns] == FORM_1
    english = out_of_rule(database, setting(Language.EN))
    assert english.title == "Out-of-rule return and exchange requests"
    assert [column.title for column in english.sections[0].columns] == [
        "No.", "Submitted", "Order", "Goods concerned", "Reason for return or exchange", "Why outside the rules",
        "Decision",
    ]  # fmt: skip


async def test_form_2_has_exactly_its_columns_in_both_languages(database: AsyncConnection, setting: Build) -> None:
    form = disputes(database, setting())
    assert form.title == "已处理争议投诉汇总表"
    assert [column.title for column in form.sections[0].columns] == FORM_2
    english = disputes(database, setting(Language.EN))
    assert english.title == "Disputed complaints handled"
    assert [column.title for column in english.sections[0].columns] == [
        "No.", "Handled", "Order", "Reason for return or exchange", "Point in dispute", "Determination of liability",
        "Determined by",
    ]  # fmt: skip


async def test_a_form_says_its_period_and_when_it_was_made(database: AsyncConnection, setting: Build) -> None:
    assert out_of_rule(database, setting()).notes == (
        "期间：2026-03-01 至 2026-03-31",
        "生成时间：2026年4月1日 09:30（UTC+08:00）",
    )


async def test_form_1_lists_each_out_of_rule_case_of_the_period_whatever_its_stage(
    database: AsyncConnection, setting: Build, put: Put
) -> None:
    refused = ("refused", at(2), "customer_service", {"why": "refused_rule"})
    by_hand = ("refused", at(3), "customer_service", {"why": "refused_rule", "reason": "定制商品"})
    decided = ("decided", at(9), "leadership", {"grant": 1, "reason": "老客户，特批"}, "王总")
    against = ("decided", at(9), "leadership", {"grant": 0, "reason": "已使用"}, "王总")
    await put("A-1", refused, out_of_rule=True, stage="refused", **delivered(20))
    await put(
        "A-2", refused, decided, out_of_rule=True, stage="executing", opened_at=at(3), **delivered(9, "no_reason")
    )
    kept = delivered(1, "no_reason", "repair")
    await put(
        "A-3", refused, against, out_of_rule=True, stage="closed", exit="decided_against", opened_at=at(4), **kept
    )
    await put(
        "A-4", by_hand, out_of_rule=True, stage="closed", exit="refusal_accepted", opened_at=at(5), **delivered(1)
    )
    await put("A-5", refused, out_of_rule=True, stage="leadership", opened_at=at(31, 15, 59), **delivered(1, "other"))
    await put("B-1", out_of_rule=False)
    await put("B-2", out_of_rule=True, opened_at=at(31, 16))  # 1 April in Shanghai
    assert await out_of_rule_count(database, setting()) == 5
    for lang in Language:
        assert await as_csv(out_of_rule(database, setting(lang))) == golden("out_of_rule", lang)


async def test_form_1_shows_the_demanded_goods_and_cuts_a_long_list(
    database: AsyncConnection, setting: Build, put: Put
) -> None:
    lines = [{"sku": f"S{n}", "quantity": n, "unit_price": 1} for n in range(1, 9)]
    whole = {"order": {"lines": lines}, "demand": {"kind": "refund"}}
    part = {"order": {"lines": lines}, "demand": {"kind": "refund", "lines": [{"sku": "S8", "quantity": 2}]}}
    await put("A-1", out_of_rule=True, complaint=whole)
    await put("A-2", out_of_rule=True, complaint=part)
    rows = await table(out_of_rule(database, setting(Language.EN)))
    assert [row[3] for row in rows] == ["S1 ×1; S2 ×2; S3 ×3; S4 ×4; S5 ×5; and 3 more", "S8 ×2"]


async def test_form_2_lists_each_contested_case_that_ended_in_the_period(
    database: AsyncConnection, setting: Build, put: Put
) -> None:
    contested = ("contested", at(3), "merchandise", {"by": "merchant", "reason": "包装完好"}, "耿焰")
    ruled = ("ruled", at(4), "panel", {"for_customer": 1, "liable": "merchant=60,carrier=40"})
    decided = ("decided", at(4), "panel", {"grant": 1}, "王总")
    halves = [{"party": "merchant", "percent": 60}, {"party": "carrier", "percent": 40}]
    ended = {"contested": True, "stage": "closed", "exit": "satisfied"}
    await put("A-1", contested, decided, ruled, closed_at=at(6), liable=halves, decided_by="panel", **ended)
    answered = ("answered", at(3), "merchandise", {"liable": "carrier=100"})
    silent = ("silence", at(3), "logistics", {"ask": "1-logistics", "undelivered": 0})
    by_silence = ("ruled", at(3), None, {"for_customer": 1, "basis": "silence"})
    logistics = [{"party": "logistics", "percent": 100}]
    await put("A-2", answered, silent, by_silence, closed_at=at(5), liable=logistics, basis="silence", **ended)
    refused = ("ruled", at(3), "logistics", {"for_customer": 0, "liable": "customer=100"})
    theirs = [{"party": "customer", "percent": 100}]
    by_customer = ("contested", at(4), "customer_service", {"by": "customer", "reason": "不认可"}, "徐莉")
    await put("A-3", refused, by_customer, closed_at=at(7), liable=theirs, decided_by="logistics", **ended)
    await put("B-1", contested, contested=True, stage="panel")
    await put("B-2", contested=False, stage="closed", exit="satisfied", closed_at=at(7))
    await put("B-3", contested, closed_at=at(31, 16), **ended)
    assert await disputes_count(database, setting()) == 3
    for lang in Language:
        assert await as_csv(disputes(database, setting(lang))) == golden("disputes", lang)


async def test_a_form_goes_on_over_pages_without_losing_or_doubling_a_line(
    database: AsyncConnection, setting: Build, put: Put
) -> None:
    for number in range(7):
        await put(f"A-{number}", out_of_rule=True, opened_at=at(2 + number // 3))
    from sqlmodel import col

    from models.tables import CaseRow
    from reports.queries import by_time

    columns = (CaseRow.number, CaseRow.opened_at)
    pages = [page async for page in by_time(database, columns, col(CaseRow.opened_at), setting().period, size=2)]
    assert [row.number for page in pages for row in page] == [f"A-{number}" for number in range(7)]
    assert max(len(page) for page in pages) == 2


async def test_the_period_is_of_local_days(database: AsyncConnection, setting: Build, put: Put) -> None:
    await put("A-1", out_of_rule=True, opened_at=at(1, 15, 59))  # 23:59 on 1 March in Shanghai
    await put("A-2", out_of_rule=True, opened_at=at(1, 16, 0))  # midnight, 2 March
    one_day = setting(first=date(2026, 3, 2), last=date(2026, 3, 2))
    assert [row[2] for row in await table(out_of_rule(database, one_day))] == ["YL-A-2"]
