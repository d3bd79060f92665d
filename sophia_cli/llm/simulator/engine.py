"""The simulator: bytes in, bytes out, the same for the same seed and question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.simulator.admission import admit, check_headers
from sophia_cli.llm.simulator.answer import answer, whole
from sophia_cli.llm.simulator.ask import FLAVOURS, Ask, Place, digest_of, locate, read
from sophia_cli.llm.simulator.digest import Digest
from sophia_cli.llm.simulator.errors import error_body, error_event, error_status, simulated
from sophia_cli.llm.simulator.faults import Fault, FaultPlan
from sophia_cli.llm.simulator.flavours import reply_headers
from sophia_cli.llm.simulator.refusal import Refusal
from sophia_cli.llm.simulator.reply import Output, Reply, encode
from sophia_cli.llm.simulator.spoil import spoil, timed

FAULT_HEADER = "x-sim-fault"
_TOO_DEEP = Refusal(400, "The body of the request is nested too deeply.", "invalid_json")


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
        self._plan = FaultPlan(
            seed, [f if isinstance(f, Fault) else Fault.parse(f) for f in faults]
        )
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
        except RecursionError:
            fault, output = None, _refused(place, _TOO_DEEP, digest)
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
            return replace(refused, headers=(*refused.headers, *fault.retry_header))
        if place.operation:
            admit(place)
        ask = read(place, body, digest)
        check_headers(ask)
        output = answer(ask, with_usage=fault is None or fault.kind != "no_usage")
        output = replace(output, headers=(*output.headers, *reply_headers(place, digest)))
        return spoil(output, fault, _error_in(ask, output))


def _refused(place: Place, refusal: Refusal, digest: Digest) -> Output:
    output = whole(error_body(place, refusal, digest), error_status(place, refusal))
    return replace(output, headers=(*output.headers, *reply_headers(place, digest)))


def _error_in(ask: Ask, output: Output) -> bytes:
    """The error that comes with status 200: an event of a stream, or a body."""
    refusal = simulated(502 if ask.flavour in ("openrouter", "portkey") else 500)
    if output.streamed:
        return error_event(ask.place, refusal, ask.digest, ask.model)
    return encode(error_body(ask.place, refusal, ask.digest))
