"""Where everything is, as `redress dev` prints it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.client import Client

from models.language import Language
from starter.cli.service import print_addresses
from starter.cli.session import Session
from starter.settings import Settings, load_settings
from starter.stack import LocalStack


@asynccontextmanager
async def _no_worker(_client: Client, _settings: Settings) -> AsyncIterator[None]:
    yield


@pytest.mark.parametrize(("lang", "label"), [(Language.EN, "HTTP API"), (Language.ZH, "HTTP 接口")])
def test_the_http_api_is_among_the_addresses_of_the_local_stack(
    lang: Language, label: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = LocalStack(load_settings(home=tmp_path), make_worker=_no_worker)
    print_addresses(Session(lang), stack)
    printed = dict(line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines()[:-1])
    assert printed[label] == stack.http_url
    assert stack.address in printed.values()
