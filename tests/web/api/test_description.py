"""The description of the API is true: what it says is taken is taken, what it says is answered is answered."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
from fastapi.routing import APIRoute

from public_site.web import api
from public_site.web.api import documentation
from public_site.web.api.operations import OPERATIONS, Operation
from public_site.web.api.schemas import THINGS
from public_site.web.app import create_app
from tests.web.api import fuzzing

IDS = [operation.id for operation in OPERATIONS]
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
URLS = {
    "enterprise": "/api/v1/enterprises/2", "entry": "/api/v1/entries/3", "notice": "/api/v1/notices/1",
    "rows": "/api/v1/notices/1/rows", "place": "/api/v1/places/500102",
}  # fmt: skip


def url_of(operation: Operation) -> str:
    return URLS.get(operation.id, operation.path)


def check(answer: Any, schema: dict[str, Any], *, whole: bool) -> None:
    """Raises: jsonschema.ValidationError. `whole`: what `fields=` leaves does not count."""
    components = documentation.document("zh")["components"]
    if whole:
        parts = {name: False for name in components["schemas"] if name.endswith("Part")}
        components = components | {"schemas": components["schemas"] | parts}
    validator = jsonschema.Draft202012Validator(
        schema | {"components": components}, format_checker=jsonschema.FormatChecker()
    )
    validator.validate(answer)


def schema_of(operation: Operation) -> dict[str, Any]:
    told = documentation.document("zh")["paths"][operation.path]["get"]["responses"]["200"]
    found: dict[str, Any] = told["content"]["application/json"]["schema"]
    return found


def test_every_address_of_the_api_is_described_and_no_other() -> None:
    routes = [route for module in api.PAGES for route in module.routes.routes]
    paths = {re.sub(r":\w+", "", route.path) for route in routes if isinstance(route, APIRoute)}
    described = set(documentation.document("zh")["paths"])
    generic = {re.sub(r"\{\w+\}", "{}", path) for path in described}
    assert {re.sub(r"\{\w+\}", "{}", path) for path in paths if "/v1/" in path or path.startswith("/data/")} == generic


@each_operation
def test_a_route_takes_exactly_the_parameters_that_are_described(visitor: Any, operation: Operation) -> None:
    refused = visitor.json(f"{url_of(operation)}?nosuch=1", 400)
    told = re.search("本页可用的参数：(.*)。", refused["detail"])
    assert told
    assert set(told[1].split("、")) == set(operation.names)


@each_operation
def test_every_example_of_a_parameter_is_understood(visitor: Any, operation: Operation) -> None:
    for parameter in operation.parameters:
        if parameter.place == "query" and parameter.example is not None:
            answer = visitor.client.get(url_of(operation), params={parameter.name: parameter.example})
            status = 400 if parameter.name == "radius_km" else 200  # a radius around nothing
            assert answer.status_code == status, (parameter.name, answer.text)


@each_operation
def test_every_answer_has_the_shape_that_is_described(visitor: Any, operation: Operation) -> None:
    urls = [f"{url_of(operation)}{'?limit=1000' if operation.many else ''}"]
    if operation.id in ("enterprise", "notice"):
        many = visitor.json(f"/api/v1/{operation.id}s")["items"]
        urls = [f"/api/v1/{operation.id}s/{item['id']}" for item in many]
    for url in urls:
        check(visitor.json(url), schema_of(operation), whole=True)


@each_operation
def test_what_fields_leaves_has_the_shape_that_is_described(visitor: Any, operation: Operation) -> None:
    if "fields" not in operation.names:
        return
    for member in THINGS[operation.thing].members:
        check(visitor.json(f"{url_of(operation)}?fields={member}"), schema_of(operation), whole=False)


@each_operation
def test_the_example_of_an_answer_is_one(operation: Operation) -> None:
    check(documentation.examples()[operation.id], schema_of(operation), whole=True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_document_is_openapi_3_1_and_speaks_one_language(visitor: Any, language: str) -> None:
    document = visitor.json("/api/openapi.json" if language == "zh" else "/en/api/openapi.json")
    assert document == documentation.document(language)
    assert document["openapi"] == "3.1.0"
    fuzzing.schema_of(document).validate()
    told = " ".join(_descriptions(document)).replace("陶瓷/建筑陶瓷", "")  # an example of a value
    assert bool(re.search(r"[\u4e00-\u9fff]", told)) == (language == "zh")


def _descriptions(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["description"]] if isinstance(value.get("description"), str) else []
        return own + [text for name, inner in value.items() if name != "example" for text in _descriptions(inner)]
    return [text for inner in value for text in _descriptions(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("url", ["/api", "/en/api"])
def test_the_documentation_is_a_page_of_ours_with_every_address_and_parameter(visitor: Any, url: str) -> None:
    page = visitor.opens(url)
    told = page.text_content()
    for operation in OPERATIONS:
        assert operation.path in told
        assert page.xpath(f"//section[@id='{operation.id}']//a[@href='{operation.url}']")
        shown = page.xpath(f"//section[@id='{operation.id}']//tbody//th/code/text()")
        assert shown == [parameter.name for parameter in operation.parameters]


@each_operation
def test_the_address_that_the_documentation_lets_one_try_answers(visitor: Any, operation: Operation) -> None:
    visitor.json(operation.url)


def test_random_requests_find_no_crash_and_no_answer_that_is_not_described(published: Any) -> None:
    answered = fuzzing.run(create_app(published.settings.model_copy(update={"api_per_minute": 0})), 150)
    assert answered.total() >= 150
    assert answered[200] > 20
    assert answered[400] > 20
