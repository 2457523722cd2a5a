"""The commands in the documents: what a reader would type, line by line."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.md"))]
_BLOCK = re.compile(r"^```(sh|console|bash)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "&", "(", ")"}


@dataclass(frozen=True)
class Command:
    """One command with its words; `refused` where the page shows that it is."""

    page: str
    words: tuple[str, ...]
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def commands(page: Path) -> Iterator[Command]:
    """Every command in the page's shell blocks, pipes and chains taken apart."""
    name = str(page.relative_to(ROOT))
    for language, block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        joined = re.sub(r"<<'?(\w+)'?.*?\n\1$", "", block.replace("\\\n", " "), flags=re.DOTALL | re.MULTILINE)
        lines = joined.splitlines()
        for place, line in enumerate(lines):
            if language == "console" and not line.startswith("$ "):
                continue
            shown = lines[place + 1] if place + 1 < len(lines) else ""
            for words in _simple(line.removeprefix("$ ")):
                yield Command(name, words, refused=language == "console" and shown.startswith("redress: "))


def _simple(line: str) -> Iterator[tuple[str, ...]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError:  # part of a longer quotation, such as JSON for curl: not a command of ours
        return
    words: list[str] = []
    for token in [*tokens, ";"]:
        if token in _ENDS:
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words.pop(0)
            if words[:3] == ["docker", "compose", "exec"]:  # runs what follows the service's name
                words = words[words.index("worker") + 1 :]
            if words:
                yield tuple(words)
            words = []
        else:
            words.append(token)
