"""Reports over HTTP, with what only the server knows of itself."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

Problem = Callable[[Any, int], Mapping[str, Any]]
Headers = dict[str, str]


@pytest.fixture(autouse=True)
def some_bets(client: httpx.Client, secret: Headers) -> None:
    for number in range(5):
        asked = {"placement": "home", "userId": f"u-{number}"}
        assert client.post("/v1/decide", headers=secret, json=asked).status_code == 200


@pytest.mark.parametrize(
    "name", ["overview", "lift", "calibration", "levels", "health", "journey", "tactics"]
)
@pytest.mark.parametrize("query", ["", "?placement=home", "?hours=24"])
def test_every_report(client: httpx.Client, secret: Headers, name: str, query: str) -> None:
    answer = client.get(f"/v1/reports/{name}{query}", headers=secret)
    assert answer.status_code == 200
    assert isinstance(answer.json(), dict)


def test_figures(client: httpx.Client, secret: Headers) -> None:
    assert client.get("/v1/reports/overview", headers=secret).json()["bets"] == 5


def test_health_knows_the_server(client: httpx.Client, secret: Headers) -> None:
    health = client.get("/v1/reports/health", headers=secret).json()
    assert health["queue"] == 0
    assert 0 < health["latencyMs"]["p50"] <= health["latencyMs"]["p99"]


def test_what_there_is_not(client: httpx.Client, secret: Headers, is_problem: Problem) -> None:
    said = is_problem(client.get("/v1/reports/weather", headers=secret), 404)
    assert "overview" in said["detail"]
    is_problem(client.get("/v1/reports/overview?hours=0", headers=secret), 422)
    is_problem(client.get("/v1/reports/overview?hours=soon", headers=secret), 422)
