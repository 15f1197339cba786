"""The command line's own words, Chinese first: what argparse says of usage, options and misuse."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn

from cunzhen.cli.terminal import complain

EXIT_MISUSE = 2

# argparse's English templates; a test holds that it has no others that a person can meet.
WORDS = {
    "argument %(argument_name)s: %(message)s": "参数 %(argument_name)s：%(message)s",
    "the following arguments are required: %s": "缺少参数：%s",
    "one of the arguments %s is required": "下列参数须给出一个：%s",
    "unrecognized arguments: %s": "不认识的参数：%s",
    "unexpected option string: %s": "不认识的选项：%s",
    "ambiguous option: %(option)s could match %(matches)s": "选项 %(option)s 不明确，可以是 %(matches)s",
    "not allowed with argument %s": "不能与 %s 同用",
    "ignored explicit argument %r": "这个选项不带值，却给了 %r",
    "invalid choice: %(value)r (choose from %(choices)s)": "没有 %(value)r 这个值，可用的是 %(choices)s",
    "unknown parser %(parser_name)r (choices: %(choices)s)": "没有命令 %(parser_name)r，可用的是 %(choices)s",
    "invalid %(type)s value: %(value)r": "%(value)r 不是合格的值（%(type)s）",
    "expected one argument": "后面须有一个值",
    "expected at most one argument": "后面至多有一个值",
    "expected at least one argument": "后面至少须有一个值",
    "expected %s argument": "后面须有 %s 个值",
    "expected %s arguments": "后面须有 %s 个值",
    "can't open '%(filename)s': %(error)s": "打不开 %(filename)s：%(error)s",
}
_HOLE = re.compile(r"%(?:\((\w+)\))?[sr]")


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help with its first word in both languages; texts stand as they are written."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        """The line of usage."""
        super().add_usage(usage, actions, groups, "用法 usage: " if prefix is None else prefix)


class Parser(argparse.ArgumentParser):
    """argparse's parser with headings in both languages and misuse told like every other refusal.

    Args:
        prog, description, epilog, parents, help: as argparse takes them.
        options: heading of its options.
        add_help: whether ``-h`` is one of them.
    """

    def __init__(
        self,
        *,
        prog: str | None = None,
        description: str = "",
        epilog: str = "",
        parents: Sequence[argparse.ArgumentParser] = (),
        options: str = "选项 options",
        add_help: bool = True,
    ) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            parents=parents,
            add_help=False,
            formatter_class=Formatter,
        )
        self._positionals.title = "参数 arguments"
        self._optionals.title = options
        if add_help:
            self.add_argument("-h", "--help", action="help", help="显示本说明 / show this help")

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and leave.

        Args:
            message: argparse's English words, or an argument's own in both languages.
        """
        complain(*self.format_usage().splitlines())
        said = in_chinese(message)
        complain(said, *([message] if said != message else []))
        sys.exit(EXIT_MISUSE)


def in_chinese(message: str) -> str:
    """argparse's message in Chinese; one that is not argparse's own stays as it is.

    Args:
        message: a filled template.
    """
    for template, chinese in WORDS.items():
        if match := re.fullmatch(_pattern(template), message, re.S):
            return _filled(template, chinese, match.groups())
    return message


def _pattern(template: str) -> str:
    return "(.*?)".join(re.escape(part) for part in re.split(r"%(?:\(\w+\))?[sr]", template))


def _filled(template: str, chinese: str, values: Sequence[str]) -> str:
    """The Chinese template with what the English one was filled with; what stands inside a message is a message too."""
    holes = [hole[1] or "" for hole in _HOLE.finditer(template)]
    values = [in_chinese(value) if hole == "message" else value for hole, value in zip(holes, values, strict=True)]
    return _HOLE.sub(lambda hole: values[holes.index(hole[1] or "")], chinese)
