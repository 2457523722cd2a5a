"""The SQL tables of batch incidents and corrective actions, and of the products cases are about. Times are UTC."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from models.rows import Json, Row, UtcDateTime


class CaseGoods(Row, table=True):
    """A product of a case's order, where the procedure looks for what cases have in common."""

    __tablename__ = "case_goods"
    __table_args__ = (Index(None, "product", "number"), Index(None, "lot", "number"))

    number: str = Field(primary_key=True)
    product: str = Field(primary_key=True)
    """The SKU."""
    lot: str = Field(primary_key=True)
    """Empty where the order does not say."""


class NumberSeries(Row, table=True):
    """The last serial given in a series. Given in the transaction that uses it: no gap, no double."""

    __tablename__ = "number_series"

    series: str = Field(primary_key=True)
    """A prefix and a day, such as 8D20170331."""
    last: int


class IncidentRow(Row, table=True):
    """A batch incident."""

    __tablename__ = "incident_row"
    __table_args__ = (Index(None, "procedure", "closed_at"),)

    number: str = Field(primary_key=True)
    workflow_id: str
    run_id: str = Field(unique=True)
    procedure: str
    """By name, without version."""
    product: str | None = None
    lot: str | None = None
    merchant: str | None = None
    cause: str | None = None
    drill: bool
    stage: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stirred: bool = False
    """The incident has been told of a case it has not yet counted."""
    incident: dict[str, Any] | None = Field(default=None, sa_type=Json)
    """As its workflow last wrote it down."""


class IncidentCase(Row, table=True):
    """A case of an incident, and what the incident has done about it. A case belongs to one incident at most."""

    __tablename__ = "incident_case"
    __table_args__ = (Index(None, "incident", "fate"),)

    number: str = Field(primary_key=True)
    incident: str
    fate: str
    at: datetime = Field(sa_type=UtcDateTime)
    version: int = -1
    """Version of the case's row when it got the decision: a newer row knows of it."""
    code: str | None = None
    """Why it kept its own ruling, or could not take the decision."""
    reason: str | None = None


class IncidentReportRow(Row, table=True):
    """A situation report."""

    __tablename__ = "incident_report_row"

    incident: str = Field(primary_key=True)
    serial: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    report: dict[str, Any] = Field(sa_type=Json)


class CorrectiveRow(Row, table=True):
    """A corrective action with its 8D report."""

    __tablename__ = "corrective_row"
    __table_args__ = (Index(None, "procedure", "closed_at"),)

    number: str = Field(primary_key=True)
    """8D, day, serial."""
    workflow_id: str
    run_id: str = Field(unique=True)
    procedure: str
    """By name, without version."""
    customer: str
    product: str
    stage: str
    due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    report: dict[str, Any] | None = Field(default=None, sa_type=Json)
    """As its workflow last wrote it down."""
