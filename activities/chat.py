"""Chat rooms (DingTalk, WeCom, Feishu and others) by Apprise, which the extra `im` installs."""

import logging
from collections.abc import Sequence
from importlib.util import find_spec

from activities.ports import TryAgain


class AppriseChat:
    """Posts by Apprise addresses. Raises TryAgain where a room did not take it."""

    def __init__(self) -> None:
        # Its log lines quote addresses, and an address holds the room's token.
        logging.getLogger("apprise").disabled = True

    async def send(self, rooms: Sequence[str], subject: str, body: str) -> None:
        """See Chat."""
        import apprise

        post = apprise.Apprise()
        if not all(post.add(room) for room in rooms):
            raise TryAgain("bad_room")
        # Said to be text, it is escaped where a room reads markup: a customer's words make no link there.
        if not await post.async_notify(title=subject, body=body, body_format=apprise.NotifyFormat.TEXT):
            raise TryAgain("chat_failed")


class NoChat:
    """For companies without chat rooms."""

    async def send(self, rooms: Sequence[str], subject: str, body: str) -> None:
        """Nobody is there."""


def chat() -> AppriseChat | NoChat:
    """Apprise where it is installed."""
    return AppriseChat() if find_spec("apprise") else NoChat()
