"""The simulator: bytes in, bytes out, the same for the same seed and question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.simulator import chat, messages
from sophia_cli.llm.simulator.admission import admit, check_headers
from sophia_cli.llm.simulator.ask import FLAVOURS, Ask, Place, digest_of, locate, read
from sophia_cli.llm.simulator.digest import Digest
from sophia_cli.llm.simulator.draft import draft
from sophia_cli.llm.simulator.embeddings import cortex_embeddings, embeddings
from sophia_cli.llm.simulator.errors import error_body, error_event, error_status, simulated
from sophia_cli.llm.simulator.faults import Fault, FaultPlan
from sophia_cli.llm.simulator.flavours import reply_headers
from sophia_cli.llm.simulator.prompt import prompt_of
from sophia_cli.llm.simulator.refusal import Refusal
from sophia_cli.llm.simulator.reply import JSON_TYPE, Headers, Output, Reply, encode
from sophia_cli.llm.simulator.spoil import spoil, timed

FAULT_HEADER = "x-sim-fault"
_JSON: Headers = (("content-type", JSON_TYPE),)


class Simulator:
    """Answers requests of the three providers, of OpenAI and of Anthropic.

    `faults` are Fault objects or their text; a request may carry its own in the header
    `x-sim-fault`. `latency` (before the first byte) and `chunk_delay` (between the events of a
    stream) are in seconds. `flavour` plays one provider whatever the path and headers say.
    Raises ConfigError for a fault or flavour that does not exist.
    """

    def __init__(
        self,
        seed: int = 0,
        faults: Iterable[Fault | str] = (),
        chunk_delay: float = 0.0,
        latency: float = 0.0,
        flavour: str | None = None,
    ) -> None:
        if flavour is not None and flavour not in FLAVOURS:
            allowed = ", ".join(FLAVOURS)
            raise ConfigError(f"the simulator has no flavour '{flavour}'", f"allowed: {allowed}")
        self.seed = seed
        self._plan = FaultPlan(seed, (Fault.parse(f) if isinstance(f, str) else f for f in faults))
        self._chunk_delay = chunk_delay
        self._latency = latency
        self._flavour = flavour

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request. Never raises for what a client may send."""
        place = locate(method, path, headers, self._flavour)
        digest = digest_of(place, body, self.seed)
        try:
            fault = self._fault(place)
            if fault is not None and fault.kind == "refuse":
                return Reply(0, (), (), refused=True)
            output = self._output(place, body, digest, fault)
        except Refusal as refusal:
            fault, output = None, _refused(place, refusal, digest)
        return timed(output, fault, self._latency, self._chunk_delay)

    def _fault(self, place: Place) -> Fault | None:
        asked = place.headers.get(FAULT_HEADER, "")
        try:
            return self._plan.next(Fault.parse(asked) if asked else None)
        except ConfigError as error:
            raise Refusal(400, f"{FAULT_HEADER}: {error.message}", "invalid_fault") from None

    def _output(self, place: Place, body: bytes, digest: Digest, fault: Fault | None) -> Output:
        if fault is not None and fault.status is not None and fault.status >= 400:
            refused = _refused(place, simulated(fault.status), digest)
            return Output(refused.status, (*refused.headers, *fault.retry_header), refused.body)
        if place.operation:
            admit(place)
        ask = read(place, body, digest)
        check_headers(ask)
        output = _answer(ask, with_usage=fault is None or fault.kind != "no_usage")
        added = reply_headers(place, digest)
        output = Output(
            output.status,
            (*output.headers, *added),
            output.body,
            output.opening,
            output.closing,
            output.streamed,
        )
        return spoil(output, fault, _error_in(ask, output))


def _answer(ask: Ask, with_usage: bool) -> Output:
    if ask.operation == "embeddings":
        return _whole(embeddings(ask, with_usage))
    if ask.operation == "cortex_embed":
        return _whole(cortex_embeddings(ask, with_usage))
    prompt = prompt_of(ask.operation, ask.body)
    if ask.operation == "count_tokens":
        return _whole({"input_tokens": prompt.tokens})
    answer = draft(prompt, ask.digest)
    if ask.operation == "messages":
        if ask.stream:
            return messages.stream(ask, answer, with_usage)
        return _whole(messages.message(ask, answer, with_usage))
    if ask.stream:
        return chat.stream(ask, answer, with_usage)
    return _whole(chat.completion(ask, answer, with_usage))


def _whole(body: dict[str, Any]) -> Output:
    return Output(200, _JSON, (encode(body),))


def _refused(place: Place, refusal: Refusal, digest: Digest) -> Output:
    headers = (*_JSON, *reply_headers(place, digest))
    body = encode(error_body(place, refusal, digest))
    return Output(error_status(place, refusal), headers, (body,))


def _error_in(ask: Ask, output: Output) -> bytes:
    """The error that comes with status 200: an event of a stream, or a body."""
    refusal = simulated(502 if ask.flavour in ("openrouter", "portkey") else 500)
    if output.streamed:
        return error_event(ask.place, refusal, ask.digest, ask.model)
    return encode(error_body(ask.place, refusal, ask.digest))
