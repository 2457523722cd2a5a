"""The papers of a case under the returns procedure: headings and cells, filled, blank, and for whom."""

from typing import Any

import pytest

from models.language import Language
from models.procedure import Procedure
from reports.document import Document
from reports.papers import CaseFile, paper_of
from tests.rules.builders import RETURNS_PACK, World, liable
from tests.rules.test_returns import DESK, RECEIPT, investigated, makes_offer, settled

Sections = dict[str, dict[str, Any]]


def paper(
    name: str, world: World, lang: Language = Language.ZH, *, personal: bool = True, pack: Procedure = RETURNS_PACK
) -> Document:
    case = world.case
    filled = CaseFile(case.number, case.opened_at, case.complaint, case.events, personal)
    return paper_of(name, filled, pack, lang)


async def read(document: Document) -> Sections:
    """Heading -> label -> entry; of a table with more columns its rows by number."""
    return {
        each.title: {str(cells[0]): cells[1] if len(cells) == 2 else cells[1:] async for cells in _cells(each)}
        for each in document.sections
    }


async def _cells(section: Any) -> Any:
    async for row in section.rows():
        yield row.cells


def returned() -> World:
    """One of two kettles is to be given back; the offer waits for the customer."""
    facts: dict[str, Any] = {"cause": "quality", "channel": "email", "contact": None, "details": RECEIPT}
    demand = {"kind": "return_and_refund", "lines": [{"sku": "S-1", "quantity": 1}]}
    world = World(pack=RETURNS_PACK, demand=demand, **facts)
    world.does("record", DESK, duty="reply", fields={"progress": "调查中", "expected_on": "2026-03-09"})
    world.does("record", DESK, duty="inspect", fields={"receipt_confirmed": True, "condition": "damaged"})
    found = {"finding": "开胶", "valid": True}
    world.does("record", DESK, duty="investigate", fields=found, liable=liable(supplier=100))
    world.does("offer", "merchandise", demand=demand, basis="规定", fields={"solution": "退货"})
    return world.does("approve", "section_chief", actor="课长", approve=True)


async def test_s2_08_the_investigation_form_says_what_was_found_and_who_is_liable() -> None:
    document = paper("investigation", investigated())
    found = await read(document)
    assert document.title == "投诉调查表 T-1"
    assert list(found) == ["投诉情况", "调查并填写投诉调查表"]
    assert found["投诉情况"]["姓名"] == "王芳"
    assert found["投诉情况"]["投诉内容"] == "水壶漏水"
    form = found["调查并填写投诉调查表"]
    told = (form["调查情况"], form["投诉是否属实"], form["责任部门"], form["责任方"], form["填写人"])
    assert told == ("开裂", "是", "商品部", "厂商", "somebody")


async def test_s2_09_the_transfer_slip_goes_back_to_the_department_until_the_customer_agrees() -> None:
    world = makes_offer(investigated(demand={"kind": "compensation", "amount": 1_000}), 1_000)
    world.does("respond", DESK, version=1, accept=False, reason="太少")
    makes_offer(world, 1_500).does("respond", DESK, version=2, accept=True)
    found = await read(paper("transfer", world))
    assert list(found) == ["投诉情况", "第 1 次处理方案", "第 2 次处理方案"]
    first, second = list(found.values())[1:]
    assert (first["部门"], first["期限"]) == ("商品部（采购）", "2026年3月5日 24:00（UTC+08:00）")
    assert (first["解决方案"], first["金额"], first["客户答复"]) == ("补偿", "10.00 元", "不同意，退回重拟")
    assert (first["客户意见"], second["金额"], second["客户答复"]) == ("太少", "15.00 元", "同意")


async def test_s2_10_the_questionnaire_has_every_call_back_and_what_the_customer_said() -> None:
    world = settled()
    blank = await read(paper("satisfaction", world, Language.EN))
    assert list(blank) == ["Complaint", "Call-back 1"]
    assert blank["Call-back 1"]["Asked on"]
    assert blank["Call-back 1"]["Satisfied"] == ""
    world.does("feedback", DESK, satisfied=False, reason="又坏了")
    filled = await read(paper("satisfaction", world))
    assert (filled["第 1 次回访"]["是否满意"], filled["第 1 次回访"]["客户意见"]) == ("不满意", "又坏了")


async def test_s2_14_s2_51_the_return_list_has_the_receipt_the_goods_and_the_written_result() -> None:
    world = returned()
    before = (await read(paper("return_list", world)))["处理结果"]
    assert set(before.values()) == {""}
    world.does("respond", DESK, version=1, accept=True)
    world.does("goods", "warehouse", accepted=True).child()
    document = paper("return_list", world)
    found = await read(document)
    assert document.title == "退货清单 T-1"
    assert list(found) == ["投诉情况", "受理登记", "退货受理检查", "退货商品", "处理结果"]
    receipt = found["受理登记"]
    wanted = {
        "退货原因": "开胶",
        "小票金额": "210.00 元",
        "购买日期": "2026-02-20",
        "购买地点": "一号店",
        "款号": "A-17",
    }
    assert {label: receipt[label] for label in wanted} == wanted
    assert found["退货受理检查"]["货品有无损坏或污损"] == "损坏"
    assert found["退货商品"] == {
        "1": ("电水壶", 1, "100.00 元", "100.00 元"),
        "": ("合计", 1, "", "100.00 元"),
    }
    result = found["处理结果"]
    assert (result["是否接受退货"], result["数量"], result["退款金额"]) == ("验收合格", "1", "100.00 元")


@pytest.mark.parametrize("name", sorted(RETURNS_PACK.papers))
@pytest.mark.parametrize("lang", list(Language))
async def test_a_reader_without_need_of_personal_data_gets_none_on_paper(name: str, lang: Language) -> None:
    world = settled()
    world.does("feedback", DESK, satisfied=False, reason="又坏了")
    text = str(await read(paper(name, world, lang, personal=False)))
    assert not [word for word in ("王芳", "wangfang@example.com", "水壶漏水", "又坏了") if word in text]
    assert "paper." not in text
