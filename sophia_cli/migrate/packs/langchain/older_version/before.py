from langchain_openai import ChatOpenAI, OpenAIEmbeddings

llm = ChatOpenAI(model="gpt-4o", stream_usage=True)
vectors = OpenAIEmbeddings(model="text-embedding-3-small")
