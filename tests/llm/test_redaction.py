"""What is taken out of a text before it is kept, and what stays in it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from dropin_pairs import chat, gpt, outcome, rows
from partners import KEY, calls, completion, provider, reply, stream

from sophia_cli.llm import CallFailed
from sophia_cli.llm.failure import Failure
from sophia_cli.llm.redaction import Redaction, hide_keys
from sophia_cli.llm.secret import Secret

LEFT_ALONE = [
    "",
    "Summarise this contract, please.",
    "2026-11-24 12:30:45.123456 +01:00",
    "version 1.2.3, then 10.20.30.40.50",
    "a@b and @decorator and user@localhost",
    "std::vector<int> a::b Foo::Bar 12:30:45 ::",
    "order 1234567890123456, invoice 20261124-0001",
    "4111 1111 1111 1112",
    "0000 0000 0000 0000",
    "3.14159265358979323846264338327950288",
    "GB82 WEST 1234 5698 7654 33",
    "AB12CDEF",
    "task-force, risk-free, sk-short, bearer of bad news, Bearer authentication",
    "the api_key is wrong",
    "123 456 78",
    "id 550e8400-e29b-41d4-a716-446655440000",
    "commit 20a0b39f3c5d1e8a7b6c5d4e3f2a1b0c9d8e7f6a",
    "Zahlen: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_left_alone(text: str) -> None:
    assert Redaction().text(text) == text


TAKEN_OUT = [
    ("mail bob.o'neil+x@mail.example.co.uk now", "mail bob.o'[email] now"),
    ("<a.b@example.com>, c@d.io.", "<[email]>, [email]."),
    ("+49 (0)30 1234567 or 0049 170 1234567", "[phone] or [phone]"),
    ("+1 415-555-2671, (415) 555-2671, 415.555.2671", "[phone], [phone], [phone]"),
    ("+14155552671", "[phone]"),
    ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [iban]."),
    ("GB82WEST12345698765432", "[iban]"),
    ("4111111111111111", "[credit_card]"),
    ("card 4111 1111 1111 1111 12/27 123", "card [credit_card] 12/27 123"),
    ("100 4111-1111-1111-1111", "100 [credit_card]"),
    ("amex 3782 822463 10005", "amex [credit_card]"),
    ("from 10.0.0.1.", "from [ip]."),
    ("::1, fe80::1 and 2001:db8::8a2e:370:7334", "[ip], [ip] and [ip]"),
    ("sk-or-v1-0123456789abcdef0123", "[api_key]"),
    ("sk-ant-api03-0123456789abcdef_-x", "[api_key]"),
    ("sk-proj-0123456789abcdef", "[api_key]"),
    ("ghp_0123456789abcdefghij", "[api_key]"),
    ("AKIAIOSFODNN7EXAMPLE", "[api_key]"),
    ("AIzaSyA0123456789012345678901234567890", "[api_key]"),
    ("eyJhbGciOiJIUzI1.eyJzdWIiOiIx.SflKxwRJSMe", "[api_key]"),
    ("Authorization: Bearer abcdefgh1234567", "Authorization: Bearer [api_key]"),
    ("bearer AbCdEfGh1234567, then", "bearer [api_key], then"),
    ('{"api_key": "abcdefgh12345"}', '{"api_key": "[api_key]"}'),
    ("?api_key=abcdefgh12345&x=1", "?api_key=[api_key]&x=1"),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY----- end",
        "[api_key] end",
    ),
]


@pytest.mark.parametrize(("text", "expected"), TAKEN_OUT)
def test_taken_out(text: str, expected: str) -> None:
    assert Redaction().text(text) == expected
    assert Redaction().text(expected) == expected


def test_only_the_rules_that_are_named_are_followed() -> None:
    text = "a@example.com 10.0.0.1"
    assert Redaction(("ip",)).text(text) == "a@example.com [ip]"
    assert Redaction(()).text(text) == text
    own = Redaction((), {"ticket": re.compile(r"ABC-\d+")})
    assert own.text("see ABC-123") == "see [ticket]"


def test_every_text_of_a_request_is_looked_at_and_names_stay() -> None:
    request = {
        "model": "m",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a@example.com"}]}],
        "metadata": {"a@example.com": ["10.0.0.1", 5, None, True]},
    }
    assert Redaction().value(request) == {
        "model": "m",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "[email]"}]}],
        "metadata": {"a@example.com": ["[ip]", 5, None, True]},
    }


@pytest.mark.parametrize("unit", ["a", "1", "1 ", "1.", "@", "a:", "+1 ", "AB12 ", "sk-", "0049"])
def test_the_time_grows_with_the_text_and_not_with_its_square(unit: str) -> None:
    """A quadratic pattern would need hours for these, not a second."""
    Redaction().text(unit * 100_000)


def test_a_key_in_use_is_hidden_whatever_its_shape() -> None:
    Secret("plain words 123", "TEST")
    Secret("plain words 123 and more", "TEST")
    Secret("short", "TEST")
    assert hide_keys("no: plain words 123 and more; plain words 123; short") == (
        "no: [api_key]; [api_key]; short"
    )
    assert Failure("auth", "wrong key plain words 123").message == "wrong key [api_key]"


ECHOES = [
    reply({"error": {"message": f"the key {KEY} is wrong"}}, 401),
    reply({"message": f"{KEY}: unknown; Bearer abcdefgh12345678"}, 403),
    reply({"error": f"bad {KEY}"}),
    stream({"error": {"message": f"bad {KEY}", "code": 500}}, done=False),
    reply(b"", 307, location=f"https://login.example/?key={KEY}"),
]


@pytest.mark.parametrize("number", range(len(ECHOES)))
def test_a_provider_that_says_the_key_back(scripted: Any, service: Any, number: int) -> None:
    asked = service(provider("p", scripted(ECHOES[number]).url))
    for ask in (asked.complete_text_sync, lambda text: list(asked.complete_sync(text))):
        with pytest.raises(CallFailed) as caught:
            ask("hi")
        assert KEY not in str(caught.value) and "12345678" not in str(caught.value)
    rows = asked.engine.ledger.read("SELECT * FROM calls") + asked.engine.ledger.read(
        "SELECT * FROM attempts"
    )
    assert len(calls(asked)) == 2 and KEY not in repr(rows) and "12345678" not in repr(rows)
    assert "[api_key]" in repr(rows)


def test_an_answer_is_never_redacted(scripted: Any, service: Any) -> None:
    text = f"write to a@example.com from 10.0.0.1 with {KEY}"
    asked = service(provider("p", scripted(reply(completion(text))).url))
    assert asked.complete_text_sync("hi") == text


def test_a_clients_own_key_that_is_said_back_is_not_in_the_ledger(scripted: Any) -> None:
    """The client gets its vendor's words as they are; what is written down is ours."""
    words = "the key vendor-key is none, nor is vendor-key"
    server = scripted(reply({"error": {"message": words}}, 401))
    with gpt(server.url, through_us=True) as client:
        failed = outcome(lambda: chat(client))
    assert failed.status == 401 and words in failed.words
    assert rows("error") == [("the key [api_key] is none, nor is [api_key]",)]
