"""Makes calls in processes of their own, so many at a time: each opens the service, asks once and ends.

Usage: python short_lived.py COUNT EVERY     Every so-manyth asks a provider that is not there.
They are copies of this process, so that importing is paid once; nothing else of it is theirs.
"""

from __future__ import annotations

import os
import sys

from sophia_cli.llm import CallFailed, Ledger, UnifiedLLMService, load_config

AT_ONCE = 4


def ask(number: int, every: int, ledger: Ledger | None = None) -> None:
    service = UnifiedLLMService(load_config(), ledger)
    try:
        task = "experimental" if number % every == 0 else "bulk"
        service.complete_text_sync(f"word {number}", task_type=task)
    except CallFailed:
        pass
    finally:
        service.close()


def main(count: int, every: int) -> None:
    ask(0, 1, Ledger(None))  # in memory, for what it imports
    ask(1, 2, Ledger(None))
    running = 0
    for number in range(1, count + 1):
        if running == AT_ONCE:
            assert os.wait()[1] == 0
            running -= 1
        if not os.fork():
            code = 1
            try:
                ask(number, every)
                code = 0
            finally:
                os._exit(code)
        running += 1
    while running:
        assert os.wait()[1] == 0
        running -= 1


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
