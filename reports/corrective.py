"""客户投诉处理报告（8D报告）as a document: the complaint, its clocks, D1 to D8, approval and replies."""

from datetime import UTC, datetime

from models.corrective import GATES, CorrectiveView
from models.language import Language
from models.procedure import Procedure
from reports.document import Column, Document, Section
from reports.incident import table
from texts import corrective as words
from texts import named, say, when


def report_8d(report: CorrectiveView, pack: Procedure, lang: Language) -> Document:
    """The report so far; it says whether it is valid (S2-18)."""
    now = datetime.now(UTC)
    columns = (
        Column("what", say("corrective.column.what", lang), 2),
        Column("text", say("corrective.column.text", lang), 8),
    )
    parts = [
        ("complaint", words.head(report, pack, lang)),
        ("clocks", words.timers(report, pack, lang)),
        *((name, words.gate(name, report, pack, lang)) for name in GATES),
        ("ending", words.ending(report, pack, lang)),
    ]
    sections: tuple[Section, ...] = tuple(
        table(name, named("corrective.part", name, lang), columns, lines) for name, lines in parts if lines
    )
    valid = "valid" if report.approved else "draft"
    notes = (say(f"corrective.{valid}", lang), say("corrective.printed", lang, at=when(now, pack.time_zone, lang)))
    facts = report.model_dump(mode="json") | {"generated_at": now.isoformat()}
    title = f"{named('corrective.part', 'title', lang)} {report.number}"
    return Document("report_8d", lang, title, notes, sections, facts)
