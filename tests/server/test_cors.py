"""Browsers are let in from the origins that were named, and only from those."""

import httpx
import pytest

from wager.errors import BadInput, NotAllowed
from wager.server.cors import Origins

HERE, ELSEWHERE = "https://shop.example", "https://evil.example"


def preflight(client: httpx.Client, origin: str, path: str = "/v1/decide") -> dict[str, str]:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    response = client.options(path, headers=headers)
    assert response.status_code == (204 if origin != ELSEWHERE else 403)
    return dict(response.headers)


def test_a_named_origin_may_send(client: httpx.Client, public: dict[str, str]) -> None:
    for origin in (HERE, "https://www.shop.example"):
        allowed = preflight(client, origin)
        assert allowed["access-control-allow-origin"] == origin
        assert "POST" in allowed["access-control-allow-methods"]
        assert "authorization" in allowed["access-control-allow-headers"]
        assert allowed["vary"] == "Origin"
        assert "access-control-allow-credentials" not in allowed
        answer = client.post(
            "/v1/decide", headers=public | {"Origin": origin}, json={"placement": "home"}
        )
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == origin


def test_another_origin_may_not(client: httpx.Client, public: dict[str, str]) -> None:
    for origin in (ELSEWHERE, "null", "https://shop.example.evil.example", "http://shop.example"):
        answer = client.post(
            "/v1/decide", headers=public | {"Origin": origin}, json={"placement": "home"}
        )
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in preflight(client, ELSEWHERE)


def test_errors_can_be_read_by_the_page(client: httpx.Client) -> None:
    answer = client.post("/v1/decide", headers={"Origin": HERE}, json={"placement": "home"})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == HERE


def test_nobody_is_named() -> None:
    origins = Origins("")
    assert origins.headers(b"https://shop.example") == ()
    with pytest.raises(NotAllowed, match="WAGER_ORIGINS"):
        origins.preflight(b"https://shop.example")


def test_everybody_is_named() -> None:
    origins = Origins("*")
    assert origins.headers(b"https://any.example") == ((b"access-control-allow-origin", b"*"),)
    assert origins.preflight(b"https://any.example").status == 204


def test_options_without_a_preflight(client: httpx.Client) -> None:
    answer = client.options("/v1/decide")
    assert answer.status_code == 204
    assert answer.headers["allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("named", ["shop.example", "https://", "https://shop.example/page", "a b"])
def test_what_no_page_comes_from_is_no_origin(named: str) -> None:
    with pytest.raises(BadInput, match="an origin is like"):
        Origins(f"https://www.shop.example, {named}")


def test_origins_are_lower_case_as_browsers_write_them() -> None:
    assert Origins("https://Shop.Example/").preflight(HERE.encode()).status == 204
