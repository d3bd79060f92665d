from snowflake.cortex import Complete, Sentiment
from sophia_cli.llm import get_unified_llm_service


def ask(session, text):
    print(Sentiment(text))
    return get_unified_llm_service().complete_text_sync(model="mistral-large2", prompt=text, task_type="data_analysis")


def named(text):
    return get_unified_llm_service().complete_text_sync(model="mistral-large2", prompt=text, task_type="data_analysis")


def options(text):
    return Complete("mistral-large2", text, options={"temperature": 0})
