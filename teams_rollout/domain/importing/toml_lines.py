"""On which line of a TOML text a key stands. Room: domain, pure.

The standard parser forgets lines, and faults must name them. This reads headers and keys only,
well enough to point at a place: a key that it misses gets the line of its table.
"""

import re

_HEADER = re.compile(r"\s*\[{1,2}([^\[\]]+)\]{1,2}\s*(?:#.*)?")
_KEY = re.compile(r"\s*((?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+|\s*\.\s*)+?)\s*=")
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)")
_LONGEST_LINE = 400

Path = tuple[str, ...]


class TomlLines:
    """Lines of tables and keys, looked up by path."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        table: Path = ()
        for number, line in enumerate(text.split("\n"), start=1):
            start = line[:_LONGEST_LINE]
            if header := _HEADER.fullmatch(start.rstrip()):
                table = _parts(header[1])
                self._note(table, number)
            elif key := _KEY.match(start):
                self._note(table + _parts(key[1]), number)

    def line_of(self, path: Path) -> int:
        """The line of the key or of the innermost table around it that has one, else 1."""
        for length in range(len(path), 0, -1):
            if (line := self._lines.get(path[:length])) is not None:
                return line
        return 1

    def _note(self, path: Path, number: int) -> None:
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], number)


def _parts(dotted: str) -> Path:
    return tuple(double or single or bare for double, single, bare in _PART.findall(dotted))
