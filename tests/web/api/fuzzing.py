"""`make fuzz-api`: random requests to every address of the API, well formed and not, each answer held to the OpenAPI document.

Nothing may answer 5xx, and every answer must have a documented status, content type, headers and shape. The requests are
the same every time; `python -m tests.web.api.fuzzing COUNT SEED` makes others.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig

from public_site.web.api import documentation
from public_site.web.app import create_app
from tests.web.conftest import new_publisher, publish_everything

load_all_checks()
CHECKED: Any = CHECKS.get_by_names(
    [
        "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
        "response_schema_conformance",
    ]
)  # fmt: skip
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def schema_of(document: dict[str, Any]) -> Any:
    """The document as schemathesis reads it."""
    return schemathesis.openapi.from_dict(document, config=SchemathesisConfig())


def run(app: FastAPI, count: int, number: int = 0) -> Counter[int]:
    """Ask `count` times in all, evenly; how many answers had which status. Raises what a check found."""
    schema = schema_of(documentation.document("en"))
    schema.app = app
    answered: Counter[int] = Counter()
    operations = [found.ok() for found in schema.get_all_operations()]
    each = -(-count // (len(operations) * len(MODES)))
    for operation in operations:
        for mode in MODES:
            strategy: Any = operation.as_strategy(generation_mode=mode)
            _asking(strategy, each, number, answered)()
    return answered


def _asking(strategy: Any, times: int, number: int, answered: Counter[int]) -> Callable[[], None]:
    @seed(number)
    @hypothesis_settings(
        max_examples=times, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )  # fmt: skip
    @given(case=strategy)
    def ask(case: Case[Any]) -> None:
        response = case.call(headers={"Accept": "application/json"})
        case.validate_response(response, checks=CHECKED)
        answered[response.status_code] += 1

    return ask


def main(count: int, number: int = 0) -> None:
    """Build a small register, ask, and say what came back."""
    with tempfile.TemporaryDirectory() as folder:
        publisher = new_publisher(Path(folder))
        publish_everything(publisher)
        app = create_app(publisher.settings.model_copy(update={"api_per_minute": 0}))
        answered = run(app, count, number)
    told = ", ".join(f"{status}: {times}" for status, times in sorted(answered.items()))
    sys.stdout.write(f"{answered.total()} requests; {told}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
