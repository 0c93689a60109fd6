#!/usr/bin/env -S python3 -B
"""Prints the names of parameters that configuration files use: those that they set, change or
delete, and those that they read as ${NAME}. Sorted by bytes, a name a line, each once.

usage: key_names.py FILE.cfg...
"""

import dataclasses
import os
import re
import sys

import grammar
from expander import read_file

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
REFERENCE = re.compile(r"\$\{(.+?)\}")


def names_of(item):
    """The names in a statement and what stands in it."""
    if isinstance(item, (list, tuple)):
        for part in item:
            yield from names_of(part)
    elif isinstance(item, grammar.Assign):
        yield item.key
        yield from REFERENCE.findall(item.value)
    elif isinstance(item, grammar.Delete):
        yield item.key
    elif dataclasses.is_dataclass(item):
        if isinstance(item, grammar.Variants) and item.name:
            yield item.name
        for part in dataclasses.fields(item):
            yield from names_of(getattr(item, part.name))


def names_in(paths):
    """The set of the plain names in these files."""
    found = set()
    for path in paths:
        items = grammar.Parser(read_file).parse(path, read_file(path), os.path.dirname(path))
        found.update(names_of(items))
    return {name for name in found if NAME.fullmatch(name)}


def main():
    print("\n".join(sorted(names_in(sys.argv[1:]))))


if __name__ == "__main__":
    main()
