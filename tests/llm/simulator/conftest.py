"""A simulator behind a socket, and the vendors' own clients in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import openai
import pytest

from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import SimulatorServer, serve


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with serve(Simulator()) as running:
        yield running


@pytest.fixture
def gpt(server: SimulatorServer) -> Iterator[openai.OpenAI]:
    http = openai.DefaultHttpxClient(
        verify=False
    )  # loading certificates takes most of a test's time
    with openai.OpenAI(
        api_key="k", base_url=f"{server.url}/v1", max_retries=0, http_client=http
    ) as client:
        yield client


@pytest.fixture
def claude(server: SimulatorServer) -> Iterator[anthropic.Anthropic]:
    http = anthropic.DefaultHttpxClient(verify=False)
    with anthropic.Anthropic(
        api_key="k", base_url=server.url, max_retries=0, http_client=http
    ) as client:
        yield client
