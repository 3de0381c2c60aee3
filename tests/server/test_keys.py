"""Keys are made once, kept as hashes, and never have a default."""

import os
from base64 import b64encode
from pathlib import Path

import pytest

import wager
from wager.errors import BadInput, StoreError
from wager.server.keys import Keys, open_keys, signing_file

GIVEN = {
    "WAGER_SECRET_KEY": "given-secret-key",
    "WAGER_PUBLIC_KEY": "given-public-key",
    "WAGER_SIGNING_SECRET": "given-signing-secret-of-32-characters-and-more",
}


def basic(key: str) -> bytes:
    return b"Basic " + b64encode(f"{key}:".encode())


def test_made_at_first_start_and_shown_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with wager.open(url) as engine:
        first = open_keys(engine.stores, {})
        assert set(first.made) == set(GIVEN)
        secret, public = first.made["WAGER_SECRET_KEY"], first.made["WAGER_PUBLIC_KEY"]
        assert secret.startswith("wsk_") and public.startswith("wpk_")
        kept = engine.stores.kept("keys")
        assert kept is not None and secret.encode() not in kept and public.encode() not in kept
    with wager.open(url) as engine:
        second = open_keys(engine.stores, {})
        assert second.made == {}
        assert second.signing_secret == first.signing_secret
        assert second.keys.role(secret) == "secret"
        assert second.keys.role(public) == "public"
        renewed = open_keys(engine.stores, {}, new=True)
        assert renewed.keys.role(secret) is None and renewed.keys.role(public) is None
        assert renewed.signing_secret != first.signing_secret
        assert renewed.keys.role(renewed.made["WAGER_SECRET_KEY"]) == "secret"
    for file in tmp_path.iterdir():
        body = file.read_bytes()
        assert secret.encode() not in body and public.encode() not in body, file


def test_no_two_stores_have_the_same_keys() -> None:
    made = []
    for _ in range(2):
        with wager.open("memory://") as engine:
            made.append(open_keys(engine.stores, {}).made)
    assert not set(made[0].values()) & set(made[1].values())


def test_the_signing_secret_is_its_owners_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    before = os.umask(0)
    try:
        with wager.open(url) as engine:
            opened = open_keys(engine.stores, {})
            file = signing_file(engine.stores.url)
            assert file is not None
            assert file.read_text().strip() == opened.signing_secret
            assert file.stat().st_mode & 0o777 == 0o600
            file.chmod(0o640)
            with pytest.raises(StoreError, match="chmod 600"):
                open_keys(engine.stores, {})
    finally:
        os.umask(before)


def test_the_environment_comes_first() -> None:
    with wager.open("memory://") as engine:
        opened = open_keys(engine.stores, GIVEN)
        assert opened.made == {}
        assert opened.signing_secret == GIVEN["WAGER_SIGNING_SECRET"]
        assert opened.keys.role("given-secret-key") == "secret"
        assert opened.keys.role("given-public-key") == "public"


@pytest.mark.parametrize(
    "wrong",
    [
        {"WAGER_SECRET_KEY": "short"},
        {"WAGER_PUBLIC_KEY": "given-secret-key"},
        {"WAGER_SIGNING_SECRET": "too short for HS256"},
    ],
)
def test_keys_that_protect_nothing_are_refused(wrong: dict[str, str]) -> None:
    with wager.open("memory://") as engine, pytest.raises(BadInput, match="WAGER_"):
        open_keys(engine.stores, GIVEN | wrong)


@pytest.fixture
def keys() -> Keys:
    with wager.open("memory://") as engine:
        return open_keys(engine.stores, GIVEN).keys


def test_basic_and_bearer(keys: Keys) -> None:
    for _ in range(2):  # the second time from memory
        assert keys.role_of_header(b"Bearer given-secret-key") == "secret"
        assert keys.role_of_header(b"bearer  given-public-key") == "public"
        assert keys.role_of_header(basic("given-secret-key")) == "secret"
        assert keys.role_of_header(basic("given-public-key")) == "public"


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer nobody",
        b"given-secret-key",
        b"Digest given-secret-key",
        b"Basic %%%",
        b"Basic " + b64encode(b"\xff\xfe:"),
        b"Basic " + b64encode(b":given-secret-key"),
        b"Bearer given-secret-key\xff",
        basic(""),
    ],
)
def test_what_is_no_key(keys: Keys, header: bytes) -> None:
    assert keys.role_of_header(header) is None
