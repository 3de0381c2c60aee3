"""Which profile an event goes to, and who merges: two profiles rather than one wrong one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wager.domain.events import Event
from wager.domain.identity import Identity
from wager.domain.profiles import Profile
from wager.unify.identities import LIMITS, Resolution, named, resolve

START = datetime(2026, 1, 5, 12, tzinfo=UTC)


def ids(*texts: str) -> tuple[Identity, ...]:
    return tuple(Identity(*text.split(":", 1)) for text in texts)


def event(*texts: str, previous: str | None = None, **fields: Any) -> Event:
    return Event(
        message_id="m",
        kind="alias" if previous else "identify",
        at=START,
        received_at=START,
        identities=ids(*texts),
        previous=ids(previous)[0] if previous else None,
        **fields,
    )


class People:
    """Profiles by name, the earlier ones first seen earlier."""

    def __init__(self, **identities: tuple[str, ...]) -> None:
        self.profiles = {
            name: Profile(
                profile_id=name,
                created_at=START + timedelta(days=place),
                updated_at=START,
                identities=ids(*texts),
            )
            for place, (name, texts) in enumerate(identities.items())
        }
        self.found = {
            identity: name
            for name, profile in self.profiles.items()
            for identity in profile.identities
        }

    def resolve(self, event: Event) -> Resolution:
        found = {each: self.found[each] for each in named(event) if each in self.found}
        return resolve(event, found, self.profiles)


def test_nobody_known_makes_a_new_profile() -> None:
    resolution = People().resolve(event("user_id:u", "anonymous_id:a"))
    assert resolution == Resolution(profile_id=None, links=ids("user_id:u", "anonymous_id:a"))


def test_a_known_identity_leads_to_its_profile() -> None:
    assert People(p=("user_id:u",)).resolve(event("user_id:u")) == Resolution(profile_id="p")


def test_the_anonymous_becomes_known() -> None:
    people = People(p=("anonymous_id:a",))
    resolution = people.resolve(event("user_id:u", "anonymous_id:a"))
    assert resolution == Resolution(profile_id="p", links=ids("user_id:u"))


def test_an_anonymous_profile_merges_into_the_known_one() -> None:
    people = People(a=("anonymous_id:a",), p=("user_id:u",))
    resolution = people.resolve(event("user_id:u", "anonymous_id:a"))
    assert resolution == Resolution(profile_id="p", merges=("a",))


def test_a_second_user_on_the_same_device_is_another_person() -> None:
    people = People(p=("user_id:u", "anonymous_id:a"))
    resolution = people.resolve(event("user_id:v", "anonymous_id:a"))
    assert resolution == Resolution(profile_id=None, links=ids("user_id:v"))
    both = People(p=("user_id:u", "anonymous_id:a"), q=("user_id:v",))
    assert both.resolve(event("user_id:v", "anonymous_id:a")) == Resolution(profile_id="q")


def test_two_known_people_with_one_address_stay_two() -> None:
    people = People(p=("user_id:u", "email:family@example.com"), q=("user_id:v",))
    resolution = people.resolve(event("user_id:v", "email:family@example.com"))
    assert resolution == Resolution(profile_id="q")


def test_an_address_brings_together_what_nobody_else_claims() -> None:
    people = People(m=("email:ada@example.com",), a=("anonymous_id:a",), p=("user_id:u",))
    asserted = event("user_id:u", "email:ada@example.com", "anonymous_id:a")
    assert people.resolve(asserted) == Resolution(profile_id="p", merges=("m", "a"))
    without = event("email:ada@example.com", "anonymous_id:a")
    assert people.resolve(without) == Resolution(profile_id="m", merges=("a",))


def test_the_known_person_s_id_stays_else_the_first_seen() -> None:
    people = People(m=("email:ada@example.com",), p=("user_id:u", "anonymous_id:a"))
    resolution = people.resolve(event("email:ada@example.com", "anonymous_id:a"))
    assert resolution == Resolution(profile_id="p", merges=("m",))


@pytest.mark.parametrize("kind", ["email", "phone", "anonymous_id", "crm_id"])
def test_beyond_the_limit_of_its_kind_nothing_is_linked(kind: str) -> None:
    limit = LIMITS.get(kind, 20)
    full = People(p=("user_id:u", *(f"{kind}:{n}x" for n in range(limit))))
    assert full.resolve(event("user_id:u", f"{kind}:new")) == Resolution(profile_id="p")
    other = People(p=("user_id:u", *(f"{kind}:{n}x" for n in range(limit))), q=(f"{kind}:other",))
    assert other.resolve(event("user_id:u", f"{kind}:other")) == Resolution(profile_id="p")
    nearly = People(p=("user_id:u", *(f"{kind}:{n}x" for n in range(limit - 1))))
    resolution = nearly.resolve(event("user_id:u", f"{kind}:new"))
    assert resolution.links == ids(f"{kind}:new")


@pytest.mark.parametrize("value", ["", "null", "UNDEFINED", "anonymous", "0", "test@test.com"])
def test_blocked_values_join_nobody(value: str) -> None:
    people = People(p=("user_id:u",), q=(f"email:{value}",))
    resolution = people.resolve(event("user_id:u", f"email:{value}"))
    assert resolution == Resolution(profile_id="p")


def test_an_alias_joins_an_anonymous_id() -> None:
    people = People(a=("anonymous_id:a",), p=("user_id:u",))
    resolution = people.resolve(event("user_id:u", previous="user_id:a"))
    assert resolution == Resolution(profile_id="p", merges=("a",))
    fresh = People().resolve(event("user_id:u", previous="user_id:a"))
    assert fresh == Resolution(profile_id=None, links=ids("user_id:u", "anonymous_id:a"))
    renamed = People(a=("anonymous_id:a",)).resolve(event("user_id:u", previous="user_id:a"))
    assert renamed == Resolution(profile_id="a", links=ids("user_id:u"))


def test_an_alias_under_a_secret_key_joins_even_two_known_people() -> None:
    people = People(p=("user_id:old",), q=("user_id:new",))
    resolution = people.resolve(event("user_id:new", previous="user_id:old"))
    assert resolution == Resolution(profile_id="q", merges=("p",))
    renamed = People(p=("user_id:old",)).resolve(event("user_id:new", previous="user_id:old"))
    assert renamed == Resolution(profile_id="p", links=ids("user_id:new"))
    again = People(p=("user_id:new", "user_id:old"))
    assert again.resolve(event("user_id:new", previous="user_id:old")).merges == ()


def test_who_has_two_user_ids_by_alias_still_gains_devices() -> None:
    people = People(p=("user_id:new", "user_id:old"), a=("anonymous_id:a",))
    assert people.resolve(event("user_id:old", "anonymous_id:a")).merges == ("a",)
    assert people.resolve(event("user_id:old", "anonymous_id:b")).links == ids("anonymous_id:b")
    third = People(p=("user_id:new", "user_id:old", "anonymous_id:a"), q=("user_id:third",))
    assert third.resolve(event("user_id:third", "anonymous_id:a")).merges == ()


def test_a_public_alias_cannot_take_a_known_person_over() -> None:
    """With a valid token for `mallory`; a public key's earlier id is never a user's."""
    people = People(v=("user_id:victim", "anonymous_id:browser"), m=("user_id:mallory",))
    for earlier in ("anonymous_id:browser", "anonymous_id:victim"):
        resolution = people.resolve(event("user_id:mallory", previous=earlier))
        assert resolution.profile_id == "m"
        assert resolution.merges == ()
    new = People(v=("user_id:victim", "anonymous_id:browser"))
    resolution = new.resolve(event("user_id:mallory", previous="anonymous_id:browser"))
    assert resolution == Resolution(profile_id=None, links=ids("user_id:mallory"))


def test_a_public_alias_joins_an_anonymous_profile() -> None:
    people = People(a=("anonymous_id:a",), p=("user_id:u",))
    resolution = people.resolve(event("user_id:u", previous="anonymous_id:a"))
    assert resolution == Resolution(profile_id="p", merges=("a",))


def test_a_blocked_earlier_id_says_nothing() -> None:
    people = People(p=("user_id:u",))
    assert people.resolve(event("user_id:u", previous="user_id:null")) == Resolution(profile_id="p")
