"""Command lines as people mistype them and as programs break them, by the seed."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from random import Random

from starter.cli.app import run
from starter.cli.commands import COMMANDS
from tests.builders import GOODS_DEPT, LEADER, SERVICE, complaint_data
from tests.docs.commands import PAGES, commands

CANARY = "KANARI13800001111"
RUNS_ON = ("codec-server", "demo", "dev", "login", "watch", "worker")
"""Verbs that run on or ask back: always with a mistake."""
WORDS = (
    "",
    " ",
    "-",
    "--",
    "-1",
    "0",
    "1",
    "3h",
    "24h",
    "1d",
    "999999999999999999999",
    "1e9",
    "0.1",
    "-0.01",
    "12.34",
    "NaN",
    "C-1",
    "c-1",
    "B-0",
    "b-1",
    "B-0, B-1",
    "R_!",
    "x" * 41,
    "x" * 5_000,
    CANARY,
    f"{CANARY}'; DROP TABLE cases;--",
    "a\u202eb",
    "a\x1b[31m",
    "a\nb",
    "a\tb",
    "\udc80",
    "１２",
    "客户",
    "水壶漏水",
    "[bold]x[/bold]",
    "{0}",
    "%s",
    "$(id)",
    "null",
    "merchant",
    "merchant=60",
    "merchant=60,carrier=40",
    "merchant=x",
    "merchandise",
    "logistics",
    "customer_service",
    GOODS_DEPT,
    LEADER,
    SERVICE,
    "refund",
    "exchange",
    "quality",
    "json",
    "csv",
    "xlsx",
    "html",
    "md",
    "zh",
    "en",
    "fr",
    "2026-11",
    "2026-W48",
    "2026-13",
    "2026-02-30",
    "2026-10-10",
    "2026-10-10T04:00",
    "today",
    "marketplace",
    "marketplace.1",
    "courier",
    "returns",
    "live",
    "nosuch",
    "confirm",
    "complaint",
    "week",
    "month",
    "day",
    "*",
    "?",
)
LOCALES = ("en_US.UTF-8", "zh_CN.UTF-8", "zh_CN.GBK", "C", "POSIX", "", "xx_YY", "de_DE@euro", "\u4e2d")
ENCODINGS = ("utf-8", "utf-8", "utf-8", "ascii", "gbk", "latin-1")
SETTINGS = (
    "REDRESS_LANGUAGE",
    "REDRESS_LANG",
    "REDRESS_LOG_LEVEL",
    "REDRESS_DATABASE_URL",
    "REDRESS_TASK_QUEUE",
    "REDRESS_DIRECTORY_FILE",
    "REDRESS_PROCEDURES_DIR",
    "REDRESS_DEFAULT_PROCEDURE",
    "REDRESS_CALENDAR_FILE",
    "REDRESS_SMTP__PORT",
    "REDRESS_SMTP__TLS",
    "REDRESS_PARTNERS__PAYMENT__KIND",
    "REDRESS_CODEC__KEYS",
    "REDRESS_NOSUCH",
    "REDRESS_LOCAL__PORT",
    "REDRESS_WORKER__MAX_CACHED_WORKFLOWS",
    "REDRESS_OBSERVE__HEALTH_PORT",
    "TEMPORAL_NAMESPACE",
    "TEMPORAL_API_KEY",
    "TEMPORAL_TLS",
    "TEMPORAL_PROFILE",
    "TEMPORAL_CONFIG_FILE",
    "COLUMNS",
    "LINES",
    "TERM",
    "NO_COLOR",
    "FORCE_COLOR",
    "TZ",
    "PAGER",
)
JUNK = (
    "",
    "0",
    "-1",
    "x",
    "loud",
    "zh",
    "en",
    "65536",
    "1e9",
    "true",
    "{",
    "[1]",
    "dumb",
    "Asia/Shanghai",
    "Mars/Base",
    "oracle://x",
    "sqlite:///",
    "sqlite:///nosuch/folder/x.db",
    "postgresql://127.0.0.1:1/x",
    CANARY,
)


@dataclass(frozen=True)
class Line:
    """One call of the program."""

    words: tuple[str, ...]
    environment: Mapping[str, str]
    stdin: bytes
    encoding: str


class Author:
    """Writes command lines from what the program says of itself."""

    def __init__(self, dice: Random, files: Sequence[Path]) -> None:
        self._dice = dice
        self._files = tuple(path.name for path in files)
        self._verbs: list[tuple[str, ...]] = [(verb,) for verb in COMMANDS] + [
            (verb, part) for verb in COMMANDS for part in _parts(_help(verb))
        ]
        said = {command.words[1:] for page in PAGES for command in commands(page) if command.words[0] == "redress"}
        self._known = sorted(words for words in said if words)
        self._options = {verb: tuple(sorted(set(re.findall(r"--[a-z][a-z-]*", _help(*verb))))) for verb in self._verbs}

    def line(self) -> Line:
        """The next one."""
        dice = self._dice
        words = self._composed() if dice.random() < 0.4 else self._mistyped()
        if words and dice.random() < 0.06:
            words[dice.randrange(len(words))] = self._value()
        if dice.random() < 0.05:
            dice.shuffle(words)
        if set(words) & set(RUNS_ON):
            words.append("--nosuch")
        encoding = dice.choice(ENCODINGS)
        return Line(tuple(words), self._environment(encoding), dice.choice(_stdins(dice)), encoding)

    def _composed(self) -> list[str]:
        """A verb and what comes to mind."""
        verb = self._dice.choice(self._verbs)
        words = [*verb]
        for _ in range(self._dice.randrange(7)):
            words += self._more(verb)
        return words

    def _mistyped(self) -> list[str]:
        """A line of the documents, mostly about a case there is, with a slip or none."""
        dice = self._dice
        words = [re.sub(r"^[A-Z]-\d+$", f"B-{dice.randrange(4)}", word) for word in dice.choice(self._known)]
        for _ in range(dice.choice((0, 0, 1, 1, 2))):
            at = dice.randrange(len(words) + 1)
            words[at : at + dice.randrange(2)] = [self._value()] * dice.randrange(2)
        return words

    def _more(self, verb: tuple[str, ...]) -> list[str]:
        kind = self._dice.random()
        options = self._options[verb] or ("--json",)
        if kind < 0.4:
            return [self._value()]
        if kind < 0.5:
            return [self._dice.choice(options)]
        if kind < 0.55:
            return [f"{self._dice.choice(options)}={self._value()}"]
        if kind < 0.58:
            return [f"--{self._value()}"]
        return [self._dice.choice(options), self._value()]

    def _value(self) -> str:
        return self._dice.choice(self._files if self._dice.random() < 0.2 else WORDS)

    def _environment(self, encoding: str) -> dict[str, str]:
        dice = self._dice
        found = {"LANG": dice.choice(LOCALES), "PYTHONIOENCODING": encoding}
        if dice.random() < 0.3:
            found["LC_ALL"] = dice.choice(LOCALES)
        if dice.random() < 0.25:
            name = dice.choice(SETTINGS)
            found[name] = dice.choice((*JUNK, *self._files))
        return found


def files(folder: Path, dice: Random) -> list[Path]:
    """Files as they are handed in: whole, torn, empty, of another kind, none at all."""
    good = json.dumps(complaint_data()).encode()
    contents = {
        "good.json": good,
        "torn.json": good[:70],
        "empty": b"",
        "bytes": dice.randbytes(3_000),
        "nul.csv": b"a,b\0\n1,2\n",
        "bom.json": b"\xef\xbb\xbf" + good,
        "deep.json": b"[" * 50_000,
        "gbk.csv": "订单,原因\n1,破损\n".encode("gbk"),
        "lines.jsonl": good + b"\n" + good[:20] + b"\n",
        "table.csv": b"order,paid\nO-1,12.00\nO-2\n,,,,\n",
        "wide.csv": b"," * 9_000,
        "map.toml": b'[columns]\norder = "order.number"\n',
        "bad.toml": b"[[[",
        "name = .toml": b"x",
        CANARY: CANARY.encode(),
        "pack.procedure.toml": b'name = "x"\nversion = "many"\n',
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "folder").mkdir()
    return [*(folder / name for name in contents), folder / "folder", folder / "none.json"]


def _stdins(dice: Random) -> tuple[bytes, ...]:
    good = json.dumps(complaint_data()).encode()
    return (b"", b"", b"{", b"null", b"\xff\xfe", dice.randbytes(200), b"y\n" * 20, good, good[:50], b"a,b\n1,2\n")


def _help(*verb: str) -> str:
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(io.StringIO()):
        run([*verb, "--help"])
    return said.getvalue()


def _parts(text: str) -> list[str]:
    """The verbs of a group, from its help."""
    _, found, table = text.partition(" Commands ")
    return re.findall(r"^│ ([a-z][a-z-]*) ", table.partition("╰")[0], flags=re.MULTILINE) if found else []
