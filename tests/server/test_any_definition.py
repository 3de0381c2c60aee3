"""Whatever definitions and items are taken in, decisions can be made with them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect
from tests.server.conftest import ENVIRONMENT, InProcess, Loop

import wager
from wager.domain.content import Item
from wager.domain.definitions import DEFINITIONS
from wager.server.app import create_app
from wager.server.keys import open_keys

WORDS = [
    "home", "p-0", "p-1", "p-2", "things", "organic", "product", "message", "click", "order", "vip",
    "spring", "other", "x", "properties.revenue", "profile.traits.vip == true", "Item Clicked",
    "Order Completed", "EUR", "a-b", "{{ item.title }} {{ profile.traits.name }}", "", "💥",
]  # fmt: skip
CONDITIONS = [
    "profile.traits.vip == true",
    "context.x > 1",
    "now > timestamp('2020-01-01T00:00:00Z')",
    "profile.counts['Order Completed'] > 0.0",
    "true",
    "nonsense(",
    "[1, 2].all(x, x > 0)",
]
TIMES = ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-11-01T09:00:00+01:00",
         "9999-12-31T23:59:59Z"]  # fmt: skip
CLOCK = ["00:00", "09:30", "23:59"]
HUGE = [0.0, 1.0, -1.0, 0.5, 1e-300, 1e-9, 1e9, 1e15, 1e300, 1.7e308, -1e300]


def made(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Anything that is allowed there, by the type alone; numbers are mostly at their bounds."""
    match kind:
        case inspect.StructType():
            return struct(kind)
        case inspect.UnionType():
            return st.one_of([made(one) for one in kind.types])
        case inspect.LiteralType():
            return st.sampled_from(list(kind.values))
        case inspect.ListType():
            return st.lists(made(kind.item_type), max_size=3)
        case inspect.DictType():
            return st.dictionaries(made(kind.key_type), made(kind.value_type), max_size=3)
        case inspect.Metadata():
            return made(kind.type)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.DateTimeType():
            return st.sampled_from(TIMES)
        case inspect.IntType():
            return numbers(kind).map(int)
        case inspect.FloatType():
            return numbers(kind)
        case inspect.StrType(pattern=pattern) if pattern is not None and "2[0-3]" in pattern:
            return st.sampled_from(CLOCK)
        case inspect.StrType(max_length=4000):
            return st.sampled_from(CONDITIONS)
        case inspect.StrType(max_length=3):
            return st.sampled_from(["EUR", "x"])
        case inspect.StrType():
            return st.sampled_from(WORDS)
        case _:
            return st.sampled_from([None, 1, 2.5, "x", True, ["x"], {"x": 1}])


def numbers(kind: inspect.IntType | inspect.FloatType) -> st.SearchStrategy[float]:
    low, high = kind.ge if kind.ge is not None else kind.gt, kind.le or kind.lt
    low, high = -1e308 if low is None else low, 1e308 if high is None else high
    inside = [one for one in HUGE if low <= one <= high and one not in (kind.gt, kind.lt)]
    edges = [float(one) for one in (kind.ge, kind.le) if one is not None]
    return st.sampled_from([*edges, *inside, *edges, *inside, 1e308])


def struct(kind: inspect.StructType) -> st.SearchStrategy[dict[str, Any]]:
    """Some of its fields."""
    fields = {one.encode_name: made(one.type) for one in kind.fields}
    needed = {one.encode_name for one in kind.fields if one.required}
    return st.fixed_dictionaries(
        {name: fields[name] for name in needed},
        optional={name: way for name, way in fields.items() if name not in needed},
    )


def document(kind: str) -> st.SearchStrategy[tuple[str, str, dict[str, Any]]]:
    name = {"placements": "home", "segments": "vip", "goals": "click"}.get(kind, "spring")
    whole = struct(inspect.type_info(DEFINITIONS[kind]))  # type: ignore[index, arg-type]
    near = {"placement": "home", "goal": "click", "segments": [], "state": "live"}
    return whole.map(
        lambda told: (
            f"/v1/{kind}/{name}",
            "PUT",
            {**told, "name": name, **{k: v for k, v in near.items() if k in told}},
        )
    )


def item(name: str) -> st.SearchStrategy[tuple[str, str, dict[str, Any]]]:
    whole = struct(inspect.type_info(Item))  # type: ignore[arg-type]
    return whole.map(lambda told: (f"/v1/items/{name}", "PUT", {**told, "itemId": name}))


SECRET = {"Authorization": f"Bearer {ENVIRONMENT['WAGER_SECRET_KEY']}"}
REPORTS = [
    "overview", "lift", "calibration", "levels", "health", "journey", "tactics", "hedge", "stock",
    "diversity", "stakeholders", "tradeoffs", "shadow",
]  # fmt: skip
DECLARED = st.lists(
    st.one_of(
        *[document("placements")] * 4, *[document("usecases")] * 2, document("goals"),
        document("segments"), document("categories"), document("experiments"),
        *(item(f"p-{number}") for number in range(3)),
    ),
    min_size=1, max_size=6,
)  # fmt: skip
CONTEXT = st.dictionaries(
    st.sampled_from(["channel", "device", "timezone", "x", "mood"]),
    st.sampled_from(["web", "push", "mobile", "Europe/Berlin", 1.7e308, -1, None, True, [], {}]),
    max_size=3,
)


def works(client: httpx.Client, asked: dict[str, Any]) -> None:
    """A bet is placed, with odds that are odds; it can be seen and won."""
    answer = client.post("/v1/decide", headers=SECRET, json=asked)
    if answer.status_code == 422:
        assert answer.json()["detail"], "the context"
        answer = client.post("/v1/decide", headers=SECRET, json=asked | {"context": {}})
    assert answer.status_code == 200, answer.text
    said = json.loads(answer.text, parse_constant=pytest.fail)
    for choice in said["choices"]:
        assert 0.0 < choice["propensity"] <= 1.0 + 1e-9, said
        if "userId" in asked and choice["itemId"] is not None:
            named = {"decisionId": said["decisionId"], "itemId": choice["itemId"], "revenue": 1e300}
            line = {"product_id": choice["itemId"], "price": 2.5}
            for event, told in (
                ("Item Viewed", named),
                ("Item Clicked", named),
                ("Order Completed", {"products": [line], "revenue": 7}),
            ):
                sent = {"userId": asked["userId"], "event": event, "properties": told}
                assert client.post("/v1/track", headers=SECRET, json=sent).status_code == 200


@contextmanager
def shop(loop: Loop) -> Iterator[tuple[wager.Engine, httpx.Client]]:
    """One of its own for each example, with orders, so that there is something to bet on; nothing
    goes on beside the requests."""
    with wager.open("memory://") as engine:
        engine.publish(
            items=[{"itemId": f"p-{number}", "categories": ["things"]} for number in range(12)],
            goals=[{"name": "click", "event": "Item Clicked"}],
            placements=[{"name": "home", "slots": 3, "default": "p-0"}],
        )
        engine.collect(
            [
                {
                    "type": "track",
                    "event": "Order Completed",
                    "userId": f"u-{number % 9}",
                    "messageId": f"m-{number}",
                    "properties": {
                        "products": [{"product_id": f"p-{(number + k) % 12}"} for k in range(3)]
                    },
                }
                for number in range(60)
            ]
        )
        engine.learn()
        keys = open_keys(engine.stores, ENVIRONMENT).keys
        transport = InProcess(create_app(engine, keys, console=False), loop)
        with httpx.Client(transport=transport, base_url="http://wager.test") as client:
            yield engine, client


@settings(max_examples=25, deadline=None)
@given(declared=DECLARED, context=CONTEXT)
def test_what_is_declared_can_be_decided_with(
    loop: Loop,
    declared: list[tuple[str, str, dict[str, Any]]], context: dict[str, Any],
) -> None:  # fmt: skip
    with shop(loop) as (engine, client):
        for path, method, body in declared:
            answer = client.request(method, path, headers=SECRET, json=body)
            assert answer.status_code < 500, (path, body, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["detail"]
        for _ in range(2):
            for who in ({"userId": "u-1"}, {"userId": "u-2"}, {}):
                asked = {"placement": "home", "explain": True, "context": context} | who
                works(client, asked)
            engine.learn()
        for name in REPORTS:
            answer = client.get(f"/v1/reports/{name}", headers=SECRET)
            assert answer.status_code == 200, (name, answer.text)
            json.loads(answer.text, parse_constant=pytest.fail)
