"""Names of what the app tells of itself: the workbook and the alerts ask for them. Pure.

Names of calls to Graph are in `graph.signals`. Labels of metrics have few values; ids of runs and
requests stand on spans only, and people on neither.
"""

# attributes of spans
RUN = "rollout.run"
WAVE = "rollout.wave"
BATCH = "rollout.batch"
OPERATION = "rollout.operation_id"
INSTANCE = "rollout.instance_id"
TROUBLE = "rollout.trouble"
PEOPLE = "rollout.people."
"""Followed by an outcome: how many people a step ended with it."""
ROUTE = "http.route"
METHOD = "http.request.method"
STATUS = "http.response.status_code"
ERROR = "error.type"
SPAN_ATTRIBUTES = (RUN, WAVE, BATCH, OPERATION, INSTANCE, TROUBLE, ROUTE, METHOD, STATUS, ERROR)

# metrics, and their labels
USERS = "rollout.users"
WAVES = "rollout.waves"
QUEUE_MESSAGES = "rollout.queue.messages"
QUEUE_AGE = "rollout.queue.age"
METRICS = (USERS, WAVES, QUEUE_MESSAGES, QUEUE_AGE)
STATE = "rollout.state"
QUEUE = "rollout.queue"
LABELS = (STATE, QUEUE)

# what log records say has happened, in the field `action`; alerts wait for these
ACTION = "action"
BATCH_POISONED = "batch_poisoned"
INSTANCE_FAILED = "instance_failed"
WAVE_STALLED = "wave_stalled"
WAVE_HALTED = "wave_halted"
STOCK_TAKEN = "stock_taken"


def run_of(rollout_id: str, wave: str, epoch: int) -> str:
    """What ties together all that one run of a wave does."""
    return f"{rollout_id}:{wave}:{epoch}"
