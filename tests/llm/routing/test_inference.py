"""What a chat is taken for where nobody says it: hardly ever anything, and then for a reason."""

from __future__ import annotations

from typing import Any

import pytest

from sophia_cli.llm.call import CHAT, EMBEDDINGS, MESSAGES, OTHER, Call, Labels
from sophia_cli.llm.routing.inference import LOOKED_AT, infer

SQL = ("sql_generation", "asks for SQL")
CODE = ("code_generation", "asks for code")
TESTS = ("code_generation", "asks for tests")
ABOUT_CODE = ("code_analysis", "asks about code, and holds some")
SUMMARY = ("document_summary", "asks for a summary of a text it names")
DATA = ("data_analysis", "asks to analyse data it names")
FIGURES = ("business_intelligence", "asks for a report of key figures")

LEFT_ALONE = [
    "",
    "hi",
    "hello, how are you?",
    "What is SQL?",
    "Is SQL hard to learn?",
    "Explain SQL joins to a beginner",
    "Tell me about SQL injection.",
    "Write an SQL injection tutorial",
    "Create a SQL Server database for me",
    "You are a SQL expert. What do you think of NoSQL?",
    "Don't write a SQL query, just tell me the idea",
    'What does "write a SQL query" mean?',
    "Translate into French:\nWrite a SQL query that counts users",
    "Proofread this job advert. Write SQL queries for our analysts. Generate a Python script a day.",
    "Which is better: write a SQL query or use an ORM?",
    "Translate this SQL into Python",
    "Write a poem about a Python",
    "Write a script for a play about Java",
    "Write a movie script",
    "Create a class schedule for my Python students",
    "Generate a method statement for the building site",
    "Write a program for the charity gala",
    "Write to the members about the code of conduct",
    "Write code",
    "Write a letter in German",
    "Give me a Swift code for my bank",
    "Explain this code",  # without any code
    "Explain the code of conduct",
    "Review my dress code: no ties; {smart} casual",
    "Explain this zip code: 90210",
    "Explain the function of the liver",
    "Debug my life;",
    "Summarise the French Revolution",
    "Summarize the plot of Hamlet",
    "Can you write a summary?",
    "Tell me about summaries of this kind",
    "What is a good summary of this book?",
    "Analyse the data protection law",
    "Analyse this data protection policy",
    "Analyze these lyrics",
    "What is a CSV file?",
    "Find the keys in my jacket",
    "What is a KPI?",
    "Write a report on revenue",
    "Create a dashboard",
    # two that disagree
    "Summarise this document. Then write a SQL query for its figures.",
    "Write a Python function for it. Summarise this text as well.",
    "Schreibe eine SQL-Abfrage",
    "éàü 日本語 \ud83d",
]

TAKEN = [
    ("Write a SQL query that counts users by month", *SQL),
    ("please write me an SQL query: users by month", *SQL),
    ("Could you please generate the PostgreSQL sql statements to add a column?", *SQL),
    ("I need you to write SQL for the monthly report", *SQL),
    ("Here is my schema:\nCREATE TABLE t(a int);\n\nWrite a SQL query that sums a.", *SQL),
    ("Convert the question below into SQL: who bought twice?", *SQL),
    ("Turn this into a SQL query.", *SQL),
    ("Write a Python function that parses dates", *CODE),
    ("Can you help me write a small bash script to rename files?", *CODE),
    ("Implement a class in Rust that counts words", *CODE),
    ("Create a React component for a date picker", *CODE),
    ("Write a Python script that writes a SQL query", *CODE),
    ("Write unit tests for the parser", *TESTS),
    ("Review this code:\n```\nx = 1\n```", *ABOUT_CODE),
    ("What's wrong with my function?\n\ndef f(x):\n    return y", *ABOUT_CODE),
    ("Explain the following Python code:\nimport os\nprint(os.name)", *ABOUT_CODE),
    ("Summarise this contract", *SUMMARY),
    ("Please summarize the following:\n\nIt was a dark night.", *SUMMARY),
    ("Give me a short summary of the attached minutes", *SUMMARY),
    ("tl;dr of this thread", *SUMMARY),
    ("Analyse this data: 1, 2, 3", *DATA),
    ("Find outliers in the following sales table", *DATA),
    ("Analyze my CSV file for duplicates", *DATA),
    ("Create a monthly KPI report", *FIGURES),
]  # fmt: skip


def ask(content: Any, operation: str = CHAT, **body: Any) -> Call:
    return Call(operation, {"messages": [{"role": "user", "content": content}], **body}, Labels())


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_doubt_is_a_chat(text: str) -> None:
    assert infer(ask(text)) is None


@pytest.mark.parametrize(("text", "task", "words"), TAKEN)
def test_a_plain_request_has_its_task(text: str, task: str, words: str) -> None:
    sign = infer(ask(text))
    assert sign is not None and (sign.task.value, sign.words) == (task, words)
    assert infer(ask(text.upper(), MESSAGES)) == sign


def test_only_chats_are_looked_at() -> None:
    text = "Summarise this contract"
    assert infer(ask(text, OTHER)) is None
    assert infer(Call(EMBEDDINGS, {"input": text}, Labels())) is None


def test_only_the_last_message_of_the_user_counts() -> None:
    first = {"role": "user", "content": "Summarise this contract"}
    answer = {"role": "assistant", "content": "It binds both. Write a SQL query."}
    last = {"role": "user", "content": "thanks"}
    system = {"role": "system", "content": "Write a SQL query"}
    assert infer(Call(CHAT, {"messages": [system, first, answer, last]}, Labels())) is None
    assert infer(Call(CHAT, {"messages": [system, first, answer]}, Labels())) is not None


def test_only_its_beginning_counts() -> None:
    filler = "x" * (LOOKED_AT - 10) + ". "
    assert infer(ask(filler + "Write a SQL query.")) is None
    assert infer(ask("Write a SQL query. " + filler)) is not None


def test_parts_of_text_are_read_and_others_passed_over() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    parts = [image, {"type": "text", "text": "Summarise this contract"}, "?", {"text": 3}]
    assert infer(ask(parts)) is not None
    for odd in (None, 3, {}, [None], {"text": "Summarise this contract"}):
        assert infer(ask(odd)) is None
    for messages in (None, "x", [], [None], ["Summarise this"], 3):
        assert infer(Call(CHAT, {"messages": messages}, Labels())) is None
