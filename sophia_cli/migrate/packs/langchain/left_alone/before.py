from langchain.chat_models import init_chat_model
from langchain_anthropic import ChatAnthropic
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAI
from sophia_cli.llm import langchain_openai_clients

claude = ChatAnthropic(model="claude-sonnet-4-5")
azure = AzureChatOpenAI(azure_deployment="gpt")
completes = OpenAI(model="gpt-3.5-turbo-instruct")
picked = init_chat_model("gpt-4o")
own = ChatOpenAI(model="gpt-4o", http_client=CLIENT)
none = ChatOpenAI(model="gpt-4o", http_client=None)
proxied = ChatOpenAI(model="gpt-4o", openai_proxy="http://proxy")
done = ChatOpenAI(model="gpt-4o", **langchain_openai_clients())


class Mine(ChatOpenAI):
    pass


def ask(text):
    return done.invoke(text), claude.invoke(text)


def untold():
    return ChatOpenAI(model="gpt-4o", openai_proxy="http://proxy", stream_usage=None)
