"""The rules, in the order in which they run: constructors before what they carry."""

from __future__ import annotations

from sophia_cli.migrate.rules import (
    anthropic_client,
    calls,
    clients,
    cortex_sql,
    curl,
    exceptions,
    markdown,
    module_settings,
    notebook,
    openai_client,
    patches,
    raw_http,
    sdks,
    service,
    sql_files,
    templates,
    wrapper,
)
from sophia_cli.migrate.scan import Rule

_CODE: tuple[Rule, ...] = (
    openai_client.find,
    anthropic_client.find,
    clients.find,
    sdks.find,
    calls.find,
    raw_http.find,
    curl.find,
    cortex_sql.find,
    module_settings.find,
    exceptions.find,
    patches.find,
    wrapper.find,
    templates.find,
    service.find,
)
RULES: tuple[Rule, ...] = (*_CODE, notebook.find, sql_files.find, markdown.over(_CODE))
# Those that find what makes clients, without what clients do.
MAKERS: tuple[Rule, ...] = (openai_client.find, anthropic_client.find, sdks.SDKS.find_makers)
# What the names of SDKs begin with.
PACKAGES = sdks.SDKS.tops | {
    name.partition(".")[0]
    for vendor in (openai_client.OPENAI, anthropic_client.ANTHROPIC)
    for name in (*vendor.doors, *vendor.reported)
}
