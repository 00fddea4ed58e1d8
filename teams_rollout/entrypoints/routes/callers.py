"""The callers that routes ask for, by role; every route but the public two has one."""

from typing import Annotated

from fastapi import Depends

from teams_rollout.entrypoints.identity import Caller, Role, require

Operator = Annotated[Caller, Depends(require(Role.OPERATE))]
Approver = Annotated[Caller, Depends(require(Role.APPROVE))]
Reader = Annotated[Caller, Depends(require(Role.READ))]
Reporter = Annotated[Caller, Depends(require(Role.REPORT))]
