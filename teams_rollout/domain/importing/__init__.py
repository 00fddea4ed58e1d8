"""Reads `rollout.toml`, `users.csv` and `teams.csv`. Room: domain, pure."""

from teams_rollout.domain.importing.faults import Fault, FaultCode, ImportOptions
from teams_rollout.domain.importing.parse import ParsedFiles, parse_files

__all__ = ["Fault", "FaultCode", "ImportOptions", "ParsedFiles", "parse_files"]
