"""Whatever is sent, the answer is good or a clear 4xx, and never a 5xx."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wager
from wager.server.app import operations
from wager.server.shared import Shared

NAMES = [
    "userId", "anonymousId", "type", "event", "messageId", "timestamp", "properties", "traits",
    "context", "batch", "placement", "placements", "decisionId", "candidates", "explain", "at",
    "itemId", "name", "slots", "condition", "template", "default", "value", "tags", "price",
    "products", "product_id", "quantity", "consent", "mood", "timezone", "cart", "sentAt",
    "userToken", "previousId", "groupId", "variants", "goal", "levels", "renditions", "stock",
    "availableFrom", "preview", "policy", "windowMinutes", "creator", "scope", "tag", "revenue",
]  # fmt: skip
WORDS = [
    "home", "p-1", "u-1", "track", "identify", "alias", "Order Completed", "Item Disliked",
    "Item Clicked", "d-1", "2026-01-05T18:03:00+01:00", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "Europe/Berlin", "../../etc", "{{ profile.traits.x }}",
    "{% for i in (1..99999) %}x{% endfor %}", "profile.traits.x > 1", "properties.revenue",
    "\x00", "\u202e", "💥", "x" * 300, "null", "", "1e400", "-0",
]  # fmt: skip
SCALARS = (
    st.sampled_from(WORDS) | st.none() | st.booleans() | st.text(max_size=10)
    | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)


@pytest.fixture
def ask(client: httpx.Client, engine: wager.Engine, secret: dict[str, str]) -> Iterator[Any]:
    """Asks every operation that takes a body of that document; asserts about each answer."""
    takes_body = [one for one in operations(Shared(engine)) if one.body is not None]

    def every(document: object) -> None:
        content = json.dumps(document).encode()
        for operation in takes_body:
            path = re.sub(r"{\w+}", "p-1", operation.path)
            headers = secret | {"Content-Type": "application/json"}
            answer = client.request(operation.method, path, headers=headers, content=content)
            assert answer.status_code < 500, (operation.name, document, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"

    yield every
    for path in ("/v1/profiles", "/v1/decisions", "/v1/items", "/v1/quarantine", "/v1/events"):
        assert client.get(path, headers=secret).status_code == 200, path
    for name in ("overview", "lift", "calibration", "levels", "health", "journey", "tactics"):
        assert client.get(f"/v1/reports/{name}", headers=secret).status_code == 200, name
    engine.learn()
    assert client.post(
        "/v1/decide", headers=secret, json={"placement": "home", "userId": "u-1"}
    ).is_success


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(DOCUMENTS | VALUES | DOCUMENTS.map(lambda one: {"batch": [one]}))
def test_documents_of_all_kinds(ask: Any, document: object) -> None:
    ask(document)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(DOCUMENTS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_events_that_are_nearly_right(
    client: httpx.Client, secret: dict[str, str], sent: list[dict[str, Any]], chance: Any
) -> None:
    batch = [
        {
            "type": chance.choice(["track", "identify", "alias", "group", "page"]),
            "event": chance.choice(["Order Completed", "Item Disliked", "Product Added"]),
            "userId": f"u-{chance.randrange(3)}",
            "anonymousId": f"a-{chance.randrange(3)}",
        }
        | one
        for one in sent
    ]
    answer = client.post("/v1/batch", headers=secret, json={"batch": batch})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["accepted"] + said["duplicates"] + len(said["quarantined"]) == len(batch)
    asked = {"placement": "home", "userId": f"u-{chance.randrange(3)}", "explain": True}
    assert client.post("/v1/decide", headers=secret, json=asked).status_code == 200
