"""Chat rooms by Apprise, where the extra `im` is installed."""

import io
import logging
from importlib.util import find_spec

import pytest
import structlog
from pytest_httpserver import HTTPServer

from activities.chat import AppriseChat, NoChat, chat
from activities.ports import TryAgain
from starter.logs import setup_logging

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise imports it


def test_chat_is_silent_exactly_where_apprise_is_not_installed() -> None:
    assert isinstance(chat(), AppriseChat if find_spec("apprise") else NoChat)


async def test_a_customers_words_make_no_link_in_a_room_that_reads_markup(httpserver: HTTPServer) -> None:
    pytest.importorskip("apprise")
    httpserver.expect_request("/room").respond_with_json({})
    room = f"json://{httpserver.host}:{httpserver.port}/room?format=html"
    await AppriseChat().send([room], "责任认定", '<a href="https://stranger.example">确认</a>')
    ((request, _),) = httpserver.log
    assert "<a" not in request.get_json()["message"]


async def test_no_log_line_names_a_rooms_address_however_much_is_logged(httpserver: HTTPServer) -> None:
    pytest.importorskip("apprise")
    httpserver.expect_request("/room-with-token").respond_with_json({})
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    setup_logging(level="debug", stream=stream)
    try:
        await AppriseChat().send([f"json://{httpserver.host}:{httpserver.port}/room-with-token"], "subject", "body")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    assert len(httpserver.log) == 1
    of_ours = [line for line in stream.getvalue().splitlines() if "[werkzeug]" not in line]  # the room itself
    assert "token" not in str(of_ours)


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
