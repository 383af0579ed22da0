from __future__ import annotations

import base64
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.edge.redaction import MASK, Redactor, redactor_for

SECRET = "s3cr3t/Value+with=signs"
PRINTABLE = st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_categories=["Cc", "Cs"])
SECRETS = st.text(PRINTABLE, min_size=6, max_size=40).filter(lambda text: MASK not in text and "*" not in text)


def test_a_known_value_is_masked_wherever_it_stands() -> None:
    assert Redactor([SECRET])(f"a{SECRET}b {SECRET}") == f"a{MASK}b {MASK}"


@pytest.mark.parametrize("around", ["", "u", "us", "use", "user:"])
def test_base64_is_masked_at_every_alignment(around: str) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(f"{around}{SECRET}{around}".encode()).decode()
        masked = Redactor([SECRET])(f"Basic {text}")
        assert MASK in masked
        assert len(masked) < len("Basic ") + len(MASK) + 2 * len(around) + 8


@pytest.mark.parametrize(
    "form",
    [
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d"),
    ],
)
def test_url_encoding_is_masked(form: str) -> None:
    assert Redactor([SECRET])(f"?x={form}&y=1") == f"?x={MASK}&y=1"


def test_every_line_of_a_secret_of_many_lines_is_masked() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nab\nkqhkiG9w0BAQEF\n-----END KEY-----\n"
    redact = Redactor([key])
    assert redact(key) == MASK
    for line in key.splitlines():
        assert redact(f"log: {line}") == (f"log: {MASK}" if len(line) >= 6 else f"log: {line}")


def test_a_longer_secret_is_masked_before_one_that_it_contains() -> None:
    assert Redactor(["password", "password-long"])("password-long") == MASK


def test_short_values_would_blank_out_ordinary_words() -> None:
    assert Redactor(["", "a", "true", "12345"])("a true 12345") == "a true 12345"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://ada:pw@host/x", f"https://{MASK}@host/x"),
        ("https://ada:p@ss:w@host/x", f"https://{MASK}@host/x"),
        ("https://x-access-token:ghs_abc@github.com/a.git", f"https://{MASK}@github.com/a.git"),
        (f"https://{'t' * 20}@host", f"https://{MASK}@host"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("https://host:8080/x", "https://host:8080/x"),
        ("postgres://u:p@a,b mail a@b.c", f"postgres://{MASK}@a,b mail a@b.c"),
        ("git@host:a/b.git", "git@host:a/b.git"),
        ("https://a.blob/x?sv=1&sig=ab%2Bc&se=2", f"https://a.blob/x?sv=1&sig={MASK}&se=2"),
        ("https://s3/x?X-Amz-Signature=abc&y=1", f"https://s3/x?X-Amz-Signature={MASK}&y=1"),
        ("https://h/x?token=abc", f"https://h/x?token={MASK}"),
        ("'https://h/x?access_token=abc'", f"'https://h/x?access_token={MASK}'"),
        ("https://h/x?design=abc", "https://h/x?design=abc"),
        ("sig=abc without an address", "sig=abc without an address"),
    ],
)
def test_credentials_in_addresses_are_masked(text: str, masked: str) -> None:
    assert Redactor([])(text) == masked


@pytest.mark.parametrize(
    "name",
    ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "API_KEY", "apikey", "AZURE_STORAGE_CONNECTION_STRING",
     "AZURE_STORAGE_SAS", "SENTRY_DSN", "SSH_PRIVATE", "KEY", "HTTP_AUTH", "SESSION_COOKIE"],
)  # fmt: skip
def test_variables_named_like_a_secret_are_masked(name: str) -> None:
    assert redactor_for({name: SECRET})(SECRET) == MASK


@pytest.mark.parametrize("name", ["PATH", "HOME", "GIT_AUTHOR_NAME", "KEYBOARD", "MONKEY"])
def test_other_variables_are_not_masked(name: str) -> None:
    assert redactor_for({name: "ordinary-value"})("ordinary-value") == "ordinary-value"
    assert redactor_for({name: "ordinary-value"}, [name])("ordinary-value") == MASK


def test_a_value_that_is_not_utf_8_is_masked_too() -> None:
    value = b"secret-\xff-value".decode(errors="surrogateescape")
    redact = redactor_for({"TOKEN": value})
    assert redact(value) == MASK
    assert MASK in redact(base64.b64encode(b"secret-\xff-value").decode())


@given(SECRETS, st.text(PRINTABLE, max_size=6), st.text(PRINTABLE, max_size=6))
def test_no_secret_survives_in_any_form(secret: str, before: str, after: str) -> None:
    redact = Redactor([secret])
    assert secret not in redact(f"{before}{secret}{after}").replace(MASK, "")
    for form in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        assert redact(f"{before} {form} {after}") in {f"{before} {MASK} {after}", redact(f"{before} {MASK} {after}")}
    encoded = secret.encode()
    for around in (b"", b"u", b"us", b"use"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            assert MASK in redact(encode(around + encoded + around).decode())


@given(st.text(max_size=80), st.lists(SECRETS, max_size=3))
def test_text_without_secrets_is_left_alone(text: str, secrets: list[str]) -> None:
    if "://" not in text and not any(secret in text for secret in secrets):
        redacted = Redactor(secrets)(text)
        assert redacted == text or MASK in redacted
