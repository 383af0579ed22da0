"""HTTP as it really comes: in pieces, in one go, too long, or not at all."""

from __future__ import annotations

import json
import socket

import pytest

from tests.serving.server_process import ServerProcess

BODY = b"[[1,2,3]]"
SCORE = b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n%s\r\n"


def test_requests_sent_in_one_go_are_answered_in_order(server: ServerProcess) -> None:
    sent = b"".join(SCORE % (b"X-Request-Id: n%d\r\n" % number) + BODY for number in range(50))
    sent += b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = server.raw(sent)
    assert answer.count(b"HTTP/1.1 200 OK") == 51
    assert [answer.index(b'"id":"n%d"' % number) for number in range(50)] == sorted(
        answer.index(b'"id":"n%d"' % number) for number in range(50)
    )


def test_a_request_may_come_byte_by_byte(server: ServerProcess) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in SCORE % b"Connection: close\r\n" + BODY:
            connection.sendall(bytes([byte]))
        assert b'"predictions":[6.0]' in connection.recv(65536)


def test_chunks_make_a_body(server: ServerProcess) -> None:
    head = b"POST /score HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert b"[6.0]" in server.raw(head + b"4\r\n[[1,\r\n5\r\n2,3]]\r\n0\r\n\r\n")


def test_whoever_asks_first_whether_to_go_on_is_told_so(server: ServerProcess) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(SCORE % b"Expect: 100-continue\r\n")
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert b"[6.0]" in connection.recv(65536)


def test_an_offer_of_another_protocol_is_not_taken_up(server: ServerProcess) -> None:
    offer = b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMA\r\n"
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = server.raw(SCORE % offer + BODY + last)
    assert b"[6.0]" in answer
    assert b'{"live":true}' in answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        (b"POST /score HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /score HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"POST /score HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"POST /score HTTP/1.1\r\nContent-Length: 200001\r\n\r\n", b"413"),
        (b"POST /score HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n", b"413"),
        (b"POST /score HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n30d41\r\n" + b" " * 200_001, b"413"),
        (b"GET /health HTTP/1.1\r\nX: " + b"a" * 400_000, b"431"),
        (b"GET /" + b"a" * 400_000, b"431"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"431"),
    ],
    ids=lambda value: repr(value[:60]),
)
def test_what_is_no_request_is_refused_in_json_and_the_connection_ends(
    server: ServerProcess, sent: bytes, status: bytes
) -> None:
    answer = server.raw(sent)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["code"] == int(status)


def test_a_refused_path_leaves_the_connection_as_it_is(server: ServerProcess) -> None:
    sent = (
        b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
        + BODY
        + SCORE % b"Connection: close\r\n"
        + BODY
    )
    answer = server.raw(sent)
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"[6.0]" in answer


def test_http_1_0_ends_with_its_answer(server: ServerProcess) -> None:
    assert b"connection: close" in server.raw(b"GET /health HTTP/1.0\r\n\r\n")


def test_a_whole_address_is_a_path(server: ServerProcess) -> None:
    sent = b"GET http://example.com/health?x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert b'{"live":true}' in server.raw(sent)


def test_a_request_that_does_not_come_in_time_is_given_up(server: ServerProcess) -> None:
    assert server.raw(b"POST /score HTTP/1.1\r\nContent-Length: 9\r\n\r\n[[").startswith(b"HTTP/1.1 408")
