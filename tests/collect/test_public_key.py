"""Under a public key nobody becomes somebody else, whatever they send."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from wager.collect.intake import read
from wager.collect.tokens import subject
from wager.domain.events import Arrival, Event
from wager.domain.identity import Identity

NOW = datetime(2026, 1, 5, 18, 0, tzinfo=UTC)
SECRET = "a signing secret that is long enough for HS256"
PUBLIC = Arrival(received_at=NOW, public=True)
VICTIM = Identity("user_id", "victim")


def verify(token: str) -> str | None:
    return subject(token, SECRET, NOW)


def token(user_id: str, secret: str = SECRET, minutes: int = 5, algorithm: str = "HS256") -> str:
    claims = {"sub": user_id, "exp": NOW + timedelta(minutes=minutes)}
    return jwt.encode(claims, secret, algorithm)


def one(payload: dict[str, Any]) -> Event:
    intake = read([payload], PUBLIC, verify)
    assert intake.rejections == ()
    return intake.events[0]


def test_the_owner_of_a_valid_token_is_who_it_says() -> None:
    event = one(
        {
            "type": "identify",
            "userId": "ada",
            "anonymousId": "a-1",
            "context": {"userToken": token("ada"), "page": {"path": "/"}},
        }
    )
    assert event.verified
    assert event.identities == (Identity("user_id", "ada"), Identity("anonymous_id", "a-1"))
    assert event.claimed is None
    assert event.context == {"page": {"path": "/"}}, "the token is a key: it is not kept"


BAD_TOKENS = [
    pytest.param(None, id="none"),
    pytest.param("", id="empty"),
    pytest.param(17, id="a number"),
    pytest.param({"sub": "victim"}, id="an object"),
    pytest.param(token("mallory"), id="somebody else's"),
    pytest.param(token("victim", secret="m" * 40), id="forged"),
    pytest.param(token("victim", minutes=-1), id="expired"),
    pytest.param(token("victim", secret=SECRET * 2, algorithm="HS512"), id="another algorithm"),
    pytest.param(
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ2aWN0aW0iLCJleHAiOjk5OTk5OTk5OTl9.", id="alg none"
    ),
    pytest.param(token("victim ") + " ", id="a blank more"),
]


@pytest.mark.parametrize("sent", BAD_TOKENS)
@pytest.mark.parametrize("kind", ["identify", "track", "page", "group", "alias"])
def test_a_user_id_without_a_valid_token_is_only_a_claim(kind: str, sent: object) -> None:
    event = one(
        {
            "type": kind,
            "event": "Order Completed",
            "groupId": "g",
            "previousId": "victim-browser",
            "userId": "victim",
            "anonymousId": "mallory-browser",
            "traits": {"email": "victim@example.com"},
            "context": {"userToken": sent, "traits": {"phone": "+442079460958"}},
        }
    )
    assert not event.verified
    assert event.identities == (Identity("anonymous_id", "mallory-browser"),)
    assert event.claimed == VICTIM
    assert event.previous is None


def test_a_claim_alone_leads_to_nobody_s_profile() -> None:
    event = one({"type": "track", "event": "Seen", "userId": "victim"})
    assert event.identities == (Identity("unverified_user_id", "victim"),)
    assert event.claimed == VICTIM


@pytest.mark.parametrize(
    "context",
    [
        {"traits": {"email": "victim@example.com"}},
        {"externalIds": [{"type": "user_id", "id": "victim"}, {"type": "crm_id", "id": "7"}]},
        {"externalIds": [{"type": "profile_id", "id": "f" * 32}]},
    ],
)
def test_a_valid_token_proves_the_user_id_and_nothing_more(context: dict[str, Any]) -> None:
    event = one(
        {
            "type": "identify",
            "userId": "mallory",
            "traits": {"email": "victim@example.com", "phone": "+442079460958"},
            "context": {**context, "userToken": token("mallory")},
        }
    )
    assert event.identities == (Identity("user_id", "mallory"),)


def test_an_alias_can_only_name_an_anonymous_id() -> None:
    event = one(
        {
            "type": "alias",
            "userId": "mallory",
            "previousId": "victim",
            "context": {"userToken": token("mallory")},
        }
    )
    assert event.previous == Identity("anonymous_id", "victim")


def test_the_kinds_of_our_own_cannot_be_sent() -> None:
    event = read(
        [
            {
                "type": "track",
                "event": "Seen",
                "userId": "u",
                "context": {
                    "externalIds": [
                        {"type": kind, "id": "x"}
                        for kind in ("profile_id", "unverified_user_id", "anonymous_id")
                    ]
                },
            }
        ],
        Arrival(received_at=NOW),
        verify,
    ).events[0]
    assert event.identities == (Identity("user_id", "u"),)
