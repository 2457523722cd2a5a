"""Chat rooms by Apprise, where the extra `im` is installed."""

import logging
from importlib.util import find_spec

import pytest
from pytest_httpserver import HTTPServer

from activities.chat import AppriseChat, NoChat, chat
from activities.ports import TryAgain

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise imports it


def test_chat_is_silent_exactly_where_apprise_is_not_installed() -> None:
    assert isinstance(chat(), AppriseChat if find_spec("apprise") else NoChat)


async def test_every_room_gets_the_words(httpserver: HTTPServer) -> None:
    pytest.importorskip("apprise")
    httpserver.expect_request("/room").respond_with_json({})
    await AppriseChat().send([f"json://{httpserver.host}:{httpserver.port}/room"], "责任认定", "案件 C-1")
    ((request, _),) = httpserver.log
    assert (request.get_json()["title"], request.get_json()["message"]) == ("责任认定", "案件 C-1")


@pytest.mark.parametrize("room", ["json://{place}/room-with-token", "nonsense://room-with-token"])
async def test_a_room_that_fails_is_an_error_whose_token_is_nowhere(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, room: str
) -> None:
    pytest.importorskip("apprise")
    httpserver.expect_request("/room-with-token").respond_with_data("", status=500)
    address = room.format(place=f"{httpserver.host}:{httpserver.port}")
    with caplog.at_level(logging.DEBUG, "apprise"), pytest.raises(TryAgain) as raised:
        await AppriseChat().send([address], "subject", "body")
    said = [record.getMessage() for record in caplog.records if record.name.startswith("apprise")]
    assert "token" not in f"{raised.value} {said}"
