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

NOBODY_THERE = (
    "no Temporal service answers at h:7 (connection refused); start one with `redress dev`, or set TEMPORAL_ADDRESS"
)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("order.paid: must be a whole number", "order.paid：须为整数"),
        (
            "channel: must be one of phone, fax; x: is missing; add it",
            "channel：只能是 phone, fax；x：缺少此项，请补上",
        ),
        ("--detail sender: is missing; add it", "--detail sender：缺少此项，请补上"),
        (
            "filed_at: must lie in the years 1970 to 9998; correct it, or leave it out",
            "filed_at：年份须在 1970 至 9998 之间，请更正或留空",
        ),
        ("confirm: is not valid JSON; correct it", "confirm：不是有效的 JSON，请更正"),
        ("(start): must be a JSON object", "启动内容：须为 JSON 对象"),
        (
            "channel: is missing; add it; order.lines.0.quantity: must be at least 1",
            "channel：缺少此项，请补上；order.lines.0.quantity：不得小于 1",
        ),
        (
            "the case is at asked; this is for panel or leadership",
            "案件处于“待部门认定”环节；此操作只适用于“争议待裁定”或“待领导裁定”",
        ),
        (
            "the report is at d2; this is for approval",
            "报告处于“D2 界定问题”；此操作只适用于“待批准”",
        ),
        (
            "my.toml: clocks.task.within: must be text; my.toml: cannot be read; No such file or directory",
            "my.toml：clocks.task.within：须为文本；my.toml：无法读取；没有这个文件或文件夹",
        ),
        (NOBODY_THERE, "h:7 没有 Temporal 服务应答（连接被拒绝）；请用 `redress dev` 启动，或设置 TEMPORAL_ADDRESS"),
        (
            "codec.keys: holds no key; write ID:BASE64, the key in use first (set REDRESS_X, or x in redress.toml)",
            "codec.keys：没有密钥，请写作 ID:BASE64，使用中的在前（请设置 REDRESS_X，或 redress.toml 中的 x）",
        ),
        (
            "my.toml: routes.0.ask: department delivry, x is used but not defined; define it or correct the name",
            "my.toml：routes.0.ask：用到的部门 delivry, x 没有定义，请定义或更正名称",
        ),
        (
            "front_desk: must be one of `parties` too, its silence costs it; add it there",
            "front_desk：也须在 `parties` 中，因其沉默由其承担费用；请补入",
        ),
        (
            "actor: may let out CNY 100.00, this is CNY 1,210.50; somebody with a higher limit must do it",
            "actor：额度为 100.00 元，本次为 1,210.50 元；须由额度更高者办理",
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
    assert re.fullmatch(r"可办理：售后质量监督小组（.+）；退换货中心（.+）", found or "")
    assert may_instead(session, said + "duty_manager", packs) == "可办理：值班经理"
    assert may_instead(session, said + "nobody now", packs) is None
    assert may_instead(session, "actor: asked for it or wrote it; somebody else must approve", packs) is None


def test_a_translation_says_all_the_names_of_its_reason() -> None:
    assert [key for key, text in CATALOGUE.items() if set(NAME.findall(key)) != set(NAME.findall(text))] == []


def test_no_translation_outlives_its_reason() -> None:
    folders = ("models", "rules", "workflows", "activities", "starter", "procedures")
    trees = [_tree(file) for folder in folders for file in (ROOT / folder).rglob("*.py")]
    said = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    source = "\n".join([value for value in said if isinstance(value, str)] + [*map(os.strerror, errno.errorcode)])
    stale = [key for key in CATALOGUE if max(NAME.split(key)[::2], key=len).strip() not in source]
    assert stale == []


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _words(said: ast.expr | None) -> Iterator[str]:
    """What an expression says, `x` for what is filled in."""
    if isinstance(said, ast.GeneratorExp):
        yield from _words(said.elt)
    if isinstance(said, ast.Constant) and isinstance(said.value, str):
        yield said.value
    elif isinstance(said, ast.JoinedStr) and any(isinstance(part, ast.Constant) for part in said.values):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in said.values)


def _refusals(file: Path) -> Iterator[str]:
    """The words of each refusal a module gives."""
    for call in ast.walk(_tree(file)):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        named = [said.value for said in call.keywords if said.arg == "reason"]
        words = {"_wrong": call.args[:1], "Refusal": call.args[1:2], "Verdict": named}
        for said in words.get(call.func.id, ()):
            yield from _words(said)


def _mistakes(file: Path) -> Iterator[str]:
    """The words of each error a module raises for who can put it right, and of each mistake it finds in a procedure."""
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Yield | ast.YieldFrom) and file.name == "checks.py":
            yield from _words(node.value)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            at = node.exc.func.id == "Misfit"  # the first it is given is the field
            for said in node.exc.args[at : at + 1] if node.exc.func.id not in OURS_ALONE else ():
                yield from _words(said)


OURS_ALONE = {"RuntimeError", "KeyMissing"}
"""Errors that tell a mistake of ours, or that another line stands for."""
ANYWAY = {"too large", "a stored time needs a zone", "the local Temporal server does not run; enter it first"}
"""Never shown to anybody."""
KEPT = re.compile(r"`[^`]+`|REDRESS_\w+|Temporal (?:Cloud|Web UI)|http://[^ ]+ or [^ ]+")
"""What stays as it is: a command to type."""
ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,}")


def _english(words: str) -> bool:
    return ENGLISH.search(KEPT.sub("", reason(words, Language.ZH))) is not None


def test_every_refusal_of_a_message_is_said_in_chinese() -> None:
    files = [file for folder in ("rules", "workflows") for file in (ROOT / folder).glob("*.py")]
    files.append(ROOT / "activities" / "door.py")
    said = {words for file in files for words in _refusals(file)}
    assert len(said) > 60
    assert [words for words in sorted(said) if _english(words)] == []


def test_every_mistake_in_settings_procedures_and_files_is_said_in_chinese() -> None:
    files = [file for folder in ("models", "procedures", "starter") for file in (ROOT / folder).rglob("*.py")]
    files.append(ROOT / "activities" / "identity.py")
    said = {words for file in files for words in _mistakes(file)} - ANYWAY
    assert len(said) > 130
    assert [words for words in sorted(said) if _english(words)] == []
