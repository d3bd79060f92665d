"""What is kept of calls beside the ledger: answers to be given again, transcripts where asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sophia_cli.llm.cache.key import key_of
from sophia_cli.llm.cache.policy import task_of
from sophia_cli.llm.cache.store import NAME as CACHE
from sophia_cli.llm.cache.store import Answers, Kept
from sophia_cli.llm.call import CHAT, EMBEDDINGS, Call, Usage
from sophia_cli.llm.config import Config
from sophia_cli.llm.ledger.record import OK, Final
from sophia_cli.llm.routing import Decision
from sophia_cli.llm.routing.plan import AVOIDS, locality
from sophia_cli.llm.scanner import events_in, parse_event
from sophia_cli.llm.transcripts import NAME as TRANSCRIPTS
from sophia_cli.llm.transcripts import Transcripts
from sophia_cli.llm.usage import delta_of, text_of

# The model said that it was done. An answer that was cut or filtered is asked for anew.
_COMPLETE = ("stop", "tool_calls", "function_call", "end_turn", "stop_sequence", "tool_use")
_LARGEST = 50_000_000  # bytes of one answer; what is beyond is not kept


class Archive:
    """The cache and the transcripts of one engine; either may be off."""

    def __init__(
        self, config: Config, answers: Answers | None, transcripts: Transcripts | None
    ) -> None:
        self.config = config
        self.answers = answers
        self.transcripts = transcripts

    def consult(self, call: Call, decision: Decision) -> tuple[Kept | None, Recording | None]:
        """The answer that the same request got before, if whoever gave it may still take this call;
        and where the answer is to be copied to while it goes through, None for no copy.
        """
        lifetime, key = self._place(call)
        kept = self._find(key, lifetime, call, decision)
        stored = self.transcripts is not None and self.config.privacy.stores(call.labels)
        key = "" if kept else key  # it is there already
        return kept, Recording(self, call, key, lifetime, stored) if key or stored else None

    def close(self) -> None:
        """Close the files; used again, they open again."""
        for part in (self.answers, self.transcripts):
            if part is not None:
                part.close()

    def _place(self, call: Call) -> tuple[float, str]:
        policy = self.config.cache
        if self.answers is None or call.labels.data_class in self.config.privacy.never_store:
            return 0.0, ""
        lifetime = policy.lifetime(call)
        try:
            return lifetime, key_of(call, self.config, policy) if lifetime else ""
        except (ValueError, TypeError, RecursionError):  # it cannot be sent either: it will say so
            return 0.0, ""

    def _find(self, key: str, lifetime: float, call: Call, decision: Decision) -> Kept | None:
        kept = self.answers.find(key, lifetime) if self.answers and key else None
        if self.answers is None or kept is None or not self._may_serve(kept, call, decision):
            return None
        self.answers.count_hit(task_of(call), kept)
        return kept

    def _may_serve(self, kept: Kept, call: Call, decision: Decision) -> bool:
        considered = {
            verdict.place
            for verdict in decision.verdicts
            if verdict.taken or not verdict.reason.endswith(AVOIDS)
        }
        return (kept.provider, kept.model) in considered and not locality(
            call, self.config, kept.provider
        )


class Recording:
    """A copy of one answer while it goes through, and what becomes of it when the call has ended."""

    def __init__(
        self, archive: Archive, call: Call, key: str, lifetime: float, stored: bool
    ) -> None:
        self._archive = archive
        self._call = call
        self._key = key
        self._lifetime = lifetime
        self._stored = stored
        self._parts: list[bytes] = []
        self._size = 0
        self._whole = False

    @property
    def missed(self) -> bool:
        """Whether the cache was asked for this answer, and had none."""
        return bool(self._key)

    def add(self, chunk: bytes, *, whole: bool = False) -> None:
        """The next bytes of the answer, or all of it."""
        self._whole = whole
        self._size += len(chunk)
        if self._size <= _LARGEST:
            self._parts.append(chunk)

    def end(self, final: Final) -> None:
        """The call is written down: keep of it what is to be kept."""
        body = b"".join(self._parts) if self._size <= _LARGEST else b""
        if self._stored and self._archive.transcripts is not None:
            request = {"model": self._call.model, **self._call.body}
            self._archive.transcripts.keep(final.id, request, self._text(body))
        if self._key and self._archive.answers is not None and self._is_good(final, body):
            self._archive.answers.keep(
                self._key, task_of(self._call), self._lifetime, self._kept(final, body)
            )

    def _text(self, body: bytes) -> str:
        return text_of(_parse(body)) if self._whole else "".join(map(_piece, _events(body)))

    def _is_good(self, final: Final, body: bytes) -> bool:
        """Whether it is an answer to its end; in doubt it is not."""
        if final.outcome != OK or final.status != 200 or not body:
            return False
        if self._call.operation == EMBEDDINGS:
            rows = _parse(body).get("data")
            return isinstance(rows, list) and bool(rows)
        return final.finish_reason in _COMPLETE and (self._whole or self._ended_well(body))

    def _ended_well(self, body: bytes) -> bool:
        last = b"[DONE]" if self._call.operation == CHAT else b"message_stop"
        return last in body[-200:]

    def _kept(self, final: Final, body: bytes) -> Kept:
        usage = None
        if final.tokens_in is not None:
            usage = Usage(
                final.tokens_in,
                final.tokens_out or 0,
                final.tokens_cached or 0,
                final.tokens_reasoning or 0,
            )
        return Kept(
            provider=final.provider,
            model=final.model,
            stream=not self._whole,
            body=body,
            usage=usage,
            cost_nano=final.cost_nano,
            finish_reason=final.finish_reason,
            simulated=final.simulated,
        )


def open_archive(config: Config, ledger: Path | None) -> Archive | None:
    """The archive that the configuration asks for, beside the ledger; None when it asks for none."""
    answers = open_answers(config, ledger) if config.cache.tasks else None
    transcripts = None
    if config.privacy.store_prompts and ledger:
        transcripts = Transcripts(ledger.with_name(TRANSCRIPTS), config.privacy)
    return Archive(config, answers, transcripts) if answers or transcripts else None


def open_answers(config: Config, ledger: Path | None) -> Answers | None:
    """The cache, whether or not a task uses it; None where there is no place for it."""
    path = config.cache.path or (ledger and ledger.with_name(CACHE))
    return Answers(path, config.cache.max_bytes) if path else None


def _events(body: bytes) -> list[Mapping[str, Any]]:
    return [event for data in events_in(body) if (event := parse_event(data)) is not None]


def _piece(event: Mapping[str, Any]) -> str:
    """The text that one event adds, in either dialect."""
    delta = event.get("delta")
    if isinstance(delta, Mapping):
        return str(delta.get("text") or "")
    return delta if isinstance(delta, str) else delta_of(event)


def _parse(body: bytes) -> Mapping[str, Any]:
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return reply if isinstance(reply, dict) else {}
