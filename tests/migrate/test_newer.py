"""Files that only a newer Python reads: which one is said; what no Python reads is not blamed on this one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from trees import apply, plant

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
OLD = pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python 3.12 reads all of these")

BROKEN = {
    "unfinished": "x = (\n",
    "an f-string with an empty part": "x = f'{}'\n",
    "an f-string with a brace too many": "x = f'}'\n",
    "an f-string with a conversion that is none": "x = f'{x!}'\n",
    "an f-string with no operator": "x = f'{a b}'\n",
    "a string that does not end": "x = 'abc {\n",
    "an f-string that does not end": "x = f'abc\n",
    "a subscript that is no definition": "type[int = 3\n",
}
READ = {
    "its own quotes": "x = f'{', '.join(x)}'\n",
    "its own quotes in a subscript": 'x = f"a {d["x"]:>3} b"\n',
    "another f-string": 'x = f"{f"{x}"}"\n',
    "a backslash": "x = f'{\"\\n\".join(x)}'\n",
    "a comment": 'x = f"""{\n    x  # why\n}"""\n',
    "several lines": "x = f'{\n    x\n}'\n",
    "several lines, raw": "x = [rf'a {\n    x\n}']\n",
}
TYPED = {
    "a type": "type Name = str\n",
    "a generic type": "type Pair[T] = tuple[T, T]\n",
    "a generic function": "def first[T](x: list[T]) -> T:\n    return x[0]\n",
    "a generic class": "class Box[T]:\n    pass\n",
}


def reasons(root: Path, code: str) -> list[str]:
    plant(root, {"app.py": CALL + code})
    return [item.reason for item in apply(root).broken]


@pytest.mark.parametrize("name", BROKEN)
def test_what_no_python_reads_is_not_blamed_on_this_one(tmp_path: Path, name: str) -> None:
    (reason,) = reasons(tmp_path, BROKEN[name])
    assert "3.12" not in reason


@OLD
@pytest.mark.parametrize("name", READ)
def test_a_newer_f_string_names_the_python_that_reads_it(tmp_path: Path, name: str) -> None:
    (reason,) = reasons(tmp_path, READ[name])
    assert reason.endswith(" (run sophia with Python 3.12+, which reads more f-strings)")


@OLD
@pytest.mark.parametrize("name", TYPED)
def test_type_parameters_name_the_python_that_reads_them(tmp_path: Path, name: str) -> None:
    (reason,) = reasons(tmp_path, TYPED[name])
    assert reason.endswith(" (run sophia with Python 3.12+, which reads it)")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="only Python 3.12 and later read these")
@pytest.mark.parametrize("code", [*READ.values(), *TYPED.values()])
def test_a_newer_python_reads_them(tmp_path: Path, code: str) -> None:
    assert reasons(tmp_path, code) == []
