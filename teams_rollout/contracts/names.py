"""Every name that is persisted or crosses a process: functions, queues, tables, events, ids. Pure.

Function names are part of durable history: they never change once released.
"""

# orchestrations
WAVE = "wave_orchestration"
BATCH = "batch_orchestration"
MEMBERSHIP = "membership_orchestration"
VERIFICATION = "verification_orchestration"
PLANNING = "planning_orchestration"
IMPORT = "import_orchestration"
RECONCILIATION = "reconciliation_orchestration"
DISPATCH = "dispatch_orchestration"
DIAGNOSIS = "diagnosis_orchestration"
HAND_OFF = "hand_off_orchestration"
NOTICES = "notices_orchestration"
ORCHESTRATIONS = (
    WAVE,
    DISPATCH,
    BATCH,
    MEMBERSHIP,
    VERIFICATION,
    PLANNING,
    IMPORT,
    RECONCILIATION,
    DIAGNOSIS,
    HAND_OFF,
    NOTICES,
)

# activities
APPLY_IMPORT = "apply_import"
MAKE_PLAN = "make_plan"
OPEN_WAVE = "open_wave"
ENSURE_TEAMS = "ensure_teams"
ADVANCE_WAVE = "advance_wave"
CLOSE_WAVE = "close_wave"
RESOLVE_BATCH = "resolve_batch"
SET_USAGE_LOCATION = "set_usage_location"
ASSIGN_LICENSE = "assign_license"
MARK_MEMBERS_READY = "mark_members_ready"
SEND_MEMBERS = "send_members"
ASSIGN_POLICIES = "assign_policies"
SET_COEXISTENCE_MODE = "set_coexistence_mode"
ASSIGN_PHONE_NUMBER = "assign_phone_number"
ACCEPT_BATCH = "accept_batch"
VERIFY_WAVE = "verify_wave"
FIND_DRIFT = "find_drift"
EXAMINE_TENANT = "examine_tenant"
FINISH_HAND_OFFS = "finish_hand_offs"
SEND_NOTICES = "send_notices"
ACTIVITIES = (
    APPLY_IMPORT,
    MAKE_PLAN,
    OPEN_WAVE,
    ENSURE_TEAMS,
    ADVANCE_WAVE,
    CLOSE_WAVE,
    RESOLVE_BATCH,
    SET_USAGE_LOCATION,
    ASSIGN_LICENSE,
    MARK_MEMBERS_READY,
    SEND_MEMBERS,
    ASSIGN_POLICIES,
    SET_COEXISTENCE_MODE,
    ASSIGN_PHONE_NUMBER,
    ACCEPT_BATCH,
    VERIFY_WAVE,
    FIND_DRIFT,
    EXAMINE_TENANT,
    FINISH_HAND_OFFS,
    SEND_NOTICES,
)

# entry points
API = "api"
START_BATCH = "start_batch"
WAKE_UP = "wake_up"
POISONED_BATCH = "poisoned_batch"
NIGHTLY = "nightly_reconciliation"
STOCKTAKING = "stocktaking"
REVIVAL = "wave_revival"
ENTRYPOINTS = (API, START_BATCH, WAKE_UP, POISONED_BATCH, NIGHTLY, STOCKTAKING, REVIVAL)

ALL_FUNCTIONS = frozenset(ORCHESTRATIONS + ACTIVITIES + ENTRYPOINTS)

# queues
BATCH_QUEUE = "rollout-batches"
WAKE_UP_QUEUE = "rollout-wakeups"
BATCH_POISON_QUEUE = f"{BATCH_QUEUE}-poison"
WAKE_UP_POISON_QUEUE = f"{WAKE_UP_QUEUE}-poison"

# tables
USERS_TABLE = "RolloutUsers"
WAVES_TABLE = "RolloutWaves"
LOOKUP_TABLE = "RolloutLookup"
IMPORTS_TABLE = "RolloutImports"
PLANS_TABLE = "RolloutPlans"
READY_TABLE = "RolloutReady"
DRIFT_TABLE = "RolloutDrift"
AUDIT_TABLE = "RolloutAudit"
OPERATIONS_TABLE = "RolloutOperations"
QUOTAS_TABLE = "RolloutQuotas"
TABLES = (
    USERS_TABLE,
    WAVES_TABLE,
    LOOKUP_TABLE,
    IMPORTS_TABLE,
    PLANS_TABLE,
    READY_TABLE,
    DRIFT_TABLE,
    AUDIT_TABLE,
    OPERATIONS_TABLE,
    QUOTAS_TABLE,
)

# external events
WAKE = "wake"

MAX_INSTANCE_ID = 100


def wave_instance(rollout_id: str, wave: str, epoch: int) -> str:
    """Instance id of a wave's run; `epoch` counts starts after a close or a reset."""
    return f"{rollout_id}:{wave}:wave:{epoch}"


def dispatch_instance(rollout_id: str, wave: str, epoch: int) -> str:
    """Instance id of the wave's dispatcher of batches, which batches wake."""
    return f"{rollout_id}:{wave}:dispatch:{epoch}"


def membership_instance(rollout_id: str, wave: str, epoch: int) -> str:
    """Instance id of the wave's one sender of team members."""
    return f"{rollout_id}:{wave}:members:{epoch}"


def verification_instance(rollout_id: str, wave: str, epoch: int) -> str:
    """Instance id of the wave's verification."""
    return f"{rollout_id}:{wave}:verify:{epoch}"


def batch_instance(rollout_id: str, wave: str, batch: int, generation: int) -> str:
    """Instance id of one generation of a batch."""
    return f"{rollout_id}:{wave}:{batch}:{generation}"


GENERATIONS_PER_RUN = 1_000


def first_generation(epoch: int) -> int:
    """Generation of a batch at the start of a run; ids of an earlier run are never met again."""
    return (epoch - 1) * GENERATIONS_PER_RUN + 1


def writes_of_run(wave: str, epoch: int) -> str:
    """What a run of a wave writes under; stopped by this name (`graph.stop_sign`)."""
    return f"wave:{wave}:run:{epoch}"


def writes_of_cut(wave: str, epoch: int) -> str:
    """What all batches that were cut in this epoch write under."""
    return f"wave:{wave}:cut:{epoch}"


def writes_of_batch(wave: str, batch: int, generation: int) -> str:
    """What one generation of a batch writes under; generations tell epochs apart."""
    return f"wave:{wave}:batch:{batch}:{generation}"


def operation_instance(operation_id: str) -> str:
    """Instance id of a long operation that a person asked for."""
    return f"op:{operation_id}"


def nightly_instance(rollout_id: str, day: str) -> str:
    """Instance id of the reconciliation of one local day (`YYYY-MM-DD`): one run a night."""
    return f"{rollout_id}:nightly:{day}"
