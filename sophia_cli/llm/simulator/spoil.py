"""A fault put onto an answer: what arrives instead of it, and when."""

from __future__ import annotations

import json
from dataclasses import replace

from sophia_cli.llm.simulator.errors import hook_results
from sophia_cli.llm.simulator.faults import Fault
from sophia_cli.llm.simulator.reply import Output, Reply, encode

_HTML = b"<!DOCTYPE html><html><body><h1>Simulated proxy page</h1></body></html>\n"
_HTML_TYPE = ("content-type", "text/html; charset=utf-8")
_HALF_JSON = b'{"simulated": tru'
# Faults that take the place of the proper end of a stream.
_BREAKS = ("cut", "eof", "error_event", "garbage")


def spoil(output: Output, fault: Fault | None, error: bytes) -> Output:
    """Change an answer's bytes as the fault says; `error` is the provider's error event or body."""
    if fault is None:
        return output
    if fault.kind == "html":
        return _whole(output, _HTML, _HTML_TYPE)
    if fault.kind == "empty":
        return replace(output, body=(), opening=(), closing=())
    if fault.kind == "246":
        return replace(output, status=246, body=_with_hooks(output))
    if fault.kind == "error_first":
        return replace(output, body=(error,), opening=(), closing=())
    if fault.kind in _BREAKS:
        return _broken(output, fault, error)
    return output


def _whole(output: Output, body: bytes, content_type: tuple[str, str]) -> Output:
    headers = tuple(pair for pair in output.headers if pair[0] != "content-type")
    return Output(output.status, (content_type, *headers), (body,))


def _broken(output: Output, fault: Fault, error: bytes) -> Output:
    if not output.streamed:
        whole = b"".join(output.body)
        bodies = {"error_event": error, "garbage": _HALF_JSON, "eof": _half(whole)}
        # What is cut is still announced with its whole length: `timed` shortens it.
        return replace(output, body=(bodies.get(fault.kind, whole),))
    events = output.opening + output.body
    kept = len(events) // 2 if fault.after_chunks is None else fault.after_chunks
    ends = {"error_event": (error,), "garbage": (_mangled(events[kept:] + output.closing),)}
    body = events[:kept] + ends.get(fault.kind, ())
    return replace(output, opening=(), body=body, closing=())


def timed(output: Output, fault: Fault | None, latency: float, chunk_delay: float) -> Reply:
    """The finished reply: its chunks, when each comes, and whether the connection breaks."""
    chunks = output.opening + output.body + output.closing
    delays = [0.0] + [chunk_delay] * (len(chunks) - 1) if chunks else []
    if fault is not None and fault.kind == "slow":
        if output.streamed and fault.after_chunks is not None and chunks:
            delays[min(fault.after_chunks, len(chunks) - 1)] += fault.seconds
        else:
            latency += fault.seconds
    cut = fault is not None and fault.kind == "cut"
    headers = output.headers
    if not output.streamed:
        headers = (*headers, ("content-length", str(sum(map(len, chunks)))))
        chunks = tuple(map(_half, chunks)) if cut else chunks
    return Reply(
        status=output.status,
        headers=headers,
        chunks=chunks,
        delays=tuple(delays),
        latency=latency,
        cut=cut,
        streamed=output.streamed,
    )


def _with_hooks(output: Output) -> tuple[bytes, ...]:
    """A whole answer with what Portkey's guardrails report beside it."""
    if output.streamed:
        return output.body
    answer = json.loads(b"".join(output.body))
    return (encode({**answer, "hook_results": hook_results(verdict=False)}),)


def _mangled(events: tuple[bytes, ...]) -> bytes:
    """The next event that carries JSON, without the last brace of it."""
    event = next(event for event in events if b"data: {" in event)
    return event.rstrip()[:-1] + b"\n\n"


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]
