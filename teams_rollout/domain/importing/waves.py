"""Wave names across files: one spelling per wave, and an order without circles.

Room: domain, pure. Ids and URLs use a wave's slug, so two names with one slug would be one wave.
"""

from teams_rollout.domain.configuration import RolloutConfig
from teams_rollout.domain.importing.cells import parse_wave_name, quoted
from teams_rollout.domain.importing.faults import BadCell, FaultCode, FaultLog, Severity
from teams_rollout.domain.importing.toml_lines import TomlLines
from teams_rollout.domain.roster import slug


class WaveNames:
    """Remembers how each wave was written first."""

    def __init__(self) -> None:
        self._by_slug: dict[str, str] = {}
        self._checked: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._checked

    def check(self, text: str) -> str:
        """The name if it may name a wave and is spelt as before.

        Raises:
            BadCell: `missing_value`, `invalid_wave` or `wave_name_clash`.
        """
        if text in self._checked:
            return text
        name = parse_wave_name(text)
        first = self._by_slug.setdefault(slug(name), name)
        if first != name:
            raise BadCell(
                FaultCode.WAVE_NAME_CLASH,
                f"{quoted(name)} is too like the wave {quoted(first)} to be told apart; write both "
                "alike if they are one wave, or rename one.",
            )
        self._checked.add(name)
        return name


def check_wave_tables(
    config: RolloutConfig, *, names: WaveNames, lines: TomlLines, log: FaultLog
) -> None:
    """Check the names of `[waves.NAME]`, which lead the spelling."""
    for name in config.waves:
        try:
            names.check(name)
        except BadCell as bad:
            path = ("waves", name)
            log.add_cell(bad, line=lines.line_of(path), column=".".join(path))


def check_wave_order(
    config: RolloutConfig,
    *,
    names: WaveNames,
    lines: TomlLines,
    log: FaultLog,
    is_partial: bool,
) -> None:
    """Check that each `after` names a wave and that no wave waits for itself.

    Args:
        is_partial: only one wave is imported, so an unknown one may have come before: a warning.
    """
    severity: Severity = "warning" if is_partial else "error"
    circular = _circular(config)
    for name, section in config.waves.items():
        line, column = lines.line_of(("waves", name, "after")), f"waves.{name}.after"
        if section.after is not None and section.after not in names:
            log.add(
                FaultCode.UNKNOWN_WAVE,
                f"The wave {quoted(name)} comes after {quoted(section.after)}, which neither file "
                "knows; correct the name.",
                severity=severity,
                line=line,
                column=column,
            )
        elif name in circular:
            log.add(
                FaultCode.WAVE_CYCLE,
                f"The wave {quoted(name)} waits for itself through `after`, so it could never "
                "start; remove one `after` of the circle.",
                line=line,
                column=column,
            )


def _circular(config: RolloutConfig) -> frozenset[str]:
    """The waves that lie on a circle of `after`; each wave is walked once."""
    settled: set[str] = set()
    circular: set[str] = set()
    for name in config.waves:
        trail: list[str] = []
        on_trail: set[str] = set()
        current: str | None = name
        while current in config.waves and current not in settled and current not in on_trail:
            trail.append(current)
            on_trail.add(current)
            current = config.waves[current].after
        if current in on_trail:
            circular.update(trail[trail.index(current) :])
        settled.update(trail)
    return frozenset(circular)
