"""Configurations as they are found in the wild, by what is odd about them."""

from __future__ import annotations

PLAIN = """\
# See https://pre-commit.com
repos:
  - repo: https://github.com/pre-commit/pre-commit-hooks
    rev: v4.5.0   # pinned on purpose
    hooks:
      - id: trailing-whitespace
      - id: end-of-file-fixer
        exclude: ^docs/
"""

# Every one keeps its lines; those in TOUCHED keep all but one.
CONFIGS = {
    "plain": PLAIN,
    "windows": PLAIN.replace("\n", "\r\n"),
    "no last newline": PLAIN.rstrip("\n"),
    "windows, no last newline": PLAIN.rstrip("\n").replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + PLAIN,
    "dashes at the margin": """\
repos:
- repo: https://github.com/pycqa/isort
  rev: 5.13.2
  hooks:
  - id: isort
    args: ["--profile", "black"]
- repo: https://github.com/asottile/pyupgrade
  rev: v3.15.0
  hooks:
  - id: pyupgrade
""",
    "four columns": """\
repos:
-   repo: https://github.com/pre-commit/pre-commit-hooks
    rev: v2.3.0
    hooks:
    -   id: check-ast
    -   id: trailing-whitespace
        args: [--markdown-linebreak-ext=md]
-   repo: https://github.com/pycqa/isort
    rev: 5.13.2
    hooks:
    -   id: isort
""",
    "six columns": """\
repos:
      - repo: local
        hooks:
              - id: unit
                name: unit
                entry: make unit
                language: system
""",
    "empty lines between": """\
repos:

  - repo: https://github.com/pycqa/isort
    rev: 5.13.2
    hooks:
      - id: isort

  # the spell checker is slow
  - repo: https://github.com/codespell-project/codespell
    rev: v2.2.6
    hooks:
      - id: codespell


""",
    "ci below": """\
repos:
  - repo: https://github.com/codespell-project/codespell
    rev: v2.2.6
    hooks:
      - id: codespell
        args: [-L, "crate,nd"]

# pre-commit.ci
ci:
  autofix_prs: false   # never
  skip: [codespell]
""",
    "ci above": """\
ci:
    autoupdate_schedule: monthly
default_language_version:
    python: python3
fail_fast: true
repos:
    - repo: meta
      hooks:
          - id: check-hooks-apply
""",
    "tabs in comments": """\
#\tindented\twith tabs
repos:
  - repo: https://github.com/pycqa/isort\t# a tab before
    rev: 5.13.2
    hooks:
      - id: isort
        #\targs: [--check]
      # - id: more
  # - repo: https://github.com/another/one
""",
    "anchors": """\
.paths: &paths
  exclude: ^vendor/
x-args: &args [--fast, --quiet]
repos:
  - repo: local
    hooks:
      - &unit
        id: unit
        name: unit
        entry: make unit
        language: system
        <<: *paths
      - <<: *unit
        id: other
        args: *args
""",
    "flow lists": """\
repos:
  - repo: local
    hooks: [{id: a, name: a, entry: "true", language: system}]
  - {repo: local, hooks: [{id: b, name: b, entry: "true", language: system}]}
""",
    "all in brackets": """\
repos: [
  {repo: local, hooks: [{id: a, name: a, entry: "true", language: system}]},
]  # the end
""",
    "json": """\
{"repos": [{"repo": "local", "hooks": [{"id": "a", "name": "a", "entry": "true", "language": "system"}]}]}
""",
    "nothing yet": "# hooks will come\nrepos: []  # none\nfail_fast: true\n",
    "nothing at all": "repos:\n",
    "marks": "---\n" + PLAIN + "...\n",
    "a directive": "%YAML 1.1\n---\n" + PLAIN,
    "block scalars": """\
repos:
  - repo: local
    hooks:
      - id: long
        name: long
        language: system
        files: |
          (?x)^(
            a/.*|   # not a comment
            b/.*
          )$
        entry: >-
          bash -c '
          # nor is this
          true'

exclude: |
  (?x)^(
      docs/.*
  )$
""",
    "ends in a block": """\
repos:
  - repo: local
    hooks:
      - id: long
        name: long
        language: system
        entry: |
          bash -c 'true
          # inside'
""",
    "quotes": """\
"repos":
  - "repo": 'https://github.com/pycqa/isort'
    'rev': "5.13.2"
    hooks:
      - "id": isort
        name: "sort: 'all' # of them"
        args:
          - "--profile"
          - "black"
          # - "--check"
""",
    "comments between": """\
repos:
  # first
  - repo: https://github.com/pycqa/isort
    # of last year
    rev: 5.13.2
    hooks:
      # why
      - id: isort
      # - id: gone

  # at the end
# at the margin
""",
    "not ASCII": """\
# Prüfungen für später — größer
repos:
  - repo: local
    hooks:
      - id: größe
        name: Größe prüfen ✓
        entry: "true"
        language: system
""",
    "long": "repos:\n"
    + "".join(
        f"  - repo: local\n    hooks:\n      - {{id: h{number}, name: n, entry: e, language: system}}\n"
        for number in range(60)
    ),
}
TOUCHED = ("all in brackets", "json", "nothing yet")

BROKEN = {
    "tabs": "repos:\n\t- repo: local\n",
    "a merge": "<<<<<<< HEAD\nrepos: []\n=======\nrepos:\n>>>>>>> other\n",
    "two documents": "repos: []\n---\nrepos: []\n",
    "a list": "- repo: local\n",
    "a word": "repos\n",
    "repos is a table": "repos:\n  local: x\n",
    "an open bracket": "repos: [\n",
    "an unknown anchor": "repos: *none\n",
    "hooks without ids": "repos:\n  - repo: local\n    hooks: [a]\n",
}
