"""JSON for programs: codes, numbers and instants, not the words of people; streamed like the rest."""

import json
from typing import TextIO

from reports.document import Document


async def write_json(document: Document, target: TextIO) -> None:
    """One object: the report's facts, and a list for each section."""
    head = json.dumps(dict(document.facts), ensure_ascii=False, indent=2)
    target.write(head.removesuffix("\n}"))
    for section in document.sections:
        target.write(f",\n  {json.dumps(section.key)}: [")
        first = True
        async for row in section.rows():
            target.write(("\n    " if first else ",\n    ") + json.dumps(dict(row.facts), ensure_ascii=False))
            first = False
        target.write("]" if first else "\n  ]")
    target.write("\n}\n")
