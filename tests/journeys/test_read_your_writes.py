"""What was acknowledged is in force in the very next request, also after a restart."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

Ask = Callable[[str], Any]


def shown(server: Any, user_id: str) -> list[str]:
    answer = server.ask("POST", "/v1/decide", {"placement": "home", "userId": user_id})
    return [choice["itemId"] for choice in answer["choices"]]


def feedback(server: Any, event: str, user_id: str, item_id: str) -> None:
    body = {"event": event, "userId": user_id, "properties": {"itemId": item_id}}
    answer = server.ask("POST", "/v1/track", body)
    assert answer["success"] is True
    assert [one["kind"] for one in answer["effects"]]


def test_a_dislike_is_in_force_in_the_next_decision(server: Any) -> None:
    for _ in range(15):
        first = shown(server, "u-1")[0]
        feedback(server, "Item Disliked", "u-1", first)
        for _ in range(3):
            assert first not in shown(server, "u-1")


def test_a_trait_opens_a_segment_at_once(server: Any) -> None:
    condition = 'profile.traits.plan == "gold"'
    server.ask("PUT", "/v1/segments/gold", {"condition": condition})
    server.ask("POST", "/v1/identify", {"userId": "u-2", "traits": {"plan": "gold"}})
    asked = {"placement": "home", "userId": "u-2", "explain": True, "preview": True}
    assert server.ask("POST", "/v1/decide", asked)["segments"] == ["gold"]


def test_for_ever_through_merges_and_restarts(start: Ask, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    server = start(url)
    server.ask("POST", "/v1/items", [{"itemId": f"p-{number}"} for number in range(6)])
    server.ask("PUT", "/v1/placements/home", {"slots": 6, "default": "p-0"})
    body = {"event": "Item Disliked", "anonymousId": "a-3", "properties": {"itemId": "p-3"}}
    server.ask("POST", "/v1/track", body)
    server.ask("POST", "/v1/identify", {"userId": "u-3", "anonymousId": "a-3"})
    assert "p-3" not in shown(server, "u-3")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=60) == 0
    server = start(url)
    assert "p-3" not in shown(server, "u-3")
    feedback(server, "Item Unblocked", "u-3", "p-3")
    profile = server.ask("GET", "/v1/profiles/user_id/u-3")
    assert profile["blocked"] == {}
