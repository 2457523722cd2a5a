"""Refusals read in Chinese what they say in English."""

import ast
import errno
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.language import Language
from starter.cli.actors import may_instead
from starter.cli.session import Session
from tests.rules.builders import HOTEL
from tests.starter.running import Redress
from texts.reasons import reason

ROOT = Path(__file__).parents[2]
CATALOGUE = tomllib.loads((ROOT / "texts" / "reasons.zh.toml").read_text(encoding="utf-8"))
NAME = re.compile(r"\{([a-z]+)\}")


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("order.paid: must be a whole number", "order.paid：须为整数"),
        ("--detail sender: is missing; add it", "--detail sender：缺少此项，请补上"),
        (
            "filed_at: must lie in the years 1970 to 9998; correct it, or leave it out",
            "filed_at：年份须在 1970 至 9998 之间，请更正或留空",
        ),
        ("(message): is not valid JSON; correct it", "内容：不是有效的 JSON，请更正"),
        (
            "channel: is missing; add it; order.lines.0.quantity: must be at least 1",
            "channel：缺少此项，请补上；order.lines.0.quantity：不得小于 1",
        ),
        (
            "the case is at asked; this is for panel or leadership",
            "案件处于“待部门认定”阶段；此操作只适用于“监督小组处理中”或“待领导裁定”",
        ),
        (
            "my.toml: clocks.task.within: must be text; my.toml: cannot be read; No such file or directory",
            "my.toml：clocks.task.within：须为文本；my.toml：无法读取；没有这个文件或文件夹",
        ),
        (
            "no Temporal service answers at 127.0.0.1:7999 (connection refused); start one with `redress dev`, "
            "or set TEMPORAL_ADDRESS",
            "127.0.0.1:7999 没有 Temporal 服务应答（连接被拒绝）；请用 `redress dev` 启动，或设置 TEMPORAL_ADDRESS",
        ),
        ("something nobody has translated", "something nobody has translated"),
    ],
)
def test_a_reason_is_shown_in_chinese_with_its_field(english: str, chinese: str) -> None:
    assert reason(english, Language.ZH) == chinese
    assert reason(english, Language.EN) == english


def test_who_may_is_said_by_title_and_people_in_the_procedure_that_has_the_departments(redress: Redress) -> None:
    assert redress("procedure", "list").code == 0  # the machine's own settings are away
    said = "actor: is not of a department that may do this; it may: "
    session = Session(Language.ZH)
    packs = [session.default_pack, HOTEL]
    found = may_instead(session, said + "panel, returns_centre", packs)
    assert re.fullmatch(r"可办理：售后质量监督小组 \(.+\); 退换货中心 \(.+\)", found or "")
    assert may_instead(session, said + "duty_manager", packs) == "可办理：值班经理"
    assert may_instead(session, said + "nobody now", packs) is None
    assert may_instead(session, "actor: asked for it or wrote it; somebody else must approve", packs) is None


def test_a_translation_says_all_the_names_of_its_reason() -> None:
    assert [key for key, text in CATALOGUE.items() if set(NAME.findall(key)) != set(NAME.findall(text))] == []


def test_no_translation_outlives_its_reason() -> None:
    folders = ("models", "rules", "workflows", "activities", "starter", "procedures")
    source = "\n".join(file.read_text(encoding="utf-8") for folder in folders for file in (ROOT / folder).glob("*.py"))
    source = source.replace('\\"', '"') + "\n".join(map(os.strerror, errno.errorcode))
    stale = [key for key in CATALOGUE if max(NAME.split(key)[::2], key=len).strip() not in source]
    assert stale == []


def _refusals(file: Path) -> Iterator[str]:
    """The words of each refusal a module gives, `x` for what is filled in."""
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        named = [said.value for said in call.keywords if said.arg == "reason"]
        words = {"_wrong": call.args[:1], "Refusal": call.args[1:2], "Verdict": named}
        for said in words.get(call.func.id, ()):
            if isinstance(said, ast.Constant):
                yield str(said.value)
            elif isinstance(said, ast.JoinedStr) and any(isinstance(part, ast.Constant) for part in said.values):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in said.values)


def test_every_refusal_of_a_message_is_said_in_chinese() -> None:
    files = [file for folder in ("rules", "workflows") for file in (ROOT / folder).glob("*.py")]
    files.append(ROOT / "activities" / "door.py")
    said = {words for file in files for words in _refusals(file)}
    assert len(said) > 60
    assert [words for words in sorted(said) if re.search(r"[a-z]{2,} [a-z]{2,}", reason(words, Language.ZH))] == []
