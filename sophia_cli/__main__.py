"""The entry point, and the only place where an error becomes a line and an exit code."""

from __future__ import annotations

import atexit
import gc
import os
import sys

from sophia_cli import __version__

EXIT_DONE, EXIT_ERROR, EXIT_USAGE, EXIT_BUG, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


def main() -> None:
    """Run `sophia` with the arguments of the process and exit with its code."""
    # What is imported stays: to look through all of it every 700 objects took 5 % of a look at a tree.
    gc.set_threshold(50_000)
    code = EXIT_BUG

    def leave() -> None:
        """End here: to take a large heap apart object by object took 3 % of a look at a tree."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who called us
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    atexit.register(leave)  # the first, and so called last: all else is closed by then
    code = run(sys.argv[1:])
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line; every error ends here. Returns the exit code."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("sophia: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # before the command had a result: nobody waits for one
        from sophia_cli.output import close_stdout

        close_stdout()
        return EXIT_DONE


def _run(arguments: list[str]) -> int:
    try:
        if arguments in (["--version"], ["-V"]):  # answered before anything is imported
            print(f"sophia {__version__}", flush=True)
            return EXIT_DONE
        from sophia_cli.commands import call

        code = call(arguments)
        sys.stdout.flush()  # what goes wrong with it must not wait for the interpreter's end
        return code
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            return report(arguments, error)
        print("sophia: the command line is not installed", file=sys.stderr)
        print('        pip install "sophia-cli[cli]"', file=sys.stderr)
        return EXIT_ERROR
    except BrokenPipeError:
        raise
    except Exception as error:  # the one place that may catch everything
        return report(arguments, error)


def report(arguments: list[str], error: Exception) -> int:
    """Say what went wrong; returns the exit code of it."""
    from sophia_cli.errors import SophiaError
    from sophia_cli.llm.errors import LLMError
    from sophia_cli.output import show_error

    as_json = "--json" in arguments and not _is_of_stdout(error)
    words = _words(arguments) if as_json else []
    error = _known(error)
    if isinstance(error, SophiaError | LLMError):
        call_id = getattr(error, "call_id", "")
        show_error(words, error.message, error.mend, as_json=as_json, call_id=call_id)
        return getattr(error, "exit_code", EXIT_ERROR)
    path = _write_log(error)
    show_error(
        words,
        f"bug: {type(error).__name__}: {error}",
        f"the traceback is in {path}",
        as_json=as_json,
    )
    return EXIT_BUG


def _words(arguments: list[str]) -> list[str]:
    """The words of the command, for the envelope; none where the commands cannot be imported."""
    try:
        from sophia_cli.commands import words_of
    except Exception:
        return []
    return words_of(arguments)


def _is_of_stdout(error: Exception) -> bool:
    """Whether the result itself could not be written: no envelope gets there either."""
    import errno

    return isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None


def _known(error: Exception) -> Exception:
    """What the machine can do to any command: a full disk, a working directory that is gone."""
    import errno
    from pathlib import Path

    from sophia_cli.errors import SophiaError
    from sophia_cli.output import close_stdout

    if not isinstance(error, OSError):
        return error
    if error.errno == errno.ENOSPC:
        if _is_of_stdout(error):
            close_stdout()
        place = error.filename or "the output"
        return SophiaError(f"{place} cannot be written: {error.strerror}", "free some space")
    if error.errno == errno.ENOENT and error.filename is None:
        try:
            Path.cwd()
        except FileNotFoundError:
            return SophiaError("the working directory is gone", "cd to a folder that exists")
    return error


def _write_log(error: Exception) -> str:
    import tempfile
    import traceback

    handle, path = tempfile.mkstemp(prefix="sophia-bug-", suffix=".log")  # made with mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as log:
        log.write(f"sophia {__version__}, Python {sys.version}\n")
        log.writelines(traceback.format_exception(error))
    return path


if __name__ == "__main__":
    main()
