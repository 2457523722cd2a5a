"""The papers of the courier's and the live seller's procedures: what each clause asks for stands on paper."""

from tests.reports.test_papers import paper, read
from tests.rules.builders import COURIER, liable
from tests.rules.test_courier import DESK, STATION, SUPERVISOR, lost, told
from tests.rules.test_live import GROUP, LIVE, QC, classified, offering


async def test_s1_04_the_record_has_time_channel_person_waybill_matter_and_how_far_it_is() -> None:
    found = await read(paper("record", told(), pack=COURIER))
    matter = found["投诉情况"]
    assert all(matter[label] for label in ("投诉时间", "投诉渠道", "姓名", "快递单号", "投诉内容"))
    assert found["受理登记"]["投诉要求"] == "尽快派送"
    assert found["调查核实"]["快递系统查询结果"] == "滞留"
    assert found["处理反馈"]["处理结果"] == "今日派送"


async def test_s1_08_the_plan_has_measures_owner_and_milestones_of_a_complex_complaint() -> None:
    world = lost().does("record", SUPERVISOR, fields={"decisions": "分头查"}, assign=[{"department": STATION}])
    world.does("record", STATION, fields={"finding": "已装车", "waybill": "f/1", "logistics_record": "f/2"})
    plan = {"measures": "全额赔偿", "owner": "站点经理", "milestones": "3 日内"}
    world.does("record", SUPERVISOR, fields=plan, liable=liable(station=100))
    found = await read(paper("plan", world, pack=COURIER))
    written = found["制定方案"]
    assert [written[label] for label in ("处理措施", "责任人", "处理时间节点")] == list(plan.values())
    assert found["深入调查"]["调查结果"] == "已装车"


async def test_s1_13_a_call_back_is_recorded_with_its_reason() -> None:
    world = told().does("feedback", DESK, satisfied=False, reason="太慢")
    found = await read(paper("callback", world, pack=COURIER))
    assert (found["第 1 次回访"]["是否满意"], found["第 1 次回访"]["客户意见"]) == ("不满意", "太慢")


async def test_s3_06_the_test_report_says_defect_and_severity() -> None:
    world = classified(cause="quality")
    blank = await read(paper("test_report", world, pack=LIVE))
    assert blank["检测并出具检测报告"]["严重程度"] == ""
    world.does("record", QC, fields={"defect": True, "severity": "minor", "test_report": "qc/1"})
    report = (await read(paper("test_report", world, pack=LIVE)))["检测并出具检测报告"]
    assert (report["是否存在质量问题"], report["严重程度"], report["检测报告"]) == ("是", "轻微", "qc/1")


async def test_s3_08_s3_18_the_mediation_plan_cites_its_basis_claim_and_impact() -> None:
    plan = (await read(paper("settlement", offering(), pack=LIVE)))["第 1 次处理方案"]
    assert plan["依据"] == "规则第三条"
    assert plan["金额"] == "100.00 元"
    assert all(plan[label] for label in ("顾客合理诉求", "公司运营效益与品牌影响"))


async def test_s3_11_call_back_and_evaluation_stand_on_one_paper() -> None:
    world = offering().does("respond", DESK, version=1, accept=True).child()
    world.does("feedback", DESK, satisfied=True).does("record", GROUP, fields={"evaluation": "处理及时"})
    found = await read(paper("evaluation", world, pack=LIVE))
    assert found["第 1 次回访"]["是否满意"] == "满意"
    assert found["总结评估并录入"]["总结评估"] == "处理及时"
