"""HTTP route templates."""

import pytest

from teams_rollout.localhost.routes import RouteError, compile_route


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("api/users", "api/users", {}),
        ("api/users", "API/Users/", {}),
        ("api/users", "api/users/1", None),
        ("api/{id}", "api/1", {"id": "1"}),
        ("api/{id}", "api", None),
        ("api/{id?}", "api", {}),
        ("api/{id=5}", "api", {"id": "5"}),
        ("api/{id=5}", "api/6", {"id": "6"}),
        ("api/{id:int}", "api/12", {"id": "12"}),
        ("api/{id:int}", "api/x", None),
        ("api/{id:int:min(3)}", "api/2", None),
        ("api/{id:int?}", "api", {}),
        ("api/{id:guid}", "api/not-a-guid", None),
        ("api/{id:length(2,3)}", "api/abcd", None),
        ("api/{id:range(1,3)}", "api/3", {"id": "3"}),
        ("api/{id:alpha}", "api/ab1", None),
        ("api/{id:regex(^\\d{{2}}$)}", "api/12", {"id": "12"}),
        ("api/{id:regex(^\\d{{2}}$)}", "api/123", None),
        ("api/{id:regex(^[a-c]+$)}", "api/abc", {"id": "abc"}),
        ("api/{name}.{kind}", "api/file.txt", {"name": "file", "kind": "txt"}),
        ("{*path}", "", {}),
        ("{*path}", "a/b c/d", {"path": "a/b c/d"}),
        ("api/{id}/{*rest}", "api/1", {"id": "1"}),
        ("api/{id}/{*rest}", "api/1/x/y", {"id": "1", "rest": "x/y"}),
    ],
)
def test_given_a_template_when_a_path_is_matched_then_its_parameters(
    template: str, path: str, expected: dict[str, str] | None
):
    assert compile_route(template).match(path) == expected


def test_given_overlapping_routes_when_ranked_then_the_more_specific_wins():
    templates = ["{*all}", "api/{id}", "api/users", "api/{id:int}"]

    ranked = sorted(templates, key=lambda template: compile_route(template).rank)

    assert ranked == ["api/users", "api/{id:int}", "api/{id}", "{*all}"]


@pytest.mark.parametrize("template", ["api/{id", "api/{id:unheard}"])
def test_given_a_template_that_makes_no_sense_when_compiled_then_it_is_refused(template: str):
    with pytest.raises(RouteError):
        compile_route(template)
