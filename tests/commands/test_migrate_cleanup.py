"""`sophia migrate cleanup` as it is typed."""

from __future__ import annotations

import re
from pathlib import Path

from shell import sophia

PACK = "".join(
    f'[[service]]\nmodule = "app.{module}"\nclass = "{name}"\n[[service.method]]\nname = "ask"\n'
    'to = "complete_text"\npositional = ["q"]\narguments = { q = "prompt" }\n'
    for module, name in (("old_ai", "OldAI"), ("used_ai", "UsedAI"))
)
FILES = {
    "app/old_ai.py": "import openai\n\n\nclass OldAI:\n    pass\n",
    "app/used_ai.py": "class UsedAI:\n    pass\n",
    "app/main.py": "import sophia_cli.llm\n\nfrom app import used_ai\n",
    "requirements.txt": "openai\n",
    "pack.toml": PACK,
    "sophia.toml": '[migrate]\npacks = ["pack.toml"]\n',
}
HELD = (
    "  app/used_ai.py  UsedAI  stays, it is named in\n    app/main.py:3  from app import used_ai\n"
)
BY_HAND = (
    "By hand: openai in requirements.txt is imported nowhere any more\n"
    "By hand: add sophia-cli>=0.1,<0.2 to the dependencies in requirements.txt\n"
)


def test_it_is_shown_then_done_then_undone(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    said = sophia("migrate", "cleanup", cwd=tmp_path)
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "1 old service can go: nothing refers to it.\n"
        f"  app/old_ai.py  OldAI\n{HELD}{BY_HAND}"
        "Nothing was changed.\n"
        "Next:  sophia migrate cleanup --apply\n"
    )
    data = sophia("migrate", "cleanup", "--json", cwd=tmp_path).json["data"]
    assert data["free"] == [{"path": "app/old_ai.py", "service": "OldAI"}]
    assert data["held"][0]["references"] == [
        {"place": "app/main.py:3", "how": "from app import used_ai"}
    ]
    said = sophia("migrate", "cleanup", "--apply", cwd=tmp_path)
    assert re.sub(r"rollback \w+", "rollback RUN", said.out) == (
        f"1 old service removed.\n  app/old_ai.py  OldAI\n{HELD}{BY_HAND}"
        "Undo:  sophia migrate rollback RUN\n"
    )
    assert not (tmp_path / "app/old_ai.py").exists()
    assert sophia("migrate", "rollback", cwd=tmp_path).code == 0
    assert {name: (tmp_path / name).read_text() for name in FILES} == FILES


def test_what_no_pack_declares_is_proposed(tmp_path: Path) -> None:
    own = "from openai import OpenAI\n\n\ndef made():\n    return OpenAI()\n"
    for name, text in {"app/main.py": "import sophia_cli.llm\n", "app/own_gpt.py": own}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    said = sophia("migrate", "cleanup", cwd=tmp_path)
    assert said.out.startswith(
        "0 old services can go: nothing refers to them.\n"
        "No pack declares these. They may go too, where you know of no other use:\n"
        "  app/own_gpt.py  a client of openai that nothing names\n"
        "  one of them:  sophia migrate cleanup --apply --also PATH\n"
    )
    said = sophia("migrate", "cleanup", "--also", "app/own_gpt.py", cwd=tmp_path)
    assert said.out.endswith("Next:  sophia migrate cleanup --apply --also app/own_gpt.py\n")
    said = sophia("migrate", "cleanup", "--apply", "--also", "app/own_gpt.py", cwd=tmp_path)
    assert said.out.startswith(
        "1 old service removed.\n  app/own_gpt.py  a client of openai that nothing names\n"
    )
    assert not (tmp_path / "app/own_gpt.py").exists()
    said = sophia("migrate", "cleanup", "--also", "app/main.py", cwd=tmp_path)
    assert (said.code, said.err.splitlines()[0]) == (2, "sophia: app/main.py is not proposed")
