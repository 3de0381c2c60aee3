"""The description is true: schemathesis asks what it allows and what it forbids, and checks."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

import wager
from wager.server.app import create_app
from wager.server.keys import open_keys

SECRET = "the-secret-key-of-the-journeys"


@pytest.fixture(scope="module")
def api_schema() -> Iterator[Any]:
    with wager.open("memory://") as engine:
        engine.publish(items=[{"itemId": "p-1"}], placements=[{"name": "home", "default": "p-1"}])
        opened = open_keys(engine.stores, {"WAGER_SECRET_KEY": SECRET})
        app = create_app(engine, opened.keys, console=False)
        with TestClient(app):
            yield schemathesis.openapi.from_asgi("/openapi.json", app)


load_all_checks()
schema = schemathesis.pytest.from_fixture("api_schema")


@schema.parametrize()
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_the_api_is_as_described(case: schemathesis.Case[Any]) -> None:
    # A name that nobody defined, or a track call without an event, is well-formed and still a 422.
    case.call_and_validate(
        headers={"Authorization": f"Bearer {SECRET}"},
        excluded_checks=[positive_data_acceptance],
    )
