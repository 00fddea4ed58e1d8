"""Draws one screen of a terminal as an SVG that needs no font or style from elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

CELL_WIDTH, LINE_HEIGHT, MARGIN, FONT_SIZE = 8.4, 18, 16, 14
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
BACKGROUND, FOREGROUND = "#1b1f24", "#e6e8ea"
NO_BREAK = "\N{NO-BREAK SPACE}"
# Chosen for at least 4.5:1 on the background.
COLOURS = {
    "black": "#8b949e",
    "red": "#ff8a80",
    "green": "#6fdd8b",
    "brown": "#e3c55c",
    "blue": "#82b1ff",
    "magenta": "#e29bff",
    "cyan": "#5fd7d7",
    "white": "#e6e8ea",
}


@dataclass(frozen=True)
class Cell:
    """One character of the screen and how it is shown; `colour` is a name or six hex digits."""

    text: str
    colour: str = "default"
    bold: bool = False


def draw(screen: Sequence[Sequence[Cell]], *, title: str) -> str:
    """The screen as SVG text.

    Args:
        screen: lines of cells, all of one length; blank lines at the end are left out.
        title: what the picture shows, for those who cannot see it.
    """
    lines = list(screen)
    while lines and not "".join(cell.text for cell in lines[-1]).strip():
        lines.pop()
    width = round(max(map(len, lines), default=0) * CELL_WIDTH + 2 * MARGIN)
    height = len(lines) * LINE_HEIGHT + 2 * MARGIN
    drawn = (
        f'<text y="{MARGIN + (number + 0.75) * LINE_HEIGHT:g}">{"".join(_spans(line))}</text>'
        for number, line in enumerate(lines)
    )
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">',
            f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>',
            f'<g font-family="{FONTS}" font-size="{FONT_SIZE}" xml:space="preserve">',
            *drawn,
            "</g>",
            "</svg>\n",
        )
    )


def _spans(line: Sequence[Cell]) -> Iterator[str]:
    """Runs of equal looks; each is stretched to its cells, so that columns stay in line."""
    start = 0
    while start < len(line):
        end = start
        while end < len(line) and _looks(line[end]) == _looks(line[start]):
            end += 1
        text = "".join(cell.text for cell in line[start:end])
        shown = text.strip()
        if shown:
            # Browsers drop blanks at either end before they stretch a run.
            column = start + len(text) - len(text.lstrip())
            yield _span(shown, line[start], column=column, cells=len(shown))
        start = end


def _span(text: str, cell: Cell, *, column: int, cells: int) -> str:
    place = f'x="{MARGIN + column * CELL_WIDTH:.1f}" textLength="{cells * CELL_WIDTH:.1f}"'
    weight = ' font-weight="bold"' if cell.bold else ""
    look = f'lengthAdjust="spacingAndGlyphs" fill="{_fill(cell.colour)}"{weight}'
    return f"<tspan {place} {look}>{escape(text).replace(' ', NO_BREAK)}</tspan>"


def _looks(cell: Cell) -> tuple[str, bool]:
    return (cell.colour, cell.bold)


def _fill(colour: str) -> str:
    named = COLOURS.get(colour.removeprefix("bright"))
    if named:
        return named
    is_hex = len(colour) == 6 and all(digit in "0123456789abcdef" for digit in colour.lower())
    return f"#{colour}" if is_hex else FOREGROUND
