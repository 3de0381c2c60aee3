"""A user token proves what it says only if it is signed, in force, and of the one algorithm."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from wager.collect.tokens import subject

SECRET = "a signing secret that is long enough for HS256"
NOW = datetime(2026, 1, 5, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def signed(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, secret, algorithm)


def by_hand(header: dict[str, str], claims: dict[str, Any], signature: str = "") -> str:
    parts = (json.dumps(header), json.dumps(claims))
    texts = [base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts]
    return ".".join((*texts, signature))


def test_a_good_token_proves_its_subject_until_it_expires() -> None:
    token = signed({"sub": "u-1", "exp": LATER})
    assert subject(token, SECRET, NOW) == "u-1"
    assert subject(token, SECRET, LATER - timedelta(seconds=1)) == "u-1"
    assert subject(token, SECRET, LATER) is None


def test_the_clock_of_the_machine_is_not_asked() -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    token = signed({"sub": "u-1", "exp": long_ago + timedelta(hours=1), "iat": NOW})
    assert subject(token, SECRET, long_ago) == "u-1"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed({"sub": "u-1", "exp": LATER}, "b" * 40), id="another secret"),
        pytest.param(signed({"sub": "u-1", "exp": LATER}, "b" * 80, "HS512"), id="HS512"),
        pytest.param(signed({"sub": "u-1", "exp": LATER}, SECRET * 2, "HS384"), id="HS384"),
        pytest.param(by_hand({"alg": "none"}, {"sub": "u-1", "exp": 9e9}), id="alg none"),
        pytest.param(by_hand({"alg": "None"}, {"sub": "u-1", "exp": 9e9}), id="alg None"),
        pytest.param(by_hand({}, {"sub": "u-1", "exp": 9e9}, "AA"), id="no alg"),
        pytest.param(signed({"sub": "u-1"}), id="no exp"),
        pytest.param(signed({"exp": LATER}), id="no sub"),
        pytest.param(signed({"sub": "", "exp": LATER}), id="empty sub"),
        pytest.param(signed({"sub": "u-1", "exp": LATER, "nbf": LATER}), id="not yet"),
        pytest.param(signed({"sub": "u-1", "exp": LATER})[:-3], id="cut"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="no token"),
        pytest.param("é.é.é", id="not ascii"),
        pytest.param("\ud800", id="a lone surrogate"),
        pytest.param("a" * 10_000, id="huge"),
    ],
)
def test_nothing_else_proves_anything(token: str) -> None:
    assert subject(token, SECRET, NOW) is None


@pytest.mark.parametrize("user_id", [17, None, ["u-1"], {"id": "u-1"}])
def test_a_subject_is_text(user_id: object) -> None:
    header = {"alg": "HS256", "typ": "JWT"}
    unsigned = by_hand(header, {"sub": user_id, "exp": 9e9}).rstrip(".")
    algorithm = jwt.get_algorithm_by_name("HS256")
    signature = algorithm.sign(unsigned.encode(), SECRET.encode())
    text = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    assert subject(f"{unsigned}.{text}", SECRET, NOW) is None


@pytest.mark.parametrize("expires", [True, "9999999999", None])
def test_an_expiry_is_a_number(expires: object) -> None:
    header = {"alg": "HS256", "typ": "JWT"}
    unsigned = by_hand(header, {"sub": "u-1", "exp": expires}).rstrip(".")
    signature = jwt.get_algorithm_by_name("HS256").sign(unsigned.encode(), SECRET.encode())
    text = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    assert subject(f"{unsigned}.{text}", SECRET, NOW) is None


def test_without_a_secret_nothing_can_be_proven() -> None:
    assert subject(signed({"sub": "u-1", "exp": LATER}), "", NOW) is None
