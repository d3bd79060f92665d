"""Further SDKs: every call is told with who answers it, nothing is edited."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from trees import apply, contents, look, plant

from sophia_cli.migrate.site import Site

NOT_OURS = {
    "a module of that name beside it": {
        "groq.py": "class Groq: ...\n",
        "app.py": "from groq import Groq\n\nGroq().chat.completions.create\n",
    },
    "a module of that name beside a script": {
        "scripts/cohere.py": "def Client(): ...\n",
        "scripts/run.py": "import cohere\n\ncohere.Client().chat(message='hi')\n",
    },
    "a name that is bound again": {
        "app.py": "import litellm\n\n\ndef completion(): ...\n\n\ncompletion()\n"
    },
    "a parameter of that name": {
        "app.py": "from litellm import completion\n\n\ndef f(completion):\n    completion('x')\n"
    },
    "a comment": {"app.py": "# from groq import Groq; Groq()\n"},
    "a docstring": {"app.py": '"""litellm.completion(model=m) calls a model."""\n'},
    "a name in a string": {"app.py": "MODELS = ['groq/llama', 'litellm.completion']\n"},
    "an import only": {"app.py": "import litellm\nfrom langchain_openai import ChatOpenAI\n"},
    "an annotation": {
        "app.py": "from langchain_openai import ChatOpenAI\n\n\ndef f(llm: ChatOpenAI): ...\n"
    },
    "an isinstance": {
        "app.py": "from langchain_openai import ChatOpenAI\n\nisinstance(x, ChatOpenAI)\n"
    },
    "a base by which something else is known": {
        "app.py": "from langchain_core.language_models import BaseChatModel\n"
        "from langchain_core.runnables import Runnable\n\n\n"
        "class Own(BaseChatModel): ...\n\n\n"
        "def f(chain: Runnable, llm: BaseChatModel, x, y):\n    chain.invoke('x')\n"
        "    if isinstance(x, BaseChatModel):\n        y.invoke('x')\n\n\n"
        "def g(x):\n    x.invoke('x')\n"
    },
    "an invoke of something else": {
        "app.py": "from langchain_core.tools import tool\n\ntool.invoke({})\nchain.invoke({})\n"
    },
    "a class that is called so": {
        "app.py": "class PortkeyGatewayService: ...\n\n\nPortkeyGatewayService()\n"
    },
    "what litellm knows about prices": {
        "app.py": "import litellm\n\nlitellm.completion_cost(r)\nlitellm.set_verbose = True\n"
    },
    "what else these packages do": {
        "app.py": "import ollama\nfrom huggingface_hub import HfApi, snapshot_download\n"
        "from crewai import Agent, Crew\n\nollama.list()\nollama.pull('m')\nsnapshot_download('x')\n"
        "HfApi().list_models()\nCrew(agents=[Agent()]).kickoff()\n"
    },
    "modules of those names in the tree": {
        "replicate.py": "def run(table): ...\n",
        "ollama.py": "def chat(room): ...\n",
        "app.py": "import ollama\nimport replicate\n\nreplicate.run('t')\nollama.chat('r')\n",
    },
    "a method of that name": {
        "app.py": "import ollama\n\n\ndef f(job, llm):\n    job.run('x')\n    job.chat()\n    llm.generate()\n"
    },
    "another service of boto3": {
        "app.py": "import boto3\n\nboto3.client('s3').invoke(modelId='x')\n"
    },
    "a service of boto3 that is not named here": {
        "app.py": "import boto3\n\n\ndef f(name):\n    boto3.client(name)  # bedrock-runtime\n"
    },
    "what administers Bedrock": {
        "app.py": "import boto3\n\nboto3.client('bedrock').list_foundation_models()  # modelId=\n"
    },
    "the function that makes clients of boto3": {
        "app.py": "import boto3  # bedrock-runtime\n\nmake(boto3.client, 's3')\n"
    },
    "google's other packages": {
        "app.py": "from google.cloud import storage\n\nstorage.Client()  # genai\n"
    },
    "Snowflake without Cortex": {
        "app.py": "import snowflake.connector  # cortex\n\nsnowflake.connector.connect()\n"
    },
    "an Agent of one's own": {
        "app.py": "from agents import Agent  # not pydantic_ai\n\nAgent('m').run_sync('x')\n"
    },
    "a file beside it that is called like a framework": {
        "instructor.py": "def from_provider(name): ...\n",
        "app.py": "import instructor\n\ninstructor.from_provider('x').create(a=1)\n",
    },
    "what dspy has besides models": {
        "app.py": "import dspy\n\ndspy.configure(lm=lm)\ndspy.Example(question='x')\n"
    },
    "Azure's other packages": {
        "app.py": "from azure.storage import Client  # azure.ai.inference\n\nClient().complete()\n"
    },
    "langchain's embeddings that run here": {
        "app.py": "from langchain_huggingface import HuggingFaceEmbeddings\n\nHuggingFaceEmbeddings()\n"
    },
    "a key, which is no model": {
        "app.py": "import litellm\n\nlitellm.get_secret('OPENAI_API_KEY')\n"
    },
}


@pytest.mark.parametrize("files", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, files: dict[str, str]) -> None:
    plant(tmp_path, files)
    before = contents(tmp_path)
    assert apply(tmp_path, review=True).sites == ()
    assert contents(tmp_path) == before


FOUND = {
    "langchain, a model": (
        "from langchain_openai import ChatOpenAI\n\n"
        "ChatOpenAI(model='gpt-5', streaming=True).invoke('x')\n",
        ["langchain ChatOpenAI openai gpt-5", "langchain invoke openai gpt-5"],
    ),
    "langchain, with tools": (
        "from langchain_anthropic import ChatAnthropic\n\nllm = ChatAnthropic(model_name='c')\n"
        "llm.bind_tools([t]).invoke('x')\n",
        ["langchain ChatAnthropic anthropic c", "langchain invoke anthropic c"],
    ),
    "langchain, any": (
        "from langchain.chat_models import init_chat_model\n\ninit_chat_model('x').stream('x')\n",
        ["langchain init_chat_model langchain x", "langchain stream langchain x"],
    ),
    "langchain, Azure": (
        "from langchain_openai.chat_models import AzureChatOpenAI as Model\n\nModel()\n",
        ["langchain AzureChatOpenAI azure None"],
    ),
    "langchain, a model that is handed in": (
        "from langchain_core.language_models import BaseChatModel\n\n\n"
        "async def f(llm: BaseChatModel | None):\n    await llm.bind_tools([]).ainvoke('x')\n",
        ["langchain ainvoke langchain None"],
    ),
    "langchain, what is asked to be a model": (
        "from langchain.chat_models.base import BaseChatModel\nfrom langchain_core.tools import Tool\n\n\n"
        "class A:\n    def __init__(self, config):\n        self.config = config\n"
        "        if not isinstance(self.config.model, (Tool, BaseChatModel)):\n            raise ValueError\n"
        "        self.model = self.config.model\n\n"
        "    def f(self, tools):\n        model = self.model\n        if tools:\n"
        "            model = model.bind_tools(tools)\n        return model.invoke('x')\n",
        ["langchain invoke langchain None"],
    ),
    "langchain, a class built on it": (
        "import langchain_openai\n\n\nclass Mine(langchain_openai.ChatOpenAI): ...\n",
        ["langchain ChatOpenAI openai None"],
    ),
    "langchain, embeddings": (
        "from langchain_openai import AzureOpenAIEmbeddings, OpenAIEmbeddings\n"
        "from langchain_cohere import CohereEmbeddings\n"
        "from langchain_voyageai import VoyageAIEmbeddings\n"
        "from langchain_huggingface import HuggingFaceEndpointEmbeddings\n"
        "from langchain_community.embeddings import JinaEmbeddings\n"
        "OpenAIEmbeddings(model='e').embed_query('x')\nAzureOpenAIEmbeddings()\n"
        "CohereEmbeddings()\nVoyageAIEmbeddings()\nHuggingFaceEndpointEmbeddings()\n"
        "JinaEmbeddings()\n",
        [
            "langchain OpenAIEmbeddings openai e",
            "langchain embed_query openai e",
            "langchain AzureOpenAIEmbeddings azure None",
            "langchain CohereEmbeddings cohere None",
            "langchain VoyageAIEmbeddings voyageai None",
            "langchain HuggingFaceEndpointEmbeddings huggingface None",
            "langchain JinaEmbeddings jina None",
        ],
    ),
    "litellm, the model first": (
        "import litellm\n\nlitellm.completion('m', [])\nlitellm.moderation('some text')\n",
        ["litellm completion litellm m", "litellm moderation litellm None"],
    ),
    "litellm": (
        "import litellm\nfrom litellm import acompletion as ask\n\nNAME = 'groq/x'\n"
        "litellm.completion(model=NAME)\nask(model='m')\nlitellm.embedding\n",
        ["litellm completion litellm groq/x", "litellm acompletion litellm m"],
    ),
    "litellm, a router": (
        "from litellm import Router\n\nr = Router()\nr.completion(model='m')\nf = r.acompletion\n",
        [
            "litellm Router litellm None",
            "litellm completion litellm m",
            "litellm acompletion litellm None",
        ],
    ),
    "portkey": (
        "from portkey_ai import Portkey\n\nPortkey().chat.completions.create(model='m')\n",
        ["portkey Portkey portkey None", "portkey chat.completions.create portkey m"],
    ),
    "groq, a part kept": (
        "from groq import AsyncGroq\n\nchat = AsyncGroq().chat\nchat.completions.create(model='m')\n",
        ["groq AsyncGroq groq None", "groq chat.completions.create groq m"],
    ),
    "mistral": (
        "from mistralai import Mistral\n\nMistral().chat.complete(model='m')\n",
        ["mistral Mistral mistral None", "mistral chat.complete mistral m"],
    ),
    "mistral, before version 1": (
        "from mistralai.client import MistralClient\n\nMistralClient().chat(model='m')\n",
        ["mistral MistralClient mistral None", "mistral chat mistral m"],
    ),
    "cohere": (
        "import cohere\n\nco = cohere.ClientV2()\nco.chat(model='m')\nco.embed(model='e')\n",
        ["cohere ClientV2 cohere None", "cohere chat cohere m", "cohere embed cohere e"],
    ),
    "google-genai": (
        "from google import genai\n\nc = genai.Client()\n"
        "c.aio.models.generate_content(model='g', contents='x')\n",
        ["google Client google None", "google aio.models.generate_content google g"],
    ),
    "google-generativeai": (
        "import google.generativeai as genai\n\n"
        "genai.GenerativeModel('g').generate_content('x')\n",
        ["google GenerativeModel google g", "google generate_content google g"],
    ),
    "bedrock": (
        "import boto3\n\nc = boto3.client('bedrock-runtime')\nc.converse(modelId='m', messages=[])\n"
        "c.converse(**given)\n",
        [
            "bedrock client bedrock None",
            "bedrock converse bedrock m",
            "bedrock converse bedrock None",
        ],
    ),
    "bedrock, from a session": (
        "import boto3\n\ns = boto3.Session(profile_name='x')\n"
        "c = s.client(service_name='bedrock-runtime')\nc.invoke_model(**given)\n",
        ["bedrock client bedrock None", "bedrock invoke_model bedrock None"],
    ),
    "bedrock, who knows from where": (
        "client.converse(modelId='m', messages=[])\n",
        ["bedrock converse bedrock m"],
    ),
    "snowflake.cortex": (
        "from snowflake.cortex import Complete, complete\n\nComplete('m', 'x')\ncomplete('m', 'x')\n",
        ["snowflake_cortex Complete cortex m", "snowflake_cortex complete cortex m"],
    ),
    "instructor, by provider": (
        "import instructor\n\nc = instructor.from_provider('openai/gpt-5')\n"
        "c.chat.completions.create(messages=[])\nc.create_with_completion(messages=[])\n",
        [
            "instructor from_provider instructor openai/gpt-5",
            "instructor chat.completions.create instructor openai/gpt-5",
            "instructor create_with_completion instructor openai/gpt-5",
        ],
    ),
    "instructor, around a client": (
        "import instructor\nfrom groq import Groq\n\n"
        "instructor.from_groq(Groq()).chat.completions.create(model='m')\n",
        ["groq Groq groq None", "groq chat.completions.create groq m"],
    ),
    "dspy": (
        "import dspy\n\nlm = dspy.LM('openai/gpt-5')\ndspy.Embedder('openai/e')\nlm.forward('x')\n",
        [
            "dspy LM dspy openai/gpt-5",
            "dspy Embedder dspy openai/e",
            "dspy forward dspy openai/gpt-5",
        ],
    ),
    "pydantic_ai": (
        "from pydantic_ai import Agent\nfrom pydantic_ai.models.anthropic import AnthropicModel\n\n"
        "Agent('openai:gpt-5').run_sync('x')\nAnthropicModel('c')\n",
        [
            "pydantic_ai Agent pydantic_ai openai:gpt-5",
            "pydantic_ai run_sync pydantic_ai openai:gpt-5",
            "pydantic_ai AnthropicModel anthropic c",
        ],
    ),
    "ollama": (
        "import ollama\nfrom ollama import AsyncClient, generate\n\n"
        "ollama.chat(model='m', messages=[])\ngenerate('m', 'x')\nAsyncClient().chat(model='n')\n",
        [
            "ollama chat ollama m",
            "ollama generate ollama None",
            "ollama AsyncClient ollama None",
            "ollama chat ollama n",
        ],
    ),
    "replicate": (
        "import replicate\n\nreplicate.run('meta/llama', input={})\n"
        "replicate.Client().stream('m', input={})\n",
        [
            "replicate run replicate meta/llama",
            "replicate Client replicate None",
            "replicate stream replicate None",
        ],
    ),
    "Hugging Face": (
        "from huggingface_hub import InferenceClient\n\nc = InferenceClient(model='m')\n"
        "c.chat_completion([])\nc.text_generation('x')\nc.chat.completions.create(messages=[])\n",
        [
            "huggingface InferenceClient huggingface m",
            "huggingface chat_completion huggingface m",
            "huggingface text_generation huggingface m",
            "huggingface chat.completions.create huggingface m",
        ],
    ),
    "crewai": (
        "from crewai import LLM\n\nLLM(model='openai/gpt-5').call('x')\n",
        ["crewai LLM crewai openai/gpt-5", "crewai call crewai openai/gpt-5"],
    ),
    "llama_index": (
        "from llama_index.llms.openai import OpenAI\nfrom llama_index.llms.ollama import Ollama\n\n"
        "OpenAI(model='m').complete('x')\nllm = Ollama(model='l')\nllm.stream_chat([])\n",
        [
            "llama_index OpenAI openai m",
            "llama_index complete openai m",
            "llama_index Ollama ollama l",
            "llama_index stream_chat ollama l",
        ],
    ),
    "Azure's inference": (
        "from azure.ai.inference import ChatCompletionsClient\n"
        "from azure.ai.inference.aio import EmbeddingsClient\n\n"
        "ChatCompletionsClient(endpoint=e, credential=c, model='m').complete(messages=[])\n"
        "EmbeddingsClient(endpoint=e, credential=c).embed(input=[])\n",
        [
            "azure_inference ChatCompletionsClient azure m",
            "azure_inference complete azure m",
            "azure_inference EmbeddingsClient azure None",
            "azure_inference embed azure None",
        ],
    ),
}


def told(site: Site) -> str:
    return f"{site.rule} {site.operation} {site.endpoint or site.provider} {site.model}"


@pytest.mark.parametrize(("text", "expected"), FOUND.values(), ids=FOUND.keys())
def test_is_told(tmp_path: Path, text: str, expected: list[str]) -> None:
    plant(tmp_path, {"app.py": text})
    sites = look(tmp_path).sites
    assert sorted(map(told, sites)) == sorted(expected)
    assert {str(site.verdict) for site in sites} == {"report-only"}


def test_who_answers_a_client_of_openai(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "urls.py": 'HOST = "https://openrouter.ai"\nURL = f"{HOST}/api/v1"\n',
            "app.py": (
                "from openai import AzureOpenAI, OpenAI\nfrom portkey_ai import PORTKEY_GATEWAY_URL\n"
                "from urls import URL\n\n"
                "a = OpenAI(base_url=URL)\nb = OpenAI(base_url=PORTKEY_GATEWAY_URL)\n"
                "c = OpenAI(base_url='http://localhost:11434/v1')\nd = AzureOpenAI()\n"
                "a.responses.create(model='m', input='x')\n"
            ),
        },
    )
    sites = look(tmp_path).sites
    assert [(site.line, site.endpoint) for site in sites] == [
        (5, "openrouter"),
        (6, "portkey"),
        (7, ""),
        (8, "azure"),
        (9, "openrouter"),
    ]


MAKE = "from openai import OpenAI\n\n"
CALL = "chat.completions.create(model='m', messages=[])"
HANDED_IN = {
    "an argument": f"def f(c):\n    c.{CALL}\n\n\nf(OpenAI())\n",
    "an argument with a name": f"def f(x, c=None):\n    c.{CALL}\n\n\nf(1, c=OpenAI())\n",
    "a default": f"def f(c=OpenAI()):\n    c.{CALL}\n",
    "an attribute": (
        f"class A:\n    def __init__(self, c):\n        self.c = c\n\n"
        f"    def f(self):\n        self.c.{CALL}\n\n\nA(OpenAI())\n"
    ),
    "what a framework asks for": (
        f"def make():\n    return OpenAI()\n\n\ndef f(c=Depends(make)):\n    c.{CALL}\n"
    ),
    "part of a client": "chat = OpenAI().chat\nchat.completions.create(model='m', messages=[])\n",
    "a method of a part": "make = OpenAI().chat.completions\nf = make.create\n",
}


@pytest.mark.parametrize("text", HANDED_IN.values(), ids=HANDED_IN.keys())
def test_a_client_that_is_handed_in_is_followed(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"app.py": MAKE + text})
    found = [(site.operation, str(site.verdict)) for site in look(tmp_path).sites]
    assert sorted(found) == [("OpenAI", "safe"), ("chat.completions.create", "carried")]


def test_a_client_that_is_handed_in_from_another_file_is_followed(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "work.py": f"class Work:\n    def __init__(self, c):\n        self.c = c\n\n    def f(self):\n        self.c.{CALL}\n",
            "app.py": f"{MAKE}from work import Work\n\nWork(c=OpenAI())\n",
        },
    )
    sites = {site.path: site for site in look(tmp_path).sites}
    assert sites["work.py"].carrier == sites["app.py"].key


USES = {
    "c.responses.create(input='x')": (False, False, "discarded"),
    "return c.responses.create(input='x', stream=True)": (True, False, "returned"),
    "return c.responses.create(input='x', stream=s)": (None, False, "returned"),
    "return c.responses.create(**a)": (None, False, "returned"),
    "c.responses.stream(input='x', tools=t)": (True, True, "discarded"),
    "c.responses.create(input='x', tools=None)": (False, False, "discarded"),
    "print(c.responses.create(input='x'))": (False, False, "passed"),
    "y = c.responses.create(input='x').output[0].content": (False, False, "output.content"),
    "for y in c.responses.create(input='x', stream=True): ...": (True, False, "iterated"),
    "y = await c.responses.create(input='x'); print(y.output_text, y.usage)": (
        False,
        False,
        "output_text, usage",
    ),
    "self.y = c.responses.create(input='x')": (False, False, "kept"),
    "y = c.responses.create": (None, False, ""),
}


@pytest.mark.parametrize(("line", "expected"), USES.items(), ids=USES.keys())
def test_what_becomes_of_an_answer(
    tmp_path: Path, line: str, expected: tuple[bool | None, bool, str]
) -> None:
    plant(
        tmp_path,
        {"app.py": f"from openai import OpenAI\n\n\nasync def f(c: OpenAI):\n    {line}\n"},
    )
    (site,) = look(tmp_path).sites
    assert (site.use.streaming, site.use.tools, site.use.result) == expected
