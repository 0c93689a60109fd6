#!/usr/bin/env -S python3 -B
"""A second expander of the Cartesian configuration language.

It is the language written down once more, as simply as can be, to compare the engine in cfg/ with.
Nothing here is clever or fast: every combination of variants is tried. It shares no code with cfg/.

    expander.py [-d] [-e NAMES] [-s] FILE.cfg [CODE...]

prints what `vtmh show --format jsonl` prints. Exit status 0, or 4 with the error on stderr.
"""

import argparse
import json
import os
import sys

from expansion import Expansion, Options
from grammar import Parser
from reading import ConfigError


def read_file(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8")


def expand(path, code=(), options=Options()):
    """The canonical lines of the file PATH with the texts CODE behind it. Raises ConfigError."""
    try:
        text = read_file(path)
    except (OSError, UnicodeError) as error:
        raise ConfigError("open", f"{path}: {error}") from error
    parser = Parser(read_file)
    items = parser.parse(path, text, os.path.dirname(path))
    for extra in code:
        items += parser.parse("<string>", extra, "")
    return [line_of(test) for test in Expansion(options).tests(items)]


def line_of(test):
    members = test.flat() | {"name": test.name, "shortname": test.shortname, "dep": test.dep}
    return json.dumps(members, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("-d", dest="defaults", action="store_true", help="only default variants")
    arguments.add_argument("-e", dest="expand", default="", metavar="NAMES",
                           help="but all of these named blocks")
    arguments.add_argument("-s", dest="keep_suffixes", action="store_true",
                           help="keep all suffixes")
    arguments.add_argument("file")
    arguments.add_argument("code", nargs="*")
    given = arguments.parse_args()
    names = tuple(name for name in given.expand.split(",") if name)
    try:
        lines = expand(given.file, given.code, Options(given.defaults, names, given.keep_suffixes))
    except ConfigError as error:
        print(f"expander: {error}", file=sys.stderr)
        return 4
    for line in lines:
        sys.stdout.buffer.write(line.encode() + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
