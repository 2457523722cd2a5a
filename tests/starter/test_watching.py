"""`redress watch`: one case, kept up to date, for whoever may read it."""

from tests.starter.running import AtHome
from tests.support import GOODS_DEPT, SERVICE, Office, cached, liable


@cached
async def test_who_watches_a_case_reads_no_more_of_the_customer_than_its_record_tells(
    office: Office, at_home: AtHome
) -> None:
    case = await office.asked()
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="已与王芳核实")
    await case.at("feedback")
    seen = {}
    for name in (SERVICE, GOODS_DEPT):
        assert (await at_home("login", "--as", name))[0] == 0
        code, seen[name], _ = await at_home("watch", case.number, "--once")
        assert code == 0
    assert "已与王芳核实" in seen[SERVICE]
    assert "王芳" not in seen[GOODS_DEPT]
    assert "***" in seen[GOODS_DEPT]
