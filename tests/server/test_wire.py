"""What cannot be read is said clearly; what can be read arrives as it was meant."""

import gzip
import json
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wager import errors
from wager.domain.decisions import DecideRequest
from wager.server import wire

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_reads_what_json_writes(value: object, spaced: bool) -> None:
    body = json.dumps(value, indent=1 if spaced else None).encode()
    assert wire.read(body) == value


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"{", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": Infinity}', "not JSON"),
        (b'{"a": 1e999}', "not JSON"),
        (b'{"a": 1} 2', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\\ud800"}', "not JSON"),
        (b"[" * 100_000, "nested deeper"),
        (b"[" * 33 + b"]" * 33, "nested deeper"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "nested deeper"),
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "'c' stands twice"),
        (b'{"a" : 1, "a" : 2}', "'a' stands twice"),
    ],
)
def test_refuses_what_is_not_json(body: bytes, says: str) -> None:
    with pytest.raises(wire.Malformed, match=says):
        wire.read(body)


def test_the_deepest_that_is_read() -> None:
    body = b"[" * 32 + b"]" * 32
    assert json.dumps(wire.read(body)).encode() == body
    wide = b"[" + b",".join([b'{"a":[{"b":1}]}'] * 200) + b"]"
    assert len(wire.read(wide)) == 200


def test_a_colon_within_text_is_no_name() -> None:
    assert wire.read(b'{"a":"\\":","b":"\\u0022:"}') == {"a": '":', "b": '":'}


def test_convert_names_the_place() -> None:
    with pytest.raises(errors.BadInput, match=r"\$\.placement"):
        wire.convert({"placement": 3}, DecideRequest)
    with pytest.raises(errors.BadInput, match="unknown field `userid`"):
        wire.convert({"placement": "home", "userid": "u"}, DecideRequest)


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    limit: int = 3
    q: str = ""
    until: int | None = None


def test_query() -> None:
    assert wire.query(b"", Asked) == Asked()
    assert wire.query(b"limit=5&q=a+b%C3%BC", Asked) == Asked(5, "a bü")
    assert wire.query(b"q=null", Asked) == Asked(q="null")


@pytest.mark.parametrize(
    "raw",
    [b"limit=x", b"limit=5&limit=6", b"limits=5", b"q=%ff", b"until=null", b"q=1;" + b"&a=1" * 60],
)
def test_query_refused(raw: bytes) -> None:
    with pytest.raises(errors.BadInput):
        wire.query(raw, Asked)


def test_inflate() -> None:
    plain = b"x" * 5000
    assert wire.inflate(gzip.compress(plain), 5000) == plain
    with pytest.raises(errors.TooLarge, match="4 kB"):
        wire.inflate(gzip.compress(plain), 4096)
    with pytest.raises(wire.Malformed, match="cut off"):
        wire.inflate(gzip.compress(plain)[:-3], 5000)
    with pytest.raises(wire.Malformed, match="cut off or has something after"):
        wire.inflate(gzip.compress(plain) + b"x", 5000)
    with pytest.raises(wire.Malformed, match="is not"):
        wire.inflate(zlib.compress(plain), 5000)


def test_a_bomb_is_never_unpacked_beyond_the_limit() -> None:
    bomb = gzip.compress(bytes(200_000_000), compresslevel=9)
    with pytest.raises(errors.TooLarge):
        wire.inflate(bomb, 32 * wire.KB)


def all_errors(kind: type[errors.WagerError] = errors.WagerError) -> list[type[errors.WagerError]]:
    return [kind, *(below for one in kind.__subclasses__() for below in all_errors(one))]


MADE: dict[type[errors.WagerError], errors.WagerError] = {
    errors.UnknownName: errors.UnknownName("placement", "hom", ["home"]),
    errors.TooMany: errors.TooMany(2.5),
    errors.MissingExtra: errors.MissingExtra("the console", "console"),
    wire.WrongMethod: wire.WrongMethod("PUT", ["GET"]),
}


@pytest.mark.parametrize("kind", [one for one in all_errors() if one.__module__ == errors.__name__])
def test_every_error_has_a_status_and_the_one_shape(kind: type[errors.WagerError]) -> None:
    reply = wire.problem(MADE.get(kind) or kind())
    said = msgspec.json.decode(reply.body, type=wire.Problem)
    assert 400 <= reply.status == said.status < 600
    assert reply.media == "application/problem+json"
    assert said.detail


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (errors.UnknownName("placement", "hom", ["home"]), 422, None),
        (errors.NotFound(), 404, None),
        (errors.Conflict(), 409, None),
        (errors.NotAllowed(), 403, None),
        (errors.Unauthorized(), 401, b"www-authenticate"),
        (errors.TooMany(2.5), 429, b"retry-after"),
        (errors.TooLarge(), 413, None),
        (errors.StoreFailed(), 503, None),
        (wire.Malformed(), 400, None),
        (wire.UnsupportedMedia(), 415, None),
        (wire.WrongMethod("PUT", ["GET"]), 405, b"allow"),
    ],
)
def test_status_of_errors(error: errors.WagerError, status: int, header: bytes | None) -> None:
    reply = wire.problem(error)
    assert reply.status == status
    assert [name for name, _ in reply.headers] == ([header] if header else [])


def test_titles_are_those_of_the_reference_with_every_python() -> None:
    assert wire.title_of(422) == "Unprocessable Content"
    assert wire.title_of(413) == "Content Too Large"
    assert wire.title_of(404) == "Not Found"


def test_retry_after_is_rounded_up() -> None:
    assert wire.problem(errors.TooMany(2.1)).headers == ((b"retry-after", b"3"),)
    assert wire.problem(errors.TooMany(0.01)).headers == ((b"retry-after", b"1"),)


def test_unknown_placement_as_the_contract_shows_it() -> None:
    reply = wire.problem(errors.UnknownName("placement", "hom", ["home"]))
    said = msgspec.json.decode(reply.body)
    assert said["detail"] == "no placement is named 'hom'; known placements: ['home']"
    assert said["code"] == "unknown-placement"
