from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from sophia_cli.llm import langchain_openai_clients

llm = ChatOpenAI(model="gpt-4o", stream_usage=True, **langchain_openai_clients())
vectors = OpenAIEmbeddings(model="text-embedding-3-small", **langchain_openai_clients())
