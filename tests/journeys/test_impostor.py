"""A public key that tries to become somebody else, over HTTP, by every way that there is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

PUBLIC = "the-public-key-of-the-journeys"
SIGNING_SECRET = "the-signing-secret-of-the-journeys-long-enough"


def token(user_id: str, *, key: str = SIGNING_SECRET, **more: Any) -> str:
    claims = {"sub": user_id, "exp": datetime.now(UTC) + timedelta(minutes=5)} | more
    return jwt.encode(claims, key, algorithm="HS256")


@pytest.fixture
def victim(server: Any) -> dict[str, Any]:
    """Somebody known, with a past."""
    server.ask("POST", "/v1/identify", {
        "userId": "victim", "anonymousId": "a-victim",
        "traits": {"email": "victim@example.com", "plan": "gold"},
    })  # fmt: skip
    server.ask("POST", "/v1/track", {
        "event": "Item Disliked", "userId": "victim", "properties": {"itemId": "p-1"},
    })  # fmt: skip
    profile: dict[str, Any] = server.ask("GET", "/v1/profiles/user_id/victim")
    return profile


CLAIMS: list[dict[str, Any]] = [
    {"type": "identify", "userId": "victim", "anonymousId": "a-thief"},
    {"type": "track", "event": "x", "userId": "victim", "anonymousId": "a-thief"},
    {"type": "alias", "userId": "victim", "previousId": "a-thief"},
    {"type": "alias", "userId": "a-thief", "previousId": "victim"},
    {"type": "identify", "anonymousId": "a-thief", "traits": {"email": "victim@example.com"}},
    {
        "type": "identify", "userId": "victim", "anonymousId": "a-thief",
        "context": {"traits": {"email": "victim@example.com"}},
    },
    {"type": "group", "groupId": "g", "userId": "victim", "anonymousId": "a-thief"},
]  # fmt: skip
BAD_TOKENS = [
    None,
    "",
    "not.a.token",
    token("a-thief"),
    token("victim", key="somebody-elses-signing-secret-long-enough"),
    token("victim", exp=datetime.now(UTC) - timedelta(minutes=1)),
    jwt.encode({"sub": "victim", "exp": 2**40}, "", algorithm="none"),
]


def stated(profile: dict[str, Any]) -> dict[str, Any]:
    traits = profile["traits"]
    return {name: one for name, one in traits.items() if one["provenance"] == "stated"}


def test_claims_open_nothing(server: Any, victim: dict[str, Any]) -> None:
    for bad in BAD_TOKENS:
        context = {} if bad is None else {"userToken": bad}
        sent = [one | {"context": one.get("context", {}) | context} for one in CLAIMS]
        answer = server.ask("POST", "/v1/batch", {"batch": sent}, key=PUBLIC)
        assert answer["success"] is True
    after = server.ask("GET", "/v1/profiles/user_id/victim")
    for name in ("profileId", "identities", "blocked", "mergedFrom"):
        assert after[name] == victim[name], name
    assert stated(after) == stated(victim)
    asked = {"placement": "home", "anonymousId": "a-thief"}
    answer = server.ask("POST", "/v1/decide", asked, key=PUBLIC)
    assert answer["profileId"] != victim["profileId"]
    thief = server.ask("GET", "/v1/profiles/anonymous_id/a-thief")
    assert thief["profileId"] != victim["profileId"]
    assert ("user_id", "victim") not in {(i["kind"], i["value"]) for i in thief["identities"]}


def test_decisions_open_nothing(server: Any, victim: dict[str, Any]) -> None:
    for bad in BAD_TOKENS:
        for who in ({"userId": "victim"}, {"userId": "victim", "anonymousId": "a-thief"}):
            asked = {"placement": "home", "userToken": bad} | who
            assert server.status("POST", "/v1/decide", asked, key=PUBLIC) == 403


def test_nothing_else_is_open(server: Any, victim: dict[str, Any]) -> None:
    made = server.ask("POST", "/v1/decide", {"placement": "home", "userId": "victim"})
    for method, path in (
        ("GET", "/v1/profiles/user_id/victim"),
        ("GET", "/v1/profiles/user_id/victim/export"),
        ("DELETE", "/v1/profiles/user_id/victim"),
        ("GET", "/v1/profiles"),
        ("GET", f"/v1/decisions/{made['decisionId']}"),
        ("GET", "/v1/decisions"),
        ("GET", "/v1/events"),
        ("GET", "/v1/quarantine"),
        ("GET", "/v1/reports/overview"),
        ("DELETE", "/v1/items/p-1"),
    ):
        assert server.status(method, path, key=PUBLIC) == 403, path


def test_a_decision_id_of_somebody_else_opens_nothing(server: Any, victim: dict[str, Any]) -> None:
    asked = {"placement": "home", "userId": "victim", "decisionId": "d-1"}
    server.ask("POST", "/v1/decide", asked)
    stolen = {"placement": "home", "anonymousId": "a-thief", "decisionId": "d-1"}
    assert server.status("POST", "/v1/decide", stolen, key=PUBLIC) == 409


def test_a_good_token_opens_the_door(server: Any, victim: dict[str, Any]) -> None:
    asked = {"placement": "home", "userId": "victim", "userToken": token("victim")}
    answer = server.ask("POST", "/v1/decide", asked, key=PUBLIC)
    assert answer["profileId"] == victim["profileId"]
    proven = {
        "userId": "victim",
        "anonymousId": "a-phone",
        "context": {"userToken": token("victim")},
    }
    server.ask("POST", "/v1/identify", proven, key=PUBLIC)
    linked = server.ask("GET", "/v1/profiles/anonymous_id/a-phone")
    assert linked["profileId"] == victim["profileId"]
