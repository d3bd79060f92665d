"""langchain's chat models and embeddings: what they are built on takes our HTTP client, or a pack moves them."""

from __future__ import annotations

from sophia_cli.migrate.rules.family import Family

_VENDORS = {
    "ChatOpenAI": "openai",
    "OpenAI": "openai",
    "OpenAIEmbeddings": "openai",
    "AzureChatOpenAI": "azure",
    "AzureOpenAI": "azure",
    "AzureOpenAIEmbeddings": "azure",
    "ChatAnthropic": "anthropic",
    "AnthropicLLM": "anthropic",
    "ChatGroq": "groq",
    "ChatMistralAI": "mistral",
    "MistralAIEmbeddings": "mistral",
    "ChatCohere": "cohere",
    "CohereEmbeddings": "cohere",
    "ChatGoogleGenerativeAI": "google",
    "GoogleGenerativeAIEmbeddings": "google",
    "ChatVertexAI": "google",
    "VertexAI": "google",
    "VertexAIEmbeddings": "google",
    "ChatBedrock": "bedrock",
    "ChatBedrockConverse": "bedrock",
    "BedrockEmbeddings": "bedrock",
    "ChatLiteLLM": "litellm",
    "ChatLiteLLMRouter": "litellm",
    "ChatOpenRouter": "openrouter",
    "ChatSnowflakeCortex": "cortex",
    "ChatSnowflake": "cortex",
    "ChatDeepSeek": "deepseek",
    "ChatXAI": "xai",
    "ChatPerplexity": "perplexity",
    "ChatTogether": "together",
    "ChatFireworks": "fireworks",
    "ChatOllama": "ollama",
    "OllamaLLM": "ollama",
    "OllamaEmbeddings": "ollama",
    **dict.fromkeys(("AzureAIChatCompletionsModel", "AzureAIEmbeddingsModel"), "azure"),
    **dict.fromkeys(("AzureAIOpenAIApiChatModel", "AzureAIOpenAIApiEmbeddingsModel"), "azure"),
    **dict.fromkeys(("ChatAnthropicVertex", "GoogleGenerativeAI"), "google"),
    **dict.fromkeys(("GooglePalmEmbeddings", "ChatGooglePalm"), "google"),
    **dict.fromkeys(("BedrockLLM", "BedrockChat", "ChatAnthropicBedrock"), "bedrock"),
    **dict.fromkeys(("ChatHuggingFace", "HuggingFaceEndpoint"), "huggingface"),
    **dict.fromkeys(("HuggingFaceEndpointEmbeddings", "HuggingFaceHubEmbeddings"), "huggingface"),
    "HuggingFaceInferenceAPIEmbeddings": "huggingface",
    **dict.fromkeys(("ChatNVIDIA", "NVIDIAEmbeddings"), "nvidia"),
    **dict.fromkeys(("ChatDatabricks", "DatabricksEmbeddings"), "databricks"),
    **dict.fromkeys(("VoyageAIEmbeddings", "VoyageEmbeddings"), "voyageai"),
    "JinaEmbeddings": "jina",
    "TogetherEmbeddings": "together",
    "FireworksEmbeddings": "fireworks",
    "DeepInfraEmbeddings": "deepinfra",
    "AnyscaleEmbeddings": "anyscale",
    "DashScopeEmbeddings": "dashscope",
    "ZhipuAIEmbeddings": "zhipuai",
    "SagemakerEndpointEmbeddings": "sagemaker",
}
_MODEL = ("invoke", "ainvoke", "stream", "astream", "batch", "abatch", "generate", "agenerate")
_OLDER = ("predict", "apredict", "predict_messages", "apredict_messages", "call_as_llm")
_EMBEDS = ("embed_query", "aembed_query", "embed_documents", "aembed_documents")
_PACKAGES = ("openai", "anthropic", "groq", "mistralai", "cohere", "google_genai", "aws", "ollama")
_FURTHER = ("google_vertexai", "litellm", "openrouter", "snowflake", "deepseek", "xai", "together")
_MORE = ("perplexity", "fireworks", "azure_ai", "huggingface", "nvidia_ai_endpoints", "voyageai")

LANGCHAIN = Family(
    rule="langchain",
    provider="langchain",
    packages=(
        "langchain",
        *("langchain_core", "langchain_community", "langchain_classic"),
        *(f"langchain_{name}" for name in (*_PACKAGES, *_FURTHER, *_MORE)),
        "databricks_langchain",
    ),
    advice="a langchain model: the pack langchain moves ChatOpenAI, which answers for others too",
    clients=dict.fromkeys((*_VENDORS, "init_chat_model", "init_embeddings")),
    bases=frozenset({"BaseChatModel", "BaseLanguageModel", "BaseLLM"}),
    operations=frozenset({*_MODEL, *_OLDER, *_EMBEDS}),
    vendors=_VENDORS,
    first=frozenset({"init_chat_model", "init_embeddings"}),
)
