"""Decisions over HTTP: the shape of the contract, who may ask what, and looking them up."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

Problem = Callable[[Any, int], Mapping[str, Any]]
Headers = dict[str, str]
PLAIN = {
    "decisionId", "placement", "profileId", "at", "level", "holdout", "policy", "modelVersion",
    "variant", "choices", "default",
}  # fmt: skip
CHOICE = {
    "slot", "itemId", "fragmentId", "level", "propensity", "expectedReward", "standardError",
    "rawReward", "looked", "content", "reasons", "useCase", "surprise",
}  # fmt: skip


def decide(client: httpx.Client, headers: Headers, **asked: Any) -> Any:
    return client.post("/v1/decide", headers=headers, json={"placement": "home"} | asked)


def test_the_shape(client: httpx.Client, secret: Headers) -> None:
    answer = decide(client, secret, userId="u-1", context={"channel": "web"}).json()
    assert set(answer) == PLAIN
    assert answer["variant"] is None and answer["holdout"] is False
    assert [choice["slot"] for choice in answer["choices"]] == [0, 1, 2]
    for choice in answer["choices"]:
        assert set(choice) == CHOICE
        assert 0 < choice["propensity"] <= 1
        for reason in choice["reasons"]:
            assert set(reason) == {"kind", "text", "weight"}
    assert {"itemId", "expectedReward"} <= set(answer["default"])


def warm(client: httpx.Client, secret: Headers) -> None:
    """Somebody of whom enough is known to bet."""
    batch = [
        {
            "type": "track", "event": "Order Completed", "userId": "u-1", "messageId": f"o-{n}",
            "timestamp": (datetime.now(UTC) - timedelta(days=20 - n)).isoformat(),
            "properties": {"products": [{"product_id": f"p-{n % 4}"}, {"product_id": "p-1"}]},
        }
        for n in range(16)
    ]  # fmt: skip
    assert client.post("/v1/batch", headers=secret, json={"batch": batch}).json()["accepted"] == 16


def test_explained(client: httpx.Client, secret: Headers, engine: Any) -> None:
    warm(client, secret)
    engine.learn()
    client.post(
        "/v1/track",
        headers=secret,
        json={"event": "Item Disliked", "userId": "u-1", "properties": {"itemId": "p-1"}},
    )
    answer = decide(client, secret, userId="u-1", explain=True).json()
    assert set(answer) > PLAIN | {"candidates", "excluded", "dropped", "steppedDown"}
    assert answer["candidates"]
    for candidate in answer["candidates"]:
        assert {"itemId", "propensity", "expectedReward", "features"} <= set(candidate)
        assert all(isinstance(value, float | int) for value in candidate["features"].values())
    assert {"itemId": "p-1"}.items() <= {**answer["excluded"][0]}.items()
    assert set(answer["excluded"][0]) == {"itemId", "rule"}
    short = decide(client, secret, userId="u-1").json()
    assert set(short) == PLAIN


def test_several_placements(client: httpx.Client, secret: Headers, engine: Any) -> None:
    engine.publish(placements=[{"name": "side", "slots": 2, "default": "p-3"}])
    asked = {"placements": ["home", "side"], "userId": "u-1"}
    answer = client.post("/v1/decide", headers=secret, json=asked).json()
    assert [one["placement"] for one in answer["decisions"]] == ["home", "side"]
    shown = [choice["itemId"] for one in answer["decisions"] for choice in one["choices"]]
    assert len(shown) == len(set(shown)) == 5


def test_a_repeat_is_harmless(client: httpx.Client, secret: Headers, is_problem: Problem) -> None:
    asked = {"userId": "u-1", "decisionId": "d-1"}
    first = decide(client, secret, **asked).json()
    assert decide(client, secret, **asked).json() == first
    is_problem(decide(client, secret, **(asked | {"userId": "u-2"})), 409)


@pytest.mark.parametrize(
    "asked",
    [
        {"placement": "hom"},
        {"placement": None},
        {"placements": ["home"]},
        {"placement": 3},
        {"user": "u-1"},
        {"userId": ""},
        {"userId": "u" * 256},
        {"candidates": ["p"] * 1001},
        {"context": []},
        {"explain": "yes"},
        {"at": "yesterday"},
        {"at": "2026-01-01T00:00:00"},
        {"at": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_what_cannot_be_asked(
    client: httpx.Client, secret: Headers, is_problem: Problem, asked: dict[str, Any]
) -> None:
    is_problem(decide(client, secret, **asked), 422)


def test_nothing_is_left_of_what_was_refused(
    client: httpx.Client, secret: Headers, is_problem: Problem
) -> None:
    asked = {"placements": ["home", "nowhere"], "userId": "u-new", "decisionId": "d-1"}
    is_problem(client.post("/v1/decide", headers=secret, json=asked), 422)
    assert client.get("/v1/decisions", headers=secret).json()["decisions"] == []
    is_problem(client.get("/v1/profiles/user_id/u-new", headers=secret), 404)


def test_a_public_key_asks_for_the_anonymous(client: httpx.Client, public: Headers) -> None:
    assert decide(client, public, anonymousId="a-1").status_code == 200
    assert decide(client, public).status_code == 200


def test_a_public_key_is_told_nothing_of_what_the_team_calls_people(
    client: httpx.Client, public: Headers, secret: Headers, engine: Any, token: Callable[..., str]
) -> None:
    warm(client, secret)
    engine.publish(
        segments=[
            {"name": "in-debt", "condition": "profile.counts.orders > 1.0"},
            {"name": "mourning", "condition": "profile.traits.mourning == true"},
        ],
        usecases=[
            {"name": "lure-back", "placement": "home", "goal": "click", "state": "live",
             "segments": ["in-debt"], "contextValue": {"in-debt": 3.0}},
        ],
        placements=[{"name": "home", "slots": 3, "exclude": ["mourning"]}],
    )  # fmt: skip
    engine.learn()
    known = {"userId": "u-1", "userToken": token("u-1"), "explain": True}
    answer = decide(client, public, **known)
    names = ("in-debt", "lure-back", "mourning", "user_id", 'affinity":', "boughtOften")
    assert [name for name in names if name in answer.text] == []
    assert set(answer.json()) == PLAIN | {"candidates", "excluded", "dropped"}
    assert {one["itemId"] for one in answer.json()["candidates"]}
    full = decide(client, secret, userId="u-1", explain=True).text
    assert all(name in full for name in ("in-debt", "lure-back", "boughtOften"))
    mourns = {"userId": "u-1", "traits": {"mourning": True}}
    assert client.post("/v1/identify", headers=secret, json=mourns).status_code == 200
    silent = decide(client, public, **known)
    assert silent.json()["silence"] == "excluded-segment"
    assert "mourning" not in silent.text


def test_a_public_key_asks_for_a_user_with_a_token(
    client: httpx.Client, public: Headers, token: Callable[..., str]
) -> None:
    assert decide(client, public, userId="u-1", userToken=token("u-1")).status_code == 200


def test_a_public_key_learns_of_nobody(
    client: httpx.Client, public: Headers, secret: Headers, is_problem: Problem,
    token: Callable[..., str],
) -> None:  # fmt: skip
    client.post("/v1/identify", headers=secret, json={"userId": "known"})
    key = "another-signing-secret-of-enough-length"
    for bad in (None, "", "x.y.z", token("someone-else"), token("known", minutes=-1),
                token("known", key=key)):  # fmt: skip
        said = [
            is_problem(decide(client, public, userId=user_id, userToken=bad), 403)
            for user_id in ("known", "unknown")
        ]
        assert said[0] == said[1]


@pytest.mark.parametrize("asked", [{"preview": True}, {"at": "2026-01-05T18:03:00+01:00"}])
def test_what_needs_the_secret_key(
    client: httpx.Client,
    public: Headers,
    secret: Headers,
    is_problem: Problem,
    asked: dict[str, Any],
) -> None:
    is_problem(decide(client, public, anonymousId="a-1", **asked), 403)
    answer = decide(client, secret, anonymousId="a-1", **asked).json()
    assert answer["preview" if "preview" in asked else "replayed"] is True


def test_a_preview_is_logged_nowhere(client: httpx.Client, secret: Headers) -> None:
    answer = decide(client, secret, userId="u-1", preview=True).json()
    assert client.get(f"/v1/decisions/{answer['decisionId']}", headers=secret).status_code == 404


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_refused_by_header(client: httpx.Client, secret: Headers, engine: Any, header: str) -> None:
    warm(client, secret)
    engine.learn()
    assert decide(client, secret, userId="u-1").json()["level"] != "neutral"
    answer = decide(client, secret | {header: "1"}, userId="u-1", explain=True).json()
    assert answer["level"] == "neutral" and answer["learns"] is False


def test_looked_up_with_its_outcome(
    client: httpx.Client, secret: Headers, is_problem: Problem
) -> None:
    made = decide(client, secret, userId="u-1").json()
    path = f"/v1/decisions/{made['decisionId']}"
    before = client.get(path, headers=secret).json()
    assert made.items() <= before.items()
    assert (before["settled"], before["state"], before["outcomes"]) == (False, "open", [])
    shown = made["choices"][0]["itemId"]
    clicked = {
        "event": "Item Clicked", "userId": "u-1",
        "properties": {"decisionId": made["decisionId"], "itemId": shown},
    }  # fmt: skip
    assert client.post("/v1/track", headers=secret, json=clicked).status_code == 200
    after = client.get(path, headers=secret).json()
    assert (after["settled"], after["state"]) == (True, "won")
    assert [one["itemId"] for one in after["outcomes"]] == [shown]
    is_problem(client.get("/v1/decisions/nobody-made-this", headers=secret), 404)


def test_listed(client: httpx.Client, secret: Headers, is_problem: Problem) -> None:
    made = [decide(client, secret, userId=f"u-{n % 2}").json() for n in range(7)]
    first = client.get("/v1/decisions?limit=4&placement=home", headers=secret).json()
    rest = client.get(
        f"/v1/decisions?limit=4&cursor={quote(first['cursor'])}", headers=secret
    ).json()
    found = [one["decisionId"] for one in first["decisions"] + rest["decisions"]]
    assert sorted(found) == sorted(one["decisionId"] for one in made)
    assert rest["cursor"] is None
    profile = made[0]["profileId"]
    theirs = client.get(f"/v1/decisions?profileId={profile}", headers=secret).json()["decisions"]
    assert {one["profileId"] for one in theirs} == {profile} and len(theirs) == 4
    now = datetime.now(UTC)
    for query, count in (
        (f"from={quote((now - timedelta(hours=1)).isoformat())}", 7),
        (f"to={quote((now - timedelta(hours=1)).isoformat())}", 0),
        (f"from={(now - timedelta(hours=1)).isoformat()}", 7),  # the + is not escaped
        ("state=open", 7),
        ("state=won", 0),
        ("placement=nowhere", 0),
    ):
        listed = client.get(f"/v1/decisions?{query}", headers=secret).json()["decisions"]
        assert len(listed) == count, query
    for query in (
        "limit=0",
        "limit=501",
        "state=lost-and-found",
        "from=yesterday",
        "to=0.5",
        "cursor=x",
    ):
        is_problem(client.get(f"/v1/decisions?{query}", headers=secret), 422)
