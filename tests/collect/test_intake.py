"""Payloads of the Segment spec become events; what cannot be read says why."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from wager.collect.intake import read
from wager.collect.quality import MAX_DEPTH, MAX_EVENT_BYTES, is_late
from wager.domain.events import Arrival, Event, Rejection
from wager.domain.identity import Identity

NOW = datetime(2026, 1, 5, 18, 0, tzinfo=UTC)
SECRET_KEY = Arrival(received_at=NOW)


def nobody(token: str) -> None:
    return None


def one(payload: object, arrival: Arrival = SECRET_KEY) -> Event:
    intake = read([payload], arrival, nobody)
    assert intake.rejections == ()
    return intake.events[0]


def refused(payload: object, arrival: Arrival = SECRET_KEY) -> Rejection:
    intake = read([payload], arrival, nobody)
    assert intake.events == ()
    return intake.rejections[0]


def track(**fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Seen", "userId": "u-1", "messageId": "m-1", **fields}


def test_the_event_of_the_contract() -> None:
    event = one(
        {
            "type": "track",
            "event": "Product Viewed",
            "userId": "u-1",
            "messageId": "m-1",
            "timestamp": "2026-01-05T18:03:00+01:00",
            "properties": {"product_id": "p-7"},
        }
    )
    assert event.message_id == "m-1"
    assert event.kind == "track"
    assert event.name == "Product Viewed"
    assert event.at == datetime(2026, 1, 5, 17, 3, tzinfo=UTC)
    assert event.received_at == NOW
    assert event.identities == (Identity("user_id", "u-1"),)
    assert event.properties == {"product_id": "p-7", "itemId": "p-7"}
    assert event.context == {"utcOffsetMinutes": 60}
    assert event.verified


def test_every_type_of_call() -> None:
    calls: list[dict[str, Any]] = [
        {"type": "track", "event": "Seen", "userId": 17},
        {"type": "identify", "userId": 17.0, "traits": {"plan": "pro"}},
        {"type": "page", "anonymousId": "a", "category": "Docs", "name": "Intro"},
        {"type": "screen", "anonymousId": "a", "name": None, "properties": None},
        {"type": "group", "userId": "u", "groupId": 5, "traits": {"plan": "team"}},
        {"type": "alias", "userId": "u", "previousId": "a"},
    ]
    intake = read(calls, SECRET_KEY, nobody)
    assert intake.rejections == ()
    tracked, identified, page, screen, group, alias = intake.events
    assert tracked.identities == identified.identities == (Identity("user_id", "17"),)
    assert identified.traits == {"plan": "pro"}
    assert (page.name, page.properties) == ("Intro", {"category": "Docs"})
    assert (screen.name, screen.properties) == ("", {})
    assert group.properties == {"groupId": "5"}
    assert alias.previous == Identity("user_id", "a")


def test_the_route_gives_the_type() -> None:
    arrival = Arrival(received_at=NOW, kind="page")
    assert one({"anonymousId": "a"}, arrival).kind == "page"
    assert refused({"type": "track", "anonymousId": "a"}, arrival).code == "bad-type"


def test_python_values_become_json() -> None:
    number = UUID(int=7)
    event = one(track(timestamp=NOW - timedelta(hours=1), properties={"set": {1}, "id": number}))
    assert event.at == NOW - timedelta(hours=1)
    assert event.properties == {"set": [1], "id": str(number)}


def test_a_client_with_a_wrong_clock_is_corrected() -> None:
    ahead = timedelta(days=3)
    sent_at = NOW + ahead
    event = one(
        track(
            timestamp=(sent_at - timedelta(seconds=90)).isoformat(),
            sentAt=sent_at.isoformat(),
        )
    )
    assert event.at == NOW - timedelta(seconds=90)
    batch = Arrival(received_at=NOW, sent_at=sent_at)
    assert one(track(timestamp=sent_at.isoformat()), batch).at == NOW
    original = (sent_at - timedelta(seconds=5)).isoformat()
    assert one(track(originalTimestamp=original), batch).at == NOW - timedelta(seconds=5)


def test_an_import_keeps_its_times() -> None:
    arrival = Arrival(received_at=NOW, source="import", sent_at=NOW - timedelta(days=9))
    event = one(track(timestamp="1999-12-31T23:00:00Z"), arrival)
    assert event.at == datetime(1999, 12, 31, 23, tzinfo=UTC)
    assert event.source == "import"
    assert is_late(event)
    assert not is_late(one(track()))


def test_a_little_in_the_future_is_let_pass() -> None:
    soon = NOW + timedelta(minutes=5)
    assert one(track(timestamp=soon.isoformat())).at == soon
    rejection = refused(track(timestamp=(soon + timedelta(seconds=1)).isoformat()))
    assert rejection.code == "future-timestamp"
    assert "2026-01-05T18:05:01" in rejection.detail
    assert "5 minutes" in rejection.detail


def test_nanoseconds_of_go_clients() -> None:
    event = one(track(timestamp="2026-01-05T17:00:00.123456789Z"))
    assert event.at.microsecond == 123456


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


REJECTED: list[tuple[str, object]] = [
    ("not-an-object", []),
    ("not-an-object", "track"),
    ("not-an-object", None),
    ("bad-type", {"userId": "u"}),
    ("bad-type", {"type": "trakc", "userId": "u"}),
    ("bad-type", {"type": 5, "userId": "u"}),
    ("missing-event", {"type": "track", "userId": "u"}),
    ("missing-event", track(event=" ")),
    ("bad-event", track(event=5)),
    ("bad-event", track(event="x" * 201)),
    ("missing-identity", {"type": "track", "event": "Seen"}),
    ("missing-identity", track(userId="null")),
    ("missing-identity", track(userId="", anonymousId="Undefined")),
    ("missing-identity", track(userId=0)),
    ("bad-identity", track(userId=True)),
    ("bad-identity", track(userId={"id": "u"})),
    ("bad-identity", track(userId="x" * 256)),
    ("bad-identity", track(userId="a\x00b")),
    ("bad-identity", track(anonymousId=["a"])),
    ("bad-message-id", track(messageId=[1])),
    ("bad-message-id", track(messageId="")),
    ("bad-message-id", track(messageId="x" * 256)),
    ("bad-timestamp", track(timestamp="yesterday")),
    ("bad-timestamp", track(timestamp="2026-01-05T18:00:00")),
    ("bad-timestamp", track(timestamp="2026-01-05")),
    ("bad-timestamp", track(timestamp=1767636000)),
    ("bad-timestamp", track(timestamp="1969-12-31T23:59:59Z")),
    ("bad-timestamp", track(timestamp="0001-01-01T00:00:00+14:00")),
    ("bad-timestamp", track(timestamp="2026-01-05T00:00:00Z", sentAt="soon")),
    ("bad-timestamp", track(timestamp="1970-01-01T00:00:00Z", sentAt="9999-12-31T23:59:59Z")),
    ("bad-properties", track(properties=[1])),
    ("bad-traits", {"type": "identify", "userId": "u", "traits": "x"}),
    ("bad-context", track(context="x")),
    ("too-large", track(properties={"text": "x" * MAX_EVENT_BYTES})),
    ("too-deep", track(properties=deep(MAX_DEPTH))),
    ("too-deep", track(properties=deep(100_000))),
    ("bad-number", track(properties={"n": [2**64]})),
    ("bad-number", track(properties={"n": -(10**400)})),
    ("not-utf8", track(properties={"text": "\ud800"})),
    ("not-json", track(properties={"thing": object()})),
    ("missing-previous", {"type": "alias", "userId": "u"}),
    ("missing-previous", {"type": "alias", "previousId": "a", "anonymousId": "a"}),
    ("missing-group", {"type": "group", "userId": "u"}),
    ("bad-consent", track(context={"consent": {"categoryPreferences": {"learning": "no"}}})),
    ("bad-consent", track(context={"consent": True})),
    ("bad-products", track(event="Order Completed", properties={"products": "p-1"})),
    ("bad-products", track(event="Order Completed", properties={"products": ["p-1"]})),
    ("bad-products", track(event="Order Completed", properties={"products": [{"price": 1}]})),
    (
        "bad-products",
        track(event="Order Completed", properties={"products": [{"product_id": 1, "quantity": 0}]}),
    ),
    (
        "bad-products",
        track(
            event="Order Completed", properties={"products": [{"product_id": 1, "price": "much"}]}
        ),
    ),
    (
        "bad-products",
        track(event="Order Completed", properties={"products": [{"product_id": 1, "price": -1}]}),
    ),
    ("bad-products", track(event="Cart Viewed", properties={"products": [{}] * 501})),
    ("bad-item", track(properties={"product_id": {"id": 1}})),
    ("bad-item", track(properties={"itemId": ""})),
    ("bad-item", track(properties={"itemId": "x" * 201})),
    ("missing-item", track(event="Item Disliked", properties={})),
    ("missing-item", track(event="Item Clicked", properties={"decisionId": "d"})),
    ("missing-item", track(event="Item Viewed", properties={})),
    ("bad-scope", track(event="Item Disliked", properties={"itemId": "p", "scope": "brand"})),
    ("missing-tag", track(event="Item Disliked", properties={"scope": "tag"})),
    ("missing-creator", track(event="Item Unblocked", properties={"scope": "creator"})),
]


@pytest.mark.parametrize(("code", "payload"), REJECTED)
def test_what_cannot_be_read_says_why(code: str, payload: object) -> None:
    rejection = refused(payload)
    assert rejection.code == code
    assert len(rejection.detail) > 20
    assert len(rejection.detail) < 500


def test_the_rest_of_a_batch_is_kept() -> None:
    intake = read([track(messageId="1"), "x", track(messageId="3"), {}], SECRET_KEY, nobody)
    assert [event.message_id for event in intake.events] == ["1", "3"]
    assert [(each.index, each.code) for each in intake.rejections] == [
        (1, "not-an-object"),
        (3, "bad-type"),
    ]


def test_every_identity_of_a_secret_key_strongest_first() -> None:
    event = one(
        {
            "type": "identify",
            "userId": "u-1",
            "anonymousId": "a-1",
            "traits": {"email": " Ada@Example.COM ", "phone": "0044 20 7946-0958"},
            "context": {
                "externalIds": [
                    {"type": "crm_id", "id": 17, "collection": "users", "encoding": "none"},
                    {"type": "user_id", "id": "u-2"},
                    {"type": "email", "id": "Someone@else.example"},
                    {"type": "No Kind", "id": "x"},
                    "x",
                ]
            },
        }
    )
    assert [str(identity) for identity in event.identities] == [
        "user_id:u-1",
        "crm_id:17",
        "email:ada@example.com",
        "phone:+442079460958",
        "anonymous_id:a-1",
    ]


@pytest.mark.parametrize("email", ["test@test.com", "ada", "a@b", "@b.c", 5, None, "a@b.c, d@e.f"])
def test_what_is_no_address_is_no_identity(email: object) -> None:
    event = one({"type": "identify", "userId": "u", "traits": {"email": email}})
    assert event.identities == (Identity("user_id", "u"),)
    assert event.traits == {"email": email}


@pytest.mark.parametrize("phone", ["020 7946 0958", "+0000000", "+49 CALL ME", 491234567, "+1", ""])
def test_what_is_no_full_number_is_no_identity(phone: object) -> None:
    event = one({"type": "identify", "userId": "u", "traits": {"phone": phone}})
    assert event.identities == (Identity("user_id", "u"),)


def test_traits_in_the_context_of_any_call_name_the_person() -> None:
    event = one(track(context={"traits": {"email": "ada@example.com"}}))
    assert Identity("email", "ada@example.com") in event.identities


def test_a_group_s_address_is_not_the_person_s() -> None:
    call = {"type": "group", "userId": "u", "groupId": "g", "traits": {"email": "info@firm.com"}}
    assert one(call).identities == (Identity("user_id", "u"),)


def test_a_missing_message_id_is_made_of_the_content() -> None:
    payload = track(messageId=None, timestamp="2026-01-05T17:00:00Z")
    first = one({**payload, "sentAt": "2026-01-05T17:00:01Z"}).message_id
    again = one({**payload, "sentAt": "2026-01-05T17:09:01Z", "integrations": {}}).message_id
    other = one({**payload, "event": "Heard"}).message_id
    assert first == again
    assert first.startswith("derived-")
    assert other != first


def test_without_a_timestamp_two_alike_are_two() -> None:
    payload = track(messageId=None)
    intake = read([payload, payload], SECRET_KEY, nobody)
    assert len({event.message_id for event in intake.events}) == 2
    later = one(payload, Arrival(received_at=NOW + timedelta(seconds=1))).message_id
    assert later not in {event.message_id for event in intake.events}


def test_no_client_speaks_as_wager_itself() -> None:
    event = one(track(context={"library": {"name": " wager"}}), Arrival(received_at=NOW))
    assert event.source == "api"


def test_the_batch_s_context_stands_behind_the_event_s() -> None:
    arrival = Arrival(received_at=NOW, context={"ip": "::1", "locale": "de-DE"})
    event = one(track(context={"locale": "fr-FR", "library": {"name": "analytics-node"}}), arrival)
    assert event.context["ip"] == "::1"
    assert event.context["locale"] == "fr-FR"
    assert event.source == "analytics-node"


def test_order_lines_are_made_plain() -> None:
    event = one(
        track(
            event="Order Completed",
            properties={
                "products": [
                    {"product_id": 7, "quantity": "2", "price": "9.50"},
                    {"sku": "s-1", "gift": True},
                ]
            },
        )
    )
    assert event.properties["products"] == [
        {"product_id": "7", "quantity": 2.0, "price": 9.5},
        {"sku": "s-1", "product_id": "s-1", "quantity": 1.0, "gift": True},
    ]


def test_an_order_of_one_item_is_an_order_of_one_line() -> None:
    event = one(track(event="Order Completed", properties={"product_id": "p", "price": 3}))
    assert event.properties["products"] == [{"product_id": "p", "quantity": 1.0, "price": 3.0}]


def test_a_refund_of_one_item_is_not_one_of_the_whole_order() -> None:
    event = one(track(event="Order Refunded", properties={"order_id": "o", "product_id": "p"}))
    assert event.properties["products"] == [{"product_id": "p", "quantity": 1.0}]


@pytest.mark.parametrize("event", ["Order Refunded", "Order Cancelled"])
def test_which_order_goes_back_is_not_taken_from_the_sender(event: str) -> None:
    line = {"product_id": "p", "ordered": "many", "orderedAt": "yesterday"}
    read_ = one(track(event=event, properties={"ordered": ["m"], "products": [line]}))
    assert read_.properties["products"] == [{"product_id": "p", "quantity": 1.0}]
    assert "ordered" not in read_.properties


def test_nothing_can_be_seen() -> None:
    event = one(track(event="Item Viewed", properties={"decisionId": "d", "itemId": None}))
    assert event.properties["itemId"] is None


CONSENT: list[tuple[dict[str, bool], dict[str, bool]]] = [
    ({}, {}),
    ({"Strictly Necessary": True}, {}),
    ({"personalization": False}, {"personalization": False}),
    ({"Personalization": True, "Advertising": False}, {"personalization": True}),
    ({"Advertising": False, "Functional": True}, {"personalization": False}),
    ({"Functional": True}, {"personalization": True}),
    ({"Analytics": False}, {"learning": False}),
    ({"learning": True, "analytics": False}, {"learning": True}),
    (
        {"Marketing": False, "Statistics": False},
        {"personalization": False, "learning": False},
    ),
]


@pytest.mark.parametrize(("preferences", "said"), CONSENT)
def test_what_consent_categories_say(preferences: dict[str, bool], said: dict[str, bool]) -> None:
    event = one(track(context={"consent": {"categoryPreferences": preferences}}))
    assert event.consent == said
    assert event.refused == tuple(purpose for purpose, allowed in said.items() if not allowed)


def test_a_refusal_by_header_stands_above_the_categories() -> None:
    arrival = Arrival(received_at=NOW, refused=("personalization", "learning"))
    consent = {"consent": {"categoryPreferences": {"personalization": True}}}
    event = one(track(context=consent), arrival)
    assert event.refused == ("personalization", "learning")
    assert event.consent == {"personalization": False, "learning": False}
