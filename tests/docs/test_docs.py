"""The documents name only what is there: links, commands, files, settings, tests, keys."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activities import http_partner
from models.case import Basis, Exit
from models.directory import Person, Team
from models.procedure import Clocks, InRule, Procedure, Route
from models.stage import Stage
from models.steps import When
from procedures import HERE, read_pack
from starter.cli.commands import COMMANDS
from starter.mapping import FieldMap, Source, read_mapping
from starter.settings import Settings
from starter.settingsfile import PREFIX

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
DOORS = {"--help", "--version", "--lang", "COMMAND"}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_named_is_one(page: Path) -> None:
    found = re.findall(r"```[\w ]*\n(.*?)```|`([^`\n]+)`", page.read_text(encoding="utf-8"), re.DOTALL)
    code = "\n".join(block or span for block, span in found)
    spoken = re.findall(r"(?:^|[$;] |  )redress ([a-z-]+|COMMAND)", code, re.MULTILINE)
    assert [verb for verb in spoken if verb not in COMMANDS and verb not in DOORS] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_named_exists(page: Path) -> None:
    folders = "models|rules|activities|workflows|starter|procedures|texts|tests|examples|docs"
    named = re.findall(rf"\b((?:{folders})/[\w./-]+\.(?:py|toml|md|csv|svg))", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists() and not (page.parent / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_said_to_be_in_a_file_is_in_it(page: Path) -> None:
    said = re.findall(r"`([\w.]+)` in \[[^\]]+\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [name for name, file in said if not _has(page.parent / file, name.rpartition(".")[2])] == []


def _has(file: Path, name: str) -> bool:
    return re.search(rf"\b{name}\b", file.read_text(encoding="utf-8")) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_named_is_one(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [name for line in lines for name in _settings(line) if not _is_one(name)] == []


def _settings(line: str) -> Iterator[str]:
    """The settings that a line names; `__PORT` is beside the one named before it."""
    beside = ""
    for whole, part in re.findall(rf"\b{PREFIX}([A-Z]+(?:__?[A-Z]+)*)|`__([A-Z]+(?:_[A-Z]+)*)`", line):
        if whole or beside:
            name = whole or f"{beside}__{part}"
            beside = name.rpartition("__")[0]
            yield name


def _is_one(name: str) -> bool:
    kind: Any = Settings
    for part in name.lower().split("__"):
        if (field := getattr(kind, "model_fields", {}).get(part)) is None:
            return False
        kind = field.annotation
    return True


def test_the_table_of_settings_has_every_setting() -> None:
    table = text("docs/run-local.md").partition("## Settings")[2].partition("\n## ")[0]
    assert [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}" not in table] == []


def test_every_make_target_named_is_one() -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(), re.MULTILINE)}
    assert {"demo", "test", "dev"} <= named <= targets


CLAUSES = {"S0": 32, "S1": 18, "S2": 60, "S3": 18}
"""How many each of the four documents has."""


def _numbers(cell: str) -> set[str]:
    """The clauses of a line: one, several, or from … to."""
    if "…" in cell:
        (document, first), (_, last) = re.findall(r"(S\d)-(\d\d)", cell)
        return {f"{document}-{number:02}" for number in range(int(first), int(last) + 1)}
    return set(re.findall(r"S\d-\d\d", cell))


def test_every_clause_has_a_test_that_exists_or_the_reason_why_it_is_not_software() -> None:
    written = {
        node.name
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found: set[str] = set()
    for line in re.findall(r"^\| S\d-.*$", text("docs/requirements.md"), re.MULTILINE):
        clauses, *_, tests = (cell.strip() for cell in line.strip("|").split("|"))
        found |= _numbers(clauses)
        named = set(re.findall(r"`(test_\w+)`", tests))
        assert named or "not software" in line.lower(), (
            f"{clauses}: neither a test nor the reason why it is not software"
        )
        assert named - written == set(), clauses
    assert found == {f"{document}-{n:02}" for document, last in CLAUSES.items() for n in range(1, last + 1)}


def test_every_test_the_requirements_name_beside_their_tables_exists_too() -> None:
    table = text("docs/requirements.md")
    everywhere = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in re.findall(r"`(test_\w+)`", table) if f"def {name}(" not in everywhere] == []


def test_the_glossary_has_every_stage_exit_basis_department_party_and_cause() -> None:
    glossary = text("docs/glossary.md")
    pack = read_pack(HERE / "marketplace.procedure.toml")
    words = [*Stage, *Exit, *Basis, *pack.departments, *pack.parties, *pack.causes]
    assert [word for word in words if f"`{word}`" not in glossary] == []


def test_the_guide_to_procedures_has_every_key() -> None:
    guide = text("docs/procedure.md")
    keys = [key for model in (Procedure, Route, When, InRule, Clocks) for key in model.model_fields]
    assert [key for key in keys if f"`{key}`" not in guide] == []
    assert [key for key in (*Team.model_fields, *Person.model_fields) if f"{key} = " not in guide] == []


def test_the_guide_to_imports_has_every_key_and_its_example_is_one(tmp_path: Path) -> None:
    guide = text("docs/import.md")
    example = tmp_path / "example.toml"
    example.write_text(_block(guide, "toml"), encoding="utf-8")
    assert {source.column for source in read_mapping(example).fields.values()} >= {"remark", "sku"}
    assert [key for key in Source.model_fields if f"`{key}`" not in guide] == []
    assert [key for key in FieldMap.model_fields if key not in guide] == []


def test_the_guide_for_partners_has_every_path_and_its_signature_is_right() -> None:
    guide = text("docs/connect.md")
    paths = re.findall(r"(POST|GET) +(/\w+)", http_partner.__doc__ or "")
    assert len(paths) == 7
    assert [path for verb, path in paths if f"{verb} {path}" not in guide] == []
    body, given = re.findall(r"```text\n(.+)\n```", guide)
    assert http_partner.signature(b"example-secret", "POST", "/refunds", "1767945600", body.encode()) == given


def test_no_page_holds_a_path_of_a_machine() -> None:
    assert [page.name for page in PAGES if re.search(r"/(?:work|tmp|home|root)/", page.read_text())] == []


def test_the_picture_of_the_architecture_is_the_code() -> None:
    picture = _block(text("docs/architecture.md"), "mermaid")
    boxes = set(re.findall(r'^  (\w+)\["', picture, re.MULTILINE))
    arrows = {
        (start, end)
        for start, ends in re.findall(r'^  (\w+) (?:-->|-\. ".*" \.->) ([\w &]+)$', picture, re.MULTILINE)
        for end in ends.split(" & ")
    }
    project = tomllib.loads(text("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert boxes == {name.removesuffix(".py") for name in project}
    imported = {(box, found) for box in boxes for found in _imports(box) if found in boxes - {box}}
    assert arrows <= imported, "an arrow that is no import"
    assert imported - _closed(arrows) == set(), "an import no way of arrows leads along"


def _imports(package: str) -> set[str]:
    files = (ROOT / package).rglob("*.py") if (ROOT / package).is_dir() else [ROOT / f"{package}.py"]
    trees = [ast.walk(ast.parse(file.read_text(encoding="utf-8"))) for file in files]
    found = [node for tree in trees for node in tree if isinstance(node, ast.Import | ast.ImportFrom)]
    named = [node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name for node in found]
    return {name.partition(".")[0] for name in named}


def _closed(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Every pair that a way of arrows leads along."""
    ways = set(arrows)
    while more := {(a, d) for a, b in ways for c, d in arrows if b == c} - ways:
        ways |= more
    return ways


def _block(page: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_timeline_that_the_readme_shows_has_the_message_refused_before_it() -> None:
    session = (ROOT / "README.md").read_text(encoding="utf-8").split("```console\n")[1].split("```")[0]
    refused = re.findall(
        r"^\$ redress (\w+) C-2001 --as (\S+) .*\nredress: C-2001: (another[^;]*)", session, re.MULTILINE
    )
    assert refused
    for name, actor, why in refused:
        assert f"A message was refused ({name}, {actor}): {why}" in session
