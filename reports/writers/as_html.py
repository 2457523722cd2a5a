"""One HTML file that needs nothing else: styles and charts are inside, and it prints with page numbers."""

from pathlib import Path
from typing import TextIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.cells import plain
from reports.document import Document, Row

_NUMBER, _TEXT = Markup('<td class="n">{}</td>'), Markup("<td>{}</td>")
_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


async def write_html(document: Document, target: TextIO) -> None:
    """The document, written as its rows come."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        enable_async=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters |= {"plain": plain, "cells": _cells}
    template = environment.get_template("report.html.j2")
    lang = {"zh": "zh-CN"}.get(document.lang.value, document.lang.value)
    async for piece in template.generate_async(document=document, lang=lang):
        target.write(piece)


def _cells(row: Row) -> Markup:
    return Markup("").join(
        (_NUMBER if isinstance(cell, int | float) else _TEXT).format(escape(plain(cell))) for cell in row.cells
    )
