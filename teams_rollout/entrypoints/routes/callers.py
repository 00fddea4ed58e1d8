"""The callers that routes ask for, by role; every route but the public ones has one.

Whoever answers the telephone reads one person at a time (`Reader`), whoever reports reads counts
(`Reporter`); lists that name people are for those who run the rollout (`Responsible`).
"""

from typing import Annotated

from fastapi import Depends

from teams_rollout.entrypoints.identity import Caller, Role, require

Operator = Annotated[Caller, Depends(require(Role.OPERATE))]
Approver = Annotated[Caller, Depends(require(Role.APPROVE))]
Reader = Annotated[Caller, Depends(require(Role.READ))]
Responsible = Annotated[Caller, Depends(require(Role.OPERATE, Role.APPROVE))]
Reporter = Annotated[Caller, Depends(require(Role.REPORT))]
