"""The news that a gateway has taken a refund back, on its way to the case."""

from models.base import Moment, Record
from models.commands import TakenBack


class BackNews(Record):
    """What somebody told of a refund, and when the service heard it."""

    told: TakenBack
    at: Moment
