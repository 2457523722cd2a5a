"""The SQL table of the audit trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field

from models.rows import Json, Row, UtcDateTime


class AuditRow(Row, table=True):
    """One line of the audit trail. `hash` covers the row and, by `prev`, every row before it."""

    __tablename__ = "audit_row"

    seq: int = Field(primary_key=True, sa_type=BigInteger)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str = Field(index=True)
    """denied, decision, money, erasure, read, config or reset."""
    actor: str = ""
    subject: str = Field(index=True)
    """What it is about: a case, a party, a file."""
    data: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    key: str | None = Field(default=None, unique=True)
    """Makes one row of what may be told twice."""
    prev: str
    hash: str
