"""Starting and stopping the local host, with good and bad input."""

import json
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.acceptance.localhost.host_process import APPS, PATIENCE, HostProcess, launch, running

pytestmark = pytest.mark.func_host


def refused(app: Path, state: Path, *arguments: str) -> str:
    """Start a host that must not start, and return what it says."""
    process = launch(app, state, *arguments)
    with process:
        assert process.wait(PATIENCE) == 1
    return (state.parent / "host.log").read_text()


def an_app(folder: Path, code: str) -> Path:
    folder.mkdir()
    (folder / "function_app.py").write_text(code)
    return folder


def test_given_an_app_that_does_not_import_when_started_then_its_error_and_exit_1(tmp_path: Path):
    app = an_app(tmp_path / "app", "import there_is_no_such_module\n")

    said = refused(app, tmp_path / "state.db")

    assert "ModuleNotFoundError: No module named 'there_is_no_such_module'" in said
    assert said.endswith("does not load.\n")


def test_given_two_functions_of_one_name_when_started_then_exit_1(tmp_path: Path):
    code = (
        "import azure.functions as func\n"
        "app = func.FunctionApp()\n"
        "@app.route(route='a')\ndef same(req): pass\n"
        "@app.route(route='b')\ndef same(req): pass\n"
    )

    assert "same" in refused(an_app(tmp_path / "app", code), tmp_path / "state.db")


def test_given_a_folder_without_an_app_when_started_then_one_sentence_and_no_state(tmp_path: Path):
    said = refused(tmp_path, tmp_path / "state.db")

    assert said == f"{tmp_path} has no function_app.py.\n"
    assert not (tmp_path / "state.db").exists()


def test_given_no_such_folder_when_started_then_one_sentence(tmp_path: Path):
    said = refused(tmp_path / "nowhere", tmp_path / "state.db")

    assert said == f"There is no folder {tmp_path / 'nowhere'}.\n"


def test_given_a_parameter_of_no_binding_when_started_then_one_sentence(tmp_path: Path):
    code = (
        "import azure.functions as func\n"
        "app = func.FunctionApp()\n"
        "@app.route(route='a')\ndef odd(req: func.HttpRequest, other): pass\n"
    )

    said = refused(an_app(tmp_path / "app", code), tmp_path / "state.db")

    assert said == "The function odd cannot be served: its parameter other belongs to no binding.\n"


def test_given_packages_of_a_deployed_app_when_started_then_it_imports_them(tmp_path: Path):
    code = (
        "import azure.functions as func, shared, carried\n"
        "app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)\n"
        "@app.route(route='names')\n"
        "def names(req: func.HttpRequest) -> str:\n"
        "    return shared.NAME + carried.NAME\n"
    )
    app = an_app(tmp_path / "app", code)
    (app / "shared.py").write_text("NAME = 'app '")
    packages = app / ".python_packages" / "lib" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "carried.py").write_text("NAME = 'package'")
    (packages / "shared.py").write_text("NAME = 'the folder of the app comes first'")

    with running(app, tmp_path / "state.db") as host:
        assert host.http.get("/api/names").text == "app package"


def test_given_broken_settings_when_started_then_one_sentence(tmp_path: Path):
    app = an_app(tmp_path / "app", "")
    (app / "host.json").write_text("{")

    said = refused(app, tmp_path / "state.db")

    assert "host.json is not readable JSON" in said
    assert said.count("\n") == 1


def test_given_a_second_host_when_started_on_the_same_state_then_it_refuses(
    basic: HostProcess, tmp_path: Path
):
    process = launch(APPS / "basic", basic.state)
    with process:
        assert process.wait(PATIENCE) == 1

    assert "is in use by another local host" in (basic.state.parent / "host.log").read_text()
    assert basic.wait(basic.start("chain"))["runtimeStatus"] == "Completed"


def test_given_a_state_file_that_is_none_when_started_then_it_is_left_alone(tmp_path: Path):
    state = tmp_path / "state.db"
    state.write_bytes(b"my holiday pictures" * 100)

    said = refused(APPS / "basic", state)

    assert "is not a usable database" in said
    assert said.count("\n") == 1
    assert state.read_bytes() == b"my holiday pictures" * 100


def test_given_a_database_of_another_program_when_started_then_it_is_left_alone(tmp_path: Path):
    state = tmp_path / "state.db"
    with sqlite3.connect(state) as db:
        db.execute("create table theirs (x)")
    db.close()
    before = state.read_bytes()

    said = refused(APPS / "basic", state)

    assert "is a database of another program" in said
    assert state.read_bytes() == before


def test_given_a_damaged_state_file_when_started_then_it_is_left_alone(tmp_path: Path):
    state = tmp_path / "state.db"
    with running(APPS / "basic", state) as host:
        for _ in range(5):
            host.wait(host.start("fan", 50))
        host.stop()
    content = bytearray(state.read_bytes())
    content[4096 * 2 : 4096 * 4] = b"\xff" * 8192
    state.write_bytes(content)

    said = refused(APPS / "basic", state)

    assert "damaged" in said or "not a usable database" in said
    assert state.read_bytes() == bytes(content)


def test_given_a_port_in_use_when_started_then_one_sentence(basic: HostProcess, tmp_path: Path):
    port = basic.origin.rpartition(":")[2]

    said = refused(APPS / "basic", tmp_path / "state.db", "--port", port)

    assert f"cannot listen on port {port}" in said


def test_given_a_running_activity_when_told_to_stop_then_it_finishes_first(tmp_path: Path):
    with running(APPS / "basic", tmp_path / "state.db", "--drain", "60") as host:
        instance_id = host.start("noting", str(tmp_path / "note"))
        host.wait_until_busy()

        assert host.stop() == 0

    assert (tmp_path / "note").read_text() == "once\n"
    with running(APPS / "basic", tmp_path / "state.db") as host:
        host.wait(instance_id)
    assert (tmp_path / "note").read_text() == "once\n"


def test_given_an_idle_host_when_interrupted_then_it_ends_at_once(tmp_path: Path):
    with running(APPS / "basic", tmp_path / "state.db", "--drain", "1000") as host:
        host.process.send_signal(signal.SIGINT)

        assert host.process.wait(PATIENCE) == 0


def test_given_sessions_that_functions_leave_open_when_stopped_then_nobody_complains(
    tmp_path: Path,
):
    with running(APPS / "basic", tmp_path / "state.db") as host:
        host.wait(host.start("chain"))
        assert host.http.get("/api/careless").text == "plain"

        assert host.stop() == 0

    assert (tmp_path / "host.log").read_text() == ""


def test_given_settings_of_the_folder_when_started_then_the_environment_wins(tmp_path: Path):
    code = (
        "import json, os\nimport azure.functions as func\n"
        "app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)\n"
        "@app.route(route='%PATH_NAME%')\n"
        "def show(req: func.HttpRequest) -> str:\n"
        "    return json.dumps([os.environ['FIRST'], os.environ['SECOND']])\n"
    )
    app = an_app(tmp_path / "app", code)
    values = {"FIRST": "file", "SECOND": "file", "PATH_NAME": "shown"}
    (app / "local.settings.json").write_text(json.dumps({"Values": values}))

    with running(app, tmp_path / "state.db", settings={"SECOND": "environment"}) as host:
        assert host.http.get("/api/shown").json() == ["file", "environment"]


def test_given_later_versions_when_the_host_does_not_run_them_then_they_wait_or_fail(
    tmp_path: Path,
):
    app = tmp_path / "app"
    shutil.copytree(APPS / "basic", app)
    waiting, failed = (
        _started_late(app, tmp_path / f"{failure}.db", failure) for failure in ("Reject", "Fail")
    )

    assert waiting == ("Pending", None)
    assert failed == ("Failed", "Orchestration version did not comply with Worker Versioning")


def _started_late(app: Path, state: Path, failure: str) -> tuple[str, str | None]:
    """Start an instance of a later version, and one of today's; give the first one's end."""
    durable = {"defaultVersion": "1.0", "versionFailureStrategy": failure}
    (app / "host.json").write_text(json.dumps({"extensions": {"durableTask": durable}}))
    with running(app, state) as host:
        host.http.post("/durabletask/orchestrators/versioned/late?version=1.1")
        assert host.wait(host.start("versioned"))["output"] == "1.0"
        found = host.status("late")
        return found["runtimeStatus"], found["output"]


FIRST_RELEASE = """
import azure.functions as func
import azure.durable_functions as df
app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.orchestration_trigger(context_name="context")
def move(context):
    yield context.wait_for_external_event("go")
    return [context.version, "as it was begun"]
"""
# Yields something else first, which a history of the first release would not fit; it keeps the old
# way for whoever was begun by it.
SECOND_RELEASE = FIRST_RELEASE.replace(
    '    yield context.wait_for_external_event("go")\n',
    '    if context.version != "1.0":\n'
    "        yield context.create_timer(context.current_utc_datetime)\n"
    '        return [context.version, "the new way"]\n'
    '    yield context.wait_for_external_event("go")\n',
)


def test_given_an_instance_under_way_when_a_newer_version_is_deployed_then_it_ends_as_it_began(
    tmp_path: Path,
):
    def deploy(code: str, version: str) -> Path:
        app = tmp_path / "app"
        shutil.rmtree(app, ignore_errors=True)
        an_app(app, code)
        durable = {"defaultVersion": version, "versionMatchStrategy": "CurrentOrOlder"}
        (app / "host.json").write_text(json.dumps({"extensions": {"durableTask": durable}}))
        return app

    start, state = "/durabletask/orchestrators/move", tmp_path / "state.db"
    with running(deploy(FIRST_RELEASE, "1.0"), state) as host:
        host.http.post(f"{start}/old")
        host.wait_for("old", {"Running"})

    with running(deploy(SECOND_RELEASE, "1.1"), state) as host:
        host.http.post(f"{start}/new")
        host.http.post("/durabletask/instances/old/raiseEvent/go", json=True)
        ends = [host.wait(name)["output"] for name in ("old", "new")]

    assert ends == [["1.0", "as it was begun"], ["1.1", "the new way"]]


def test_given_any_state_may_be_replaced_when_a_running_id_starts_again_then_it_is_replaced(
    tmp_path: Path,
):
    app = tmp_path / "app"
    shutil.copytree(APPS / "basic", app)
    durable = {"overridableExistingInstanceStates": "AnyState"}
    (app / "host.json").write_text(json.dumps({"extensions": {"durableTask": durable}}))

    with running(app, tmp_path / "state.db") as host:
        host.start("waiting", instance_id="one")
        host.wait_for("one", {"Running"})
        host.start("chain", 5, instance_id="one")

        assert host.wait("one")["output"] == ["Hello Ada", "Hello Grace", 5]


def test_given_an_app_when_started_then_functions_and_addresses_are_listed(basic: HostProcess):
    table = "\n".join(basic.said)

    assert f"{basic.origin}/api/echo/{{number:int}}/{{*rest}} (anonymous)" in table
    assert "chain" in table
    assert basic.said[-1] == f"listening on {basic.origin}"


def test_given_a_log_line_of_the_app_when_written_then_it_names_invocation_and_instance(
    tmp_path: Path,
):
    with running(APPS / "basic", tmp_path / "state.db", "--log-level", "info") as host:
        host.wait(host.start("chain", instance_id="logged"))
        host.stop()

    lines = (tmp_path / "host.log").read_text().splitlines()
    for message, function in (("chaining", "chain"), ("greeting", "greet")):
        found = [line for line in lines if f": {message} [" in line]
        assert found
        assert all(f"[function={function} invocation=" in line for line in found)
        assert all(line.endswith(" instance=logged]") for line in found)


def test_given_a_function_that_does_not_end_when_told_to_stop_then_it_is_left(tmp_path: Path):
    with running(APPS / "basic", tmp_path / "state.db", "--drain", "1") as host:
        host.start("stubborn")
        host.wait_until_busy()

        assert host.stop() == 0
