"""The ``cunzhen`` command: finds the sub-command, attaches the database, sets Django up, and maps errors to exit codes.

A sub-command is a module of this package, named in ``COMMANDS``, with three things::

    HELP = "one line"                                   # a plain string: read without importing the module
    def configure(parser: argparse.ArgumentParser) -> None: ...   # its own arguments
    def run(args: argparse.Namespace) -> int: ...       # 0 done, 1 refused or findings; raises cunzhen.errors

``args`` also has ``home`` (a path), ``json`` and ``as_user``. Modules may import Django's models at the top: they are
imported when the settings are in force and the database is attached. Those in ``STANDALONE`` see to both themselves.
"""

from __future__ import annotations

import argparse
import ast
import getpass
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType, ModuleType

from cunzhen.cli.given import given_passphrase
from cunzhen.cli.parsing import EXIT_MISUSE, Parser
from cunzhen.cli.terminal import complain, say_json
from cunzhen.database.launcher import ensure_running
from cunzhen.database.refusals import DATABASE_ERRORS, without_database
from cunzhen.errors import CunzhenError, Invalid, Refused, Unavailable
from cunzhen.keys import keystore
from cunzhen.preservation.backups.unfinished import refuse_unfinished

COMMANDS = (
    "init",
    "found",
    "user",
    "serve",
    "worker",
    "check",
    "jobs",
    "ingest",
    "read",
    "find",
    "show",
    "correct",
    "verify",
    "scrub",
    "repair",
    "rebuild",
    "stores",
    "ledger",
    "witness",
    "keys",
    "recover",
    "backup",
    "restore",
    "drill",
    "token",
    "demo",
)
STANDALONE = frozenset({"init", "serve", "demo", "backup", "restore", "witness", "recover"})
_HELP_WORDS = frozenset({"-h", "--help"})
EXIT_REFUSED = 1
_WAYS_TO_LEAVE = (signal.SIGTERM, signal.SIGHUP)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: without the program's name; the process's own when None.

    Returns:
        0 done, 1 refused or findings, 2 misuse.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    first, _ = _overview(common=True).parse_known_args([w for w in words if w not in _HELP_WORDS])
    if first.command not in COMMANDS:
        wants_help = first.command is None and bool(_HELP_WORDS & set(words))
        _overview().print_help(sys.stdout if wants_help else sys.stderr)
        return 0 if wants_help else EXIT_MISUSE
    os.environ["CUNZHEN_HOME"] = str(Path(first.home).resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cunzhen.config.settings")
    heed_signals()
    try:
        with _database_errors():
            return _run(first.command, words)
    except CunzhenError as error:
        _tell(error, as_json=first.json)
        return EXIT_REFUSED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read what is said has gone, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except SystemExit as leaving:  # argparse: 2 for misuse, 0 for --help
        return leaving.code if isinstance(leaving.code, int) else EXIT_MISUSE


@contextmanager
def _database_errors() -> Iterator[None]:
    """Turn what the database cannot do at all into a refusal."""
    try:
        yield
    except DATABASE_ERRORS as error:
        raise without_database(error) from error


def heed_signals() -> None:
    """Leave by an exception when asked to end, so that the database is let go of on the way out."""
    for number in _WAYS_TO_LEAVE:
        signal.signal(number, _leave)
    sys.unraisablehook = _send_again


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _send_again(lost: sys.UnraisableHookArgs) -> None:
    """Send a signal once more that came where Python only prints and forgets it, as in a weak reference's callback."""
    code = 128 + signal.SIGINT if lost.exc_type is KeyboardInterrupt else getattr(lost.exc_value, "code", None)
    number = next((way for way in (signal.SIGINT, *_WAYS_TO_LEAVE) if code == 128 + way), None)
    if number is None:
        sys.__unraisablehook__(lost)
        return
    # Not at once: we are still where it was lost.
    later = threading.Timer(0.05, signal.pthread_kill, [threading.get_ident(), number])
    later.daemon = True
    later.start()


def _run(command: str, words: list[str]) -> int:
    with ExitStack() as stack:
        if command not in STANDALONE:
            if not _HELP_WORDS & set(words):
                attach(stack)
            set_up()
            if command != "check" and not _HELP_WORDS & set(words):
                require_current()
        module = import_module(f"cunzhen.cli.{command}")
        args = _parser(command, module).parse_args(words)
        args.home = Path(os.environ["CUNZHEN_HOME"])
        try:
            return int(module.run(args))
        except Refused as error:
            _note(error, args)
            raise


def _note(error: Refused, args: argparse.Namespace) -> None:
    """Enter in the ledger that the user whom ``--as`` names asked for what they may not do."""
    from django.utils import timezone

    from cunzhen.accounts.operations import refuse

    refuse(error, actor=getattr(args, "actor", None), now=timezone.now())


def attach(stack: ExitStack) -> None:
    """Attach this home's database for as long as the stack lasts, and tell the settings where it is.

    Args:
        stack: closes it; the last process out stops the server.

    Raises:
        Unavailable: ``K-01`` where the home has not been made yet.
    """
    home = Path(os.environ["CUNZHEN_HOME"])
    refuse_unfinished(home)
    open_keys(home)
    server = stack.enter_context(ensure_running(home))
    os.environ.update(server.environment)
    _hold(stack, server.app_url)


def open_keys(home: Path) -> None:
    """See that the key store can be read; a sealed one asks for its passphrase on a terminal, three times at most.

    Raises:
        Unavailable: ``K-01`` where the home has not been made yet, ``K-02``, ``K-06``, ``K-08``.
    """
    folder, given = home / "keys", given_passphrase()
    keystore.use_passphrase(given)
    if given or not keystore.is_sealed(folder) or not sys.stdin.isatty():
        keystore.load(folder)
        return
    for tries_left in (2, 1, 0):
        typed = getpass.getpass("密钥库口令：")
        keystore.use_passphrase(typed)
        try:
            keystore.load(folder)
        except Unavailable as error:
            if not tries_left:
                raise
            complain(error.message)
        else:
            os.environ["CUNZHEN_KEY_PASSPHRASE"] = typed  # for the settings, and the processes that this one starts
            return


def _hold(stack: ExitStack, url: str) -> None:
    """Keep migrations away until the stack is closed."""
    from cunzhen.database.schema import Hold

    stack.enter_context(closing(Hold(url)))


def require_current() -> None:
    """Refuse tables of another version than the program's, before a command touches anything.

    Raises:
        Conflict: ``D-09``, ``D-10``.
    """
    from cunzhen.database import schema

    schema.require_current()


def set_up() -> None:
    """Load the settings and Django."""
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise Invalid("C-03", f"配置有误：{error}", f"A setting is wrong: {error}") from error


def _common(default: object) -> Parser:
    parser = Parser(options="通用选项 common options", add_help=False)
    home = os.environ.get("CUNZHEN_HOME", "var")
    given = default is argparse.SUPPRESS
    parser.add_argument("--home", default=default if given else home, metavar="DIR", help="数据目录（缺省 ./var）")
    parser.add_argument("--json", action="store_true", default=default if given else False, help="输出一个 JSON 对象")
    parser.add_argument("--as", dest="as_user", default=default if given else "", metavar="USER", help="以某用户的身份")
    return parser


def _overview(*, common: bool = False) -> argparse.ArgumentParser:
    lines = [f"  {name:<8} {_help_of(name)}" for name in COMMANDS if _source(name).exists()]
    parser = Parser(
        prog="cunzhen",
        parents=[_common(None)],
        description="存真：社会保险电子档案",
        epilog="\n".join(["命令 commands:", *lines]),
        add_help=not common,
    )
    parser.add_argument("command", nargs="?", metavar="COMMAND")
    return parser


def _parser(command: str, module: ModuleType) -> argparse.ArgumentParser:
    """Common options may stand before the command and after it."""
    parser = Parser(prog="cunzhen", parents=[_common(None)])
    commands = parser.add_subparsers(dest="command", required=True)
    own = commands.add_parser(command, parents=[_common(argparse.SUPPRESS)], help=module.HELP, description=module.HELP)
    module.configure(own)
    return parser


def _source(command: str) -> Path:
    return Path(__file__).with_name(f"{command}.py")


def _help_of(command: str) -> str:
    """The command's HELP, read from its source: importing all of them would load half the product."""
    for node in ast.parse(_source(command).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "HELP" for t in node.targets):
            return str(ast.literal_eval(node.value))
    return ""


def _tell(error: CunzhenError, *, as_json: bool) -> None:
    if as_json:
        body = {"code": error.code, "message": error.message, "english": error.english, **error.params}
        say_json({"error": body})
    complain(f"{error.code} {error.message}", error.english)


if __name__ == "__main__":
    sys.exit(main())
