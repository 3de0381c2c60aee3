"""Alive, ready, counted, described: without a key, and without anything from outside."""

import re
from html.parser import HTMLParser

import httpx
from prometheus_client.parser import text_string_to_metric_families

Headers = dict[str, str]


def test_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["status"] == "ready"
    assert client.head("/healthz").status_code == 200


def test_home_leads_somewhere(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 307 and answer.headers["location"] == "/docs"


def figures(client: httpx.Client) -> dict[tuple[str, str], float]:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_metrics(client: httpx.Client, secret: Headers) -> None:
    track = {"event": "Product Viewed", "userId": "u-1", "messageId": "m-1"}
    client.post("/v1/batch", headers=secret, json={"batch": [{"type": "track"} | track, {}]})
    client.post("/v1/track", headers=secret, json=track)
    client.post("/v1/decide", headers=secret, json={"placement": "home", "userId": "u-1"})
    client.post("/v1/decide", headers=secret, json={"placement": "nowhere"})
    client.get("/v1/profiles/user_id/u-77", headers=secret)
    found = figures(client)
    assert found["wager_events_total", "accepted"] == 1
    assert found["wager_events_total", "duplicate"] == 1
    assert found["wager_events_total", "quarantined"] == 1
    assert found["wager_requests_total", "post /v1/decide,200"] == 1
    assert found["wager_requests_total", "post /v1/decide,422"] == 1
    assert found["wager_requests_total", "get /v1/profiles/{kind}/{value},404"] == 1
    assert found["wager_decide_seconds_count", ""] == 1
    assert sum(value for (name, _), value in found.items() if name == "wager_decisions_total") == 1
    assert found["wager_requests_under_way", ""] == 1  # this one


class Fetched(HTMLParser):
    found: list[str]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "img", "iframe"):
            self.found.append(tag)
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


def test_docs_fetch_nothing_and_name_every_route(client: httpx.Client) -> None:
    answer = client.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    parser = Fetched()
    parser.found = []
    parser.feed(answer.text)
    assert parser.found == ["/openapi.json"]
    assert not re.search(r"url\(|@import|https?://", answer.text)
    for path in client.get("/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in answer.text
