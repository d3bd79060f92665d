from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from sophia_cli.llm import langchain_openai_clients

llm = ChatOpenAI(model="gpt-4o", temperature=0, stream_usage=True, **langchain_openai_clients())
chain = ChatPromptTemplate.from_template("Summarise {text}") | llm
vectors = OpenAIEmbeddings(model="text-embedding-3-small", **langchain_openai_clients())


def ask(text):
    return llm.invoke(text).content


async def pieces(text):
    async for piece in llm.astream(text):
        yield piece.content


def structured(text, schema, **options):
    model = ChatOpenAI(
        model="gpt-4o",
        max_retries=2,
        **langchain_openai_clients(),
    ).with_structured_output(schema)
    return model.invoke(text), ChatOpenAI(**options, **langchain_openai_clients())
