"""Charts as inline SVG: every value is written beside its mark, so that no colour has to be told apart."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

_COLOURS = ("#0b5394", "#b45309", "#166534", "#7c3aed", "#9d174d")
_DASHES = ("", "7 4", "2 3", "9 3 2 3", "1 4")
_WIDTH = 720
_ROW = 26
_LABELS = 190
_TALL, _TOP, _LEFT, _RIGHT = 210, 54, 44, 20
_MOST_LABELS = 12


class Bar(NamedTuple):
    """A bar; None has no value to show."""

    label: str
    value: float | None


class Line(NamedTuple):
    """A line over the places of the axis; None leaves a gap."""

    label: str
    values: Sequence[float | None]


def bars(title: str, found: Sequence[Bar], *, unit: str = "", most: float | None = None) -> str:
    """Horizontal bars. Empty without any."""
    if not found:
        return ""
    top = max(most or 0, *(bar.value or 0 for bar in found), 1)
    height = 36 + _ROW * len(found)
    body = [_text(0, 18, title, weight="600", size=14)]
    for place, bar in enumerate(found):
        y = 32 + _ROW * place
        width = round((_WIDTH - _LABELS - 80) * (bar.value or 0) / top, 1)
        body.append(_text(_LABELS - 8, y + 15, _short(bar.label, 24), anchor="end"))
        body.append(f'<rect x="{_LABELS}" y="{y + 3}" width="{width}" height="16" rx="2" fill="{_COLOURS[0]}"/>')
        body.append(_text(_LABELS + width + 6, y + 15, _value(bar.value, unit)))
    return _svg(title, height, body)


def lines(title: str, places: Sequence[str], found: Sequence[Line], *, unit: str = "%") -> str:
    """Lines over time, on an axis from 0."""
    shown = [value for line in found for value in line.values if value is not None]
    top = _round_up(max(shown, default=0))
    body = [_text(0, 18, title, weight="600", size=14), *_axis(top, unit), *_ticks(places)]
    for index, line in enumerate(found):
        body += _legend(index, line.label, len(found)) + _drawn(index, line, top, unit)
    return _svg(title, _TOP + _TALL + 34, body)


def _axis(top: float, unit: str) -> list[str]:
    body = []
    for part in range(5):
        y = _y(top * part / 4, top)
        body.append(f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="#d4d4d4"/>')
        body.append(_text(_LEFT - 6, y + 4, f"{top * part / 4:g}{unit}", anchor="end", size=11))
    return body


def _ticks(places: Sequence[str]) -> list[str]:
    step = max(1, -(-len(places) // _MOST_LABELS))
    return [
        _text(_x(place, len(places)), _TOP + _TALL + 20, name, anchor="middle", size=11)
        for place, name in enumerate(places)
        if place % step == 0
    ]


def _legend(index: int, label: str, of: int) -> list[str]:
    x = _LEFT + index * (_WIDTH - _LEFT) // of
    stroke = f'stroke="{_COLOURS[index]}" stroke-width="2.5" stroke-dasharray="{_DASHES[index]}"'
    return [f'<line x1="{x}" y1="36" x2="{x + 26}" y2="36" {stroke}/>', _text(x + 32, 40, label, size=12)]


def _drawn(index: int, line: Line, top: float, unit: str) -> list[str]:
    points = [(place, value) for place, value in enumerate(line.values) if value is not None]
    at = [(_x(place, len(line.values)), _y(value, top), value) for place, value in points]
    path = " ".join(f"{x},{y}" for x, y, _ in at)
    colour = _COLOURS[index]
    stroke = f'stroke="{colour}" stroke-width="2.5" stroke-dasharray="{_DASHES[index]}"'
    body = [f'<polyline points="{path}" fill="none" {stroke}/>']
    few = len(points) <= _MOST_LABELS
    for x, y, value in at:
        body.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>')
        if few:
            body.append(_text(x, y - 8, _value(value, unit), anchor="middle", size=11, fill=colour))
    return body


def _x(place: int, of: int) -> float:
    inner = _WIDTH - _LEFT - _RIGHT - 40
    return round(_LEFT + 20 + (inner / 2 if of == 1 else inner * place / (of - 1)), 1)


def _y(value: float, top: float) -> float:
    return round(_TOP + _TALL * (1 - value / top), 1)


def _round_up(value: float) -> float:
    """The end of an axis that people can divide by four."""
    steps = (step * 10**power for power in range(9) for step in (4, 8, 10, 20))
    return next((step for step in steps if value <= step), value)


def _value(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:g}{unit}"


def _short(label: str, limit: int) -> str:
    return label if len(label) <= limit else f"{label[: limit - 1]}…"


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", weight: str = "400", size: int = 12, fill: str = "#1f2937"
) -> str:
    style = f'text-anchor="{anchor}" font-weight="{weight}" font-size="{size}" fill="{fill}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(text)}</text>'


def _svg(title: str, height: int, body: Sequence[str]) -> str:
    head = f'<svg role="img" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">'
    return f"<figure>{head}<title>{escape(title)}</title>{''.join(body)}</svg></figure>"
