from __future__ import annotations

import json
import re

import pytest

from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.simulator import Fault, Reply, Simulator
from sophia_cli.llm.simulator.faults import FaultPlan

KEY = {"Authorization": "Bearer k"}
CHAT = {"model": "small", "messages": [{"role": "user", "content": "hello there"}]}
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


def ask(simulator: Simulator, fault: str = "", stream: bool = False) -> Reply:
    headers = KEY | ({"x-sim-fault": fault} if fault else {})
    body = json.dumps(CHAT | {"stream": stream}).encode()
    return simulator.respond("POST", "/v1/chat/completions", headers, body)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("429", Fault("429")),
        (" cut ", Fault("cut")),
        ("429:times=2,retry_after=1", Fault("429", times=2, retry_after=1)),
        ("503: ratio = 0.25 , times = 3", Fault("503", times=3, ratio=0.25)),
        ("429:retry_after=1500ms", Fault("429", retry_after="1500ms")),
        (f'429:retry_after="{DATE}",times=1', Fault("429", times=1, retry_after=DATE)),
        ("cut:after_chunks=3", Fault("cut", after_chunks=3)),
        ("slow:seconds=0.2", Fault("slow", seconds=0.2)),
    ],
)
def test_a_fault_from_text(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a fault; allowed: an error status, 246, html, "),
        ("200", "'200' is not a fault; allowed: "),
        ("crash", "'crash' is not a fault; allowed: "),
        ("429:often=2", "fault '429:often=2' has no option 'often'; allowed: times, ratio, "),
        ("429:times=two", "fault '429:times=two': times must be a number, not 'two'"),
        ("429:times", "fault '429:times': 'times' is not option=value"),
        ("429:ratio=2", "fault 429: ratio must be from 0 to 1, not 2.0"),
        ("429:times=-1", "fault 429: no number may be negative"),
    ],
)
def test_text_that_is_no_fault(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}") as caught:
        Fault.parse(text)
    assert caught.value.mend == (
        'write it as KIND or KIND:times=2,ratio=0.5,retry_after=1, such as "429:times=2"'
    )


def test_faults_strike_in_their_order_and_as_often_as_they_say() -> None:
    simulator = Simulator(faults=["429:times=2", Fault("503", times=1)])
    assert [ask(simulator).status for _ in range(5)] == [429, 429, 503, 200, 200]


def test_a_share_of_requests_is_struck_the_same_way_for_the_same_seed() -> None:
    def struck(seed: int) -> list[bool]:
        plan = FaultPlan(seed, [Fault("500", ratio=0.25)])
        return [plan.next() is not None for _ in range(400)]

    assert struck(1) == struck(1) != struck(2)
    assert 70 <= sum(struck(1)) <= 130


def test_a_request_brings_its_own_fault() -> None:
    simulator = Simulator(faults=["500"])
    assert ask(simulator, "402").status == 402
    assert ask(simulator).status == 500


def test_a_request_that_is_sent_again_meets_its_fault_only_so_often() -> None:
    simulator = Simulator()
    assert [ask(simulator, "503:times=2").status for _ in range(3)] == [503, 503, 200]


def test_a_header_that_is_no_fault() -> None:
    reply = ask(Simulator(), "crash")
    message = json.loads(reply.chunks[0])["error"]["message"]
    assert reply.status == 400
    assert message.startswith("x-sim-fault: 'crash' is not a fault; allowed: ")


@pytest.mark.parametrize(
    ("fault", "header"),
    [
        ("429", None),
        ("429:retry_after=1", ("retry-after", "1")),
        ("503:retry_after=0.5", ("retry-after", "0.5")),
        ("429:retry_after=1500ms", ("retry-after-ms", "1500")),
        (f'429:retry_after="{DATE}"', ("retry-after", DATE)),
    ],
)
def test_when_to_come_back(fault: str, header: tuple[str, str] | None) -> None:
    found = [pair for pair in ask(Simulator(), fault).headers if pair[0].startswith("retry-after")]
    assert found == ([header] if header else [])


@pytest.mark.parametrize(
    "status",
    [
        "400",
        "401",
        "402",
        "403",
        "404",
        "408",
        "412",
        "413",
        "422",
        "429",
        "446",
        "500",
        "502",
        "503",
        "504",
        "529",
        "418",
    ],
)
def test_every_error_says_that_it_is_simulated(status: str) -> None:
    reply = ask(Simulator(), status)
    assert reply.status == int(status)
    assert json.loads(reply.chunks[0])["error"]["message"].endswith(" (simulated)")


GOOD = ask(Simulator(), stream=True)
HALF = (len(GOOD.chunks) - 2) // 2  # the closing events are not among what may come before a break


@pytest.mark.parametrize(
    ("fault", "cut", "chunks"),
    [
        ("cut", True, GOOD.chunks[:HALF]),
        ("cut:after_chunks=0", True, ()),
        ("cut:after_chunks=99", True, GOOD.chunks[:-2]),
        ("eof", False, GOOD.chunks[:HALF]),
        ("eof:after_chunks=3", False, GOOD.chunks[:3]),
        ("garbage:after_chunks=2", False, (*GOOD.chunks[:2], GOOD.chunks[2][:-3] + b"\n\n")),
        ("empty", False, ()),
        ("no_usage", False, GOOD.chunks),
        ("slow", False, GOOD.chunks),
        (
            "html",
            False,
            (b"<!DOCTYPE html><html><body><h1>Simulated proxy page</h1></body></html>\n",),
        ),
        (
            "error_event:after_chunks=1",
            False,
            (
                GOOD.chunks[0],
                b'data: {"error":{"message":"The server had an error. (simulated)",'
                b'"type":"server_error","param":null,"code":null}}\n\n',
            ),
        ),
        (
            "error_first",
            False,
            (
                b'data: {"error":{"message":"The server had an error. (simulated)",'
                b'"type":"server_error","param":null,"code":null}}\n\n',
            ),
        ),
    ],
)
def test_how_a_stream_breaks(fault: str, cut: bool, chunks: tuple[bytes, ...]) -> None:
    reply = ask(Simulator(), fault, stream=True)
    assert (reply.status, reply.cut, reply.chunks) == (200, cut, chunks)


WHOLE = ask(Simulator()).chunks[0]


@pytest.mark.parametrize(
    ("fault", "cut", "body"),
    [
        ("cut", True, WHOLE[: len(WHOLE) // 2]),
        ("eof", False, WHOLE[: len(WHOLE) // 2]),
        ("garbage", False, b'{"simulated": tru'),
        ("empty", False, b""),
        ("no_usage", False, WHOLE.partition(b',"usage"')[0] + b"}"),
    ],
)
def test_how_a_body_breaks(fault: str, cut: bool, body: bytes) -> None:
    reply = ask(Simulator(), fault)
    length = len(WHOLE) if cut else len(body)
    assert (reply.status, reply.cut, b"".join(reply.chunks)) == (200, cut, body)
    assert ("content-length", str(length)) in reply.headers


def test_slow_before_the_first_byte_or_before_one_chunk() -> None:
    assert ask(Simulator(latency=0.5), "slow:seconds=2").latency == 2.5
    reply = ask(Simulator(chunk_delay=0.1), "slow:seconds=2,after_chunks=1", stream=True)
    assert reply.latency == 0
    assert reply.delays[:3] == (0.0, 2.1, 0.1)


def test_no_connection() -> None:
    assert ask(Simulator(), "refuse") == Reply(0, (), (), refused=True)
