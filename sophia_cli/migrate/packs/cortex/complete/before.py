from snowflake.cortex import Complete, Sentiment


def ask(session, text):
    print(Sentiment(text))
    return Complete("mistral-large2", text, session=session)


def named(text):
    return Complete(model="mistral-large2", prompt=text, stream=False)


def options(text):
    return Complete("mistral-large2", text, options={"temperature": 0})
