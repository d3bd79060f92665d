"""A simulator of the providers' wire formats: one pure function, an HTTP transport and a server.

`engine` answers bytes with bytes; `transport` puts it under an HTTP client in process, `server`
behind a socket on this machine.
"""

from __future__ import annotations

from sophia_cli.llm.simulator.engine import Simulator
from sophia_cli.llm.simulator.faults import Fault
from sophia_cli.llm.simulator.reply import Reply

__all__ = ["Fault", "Reply", "Simulator"]
