#!/usr/bin/env -S python3 -B
"""Compares what vtmh makes of the real configurations of the corpus with what is written there.

For each X.result.json in the corpus: the number of tests, the sums over all lines and all names,
and the lines in X.first20.jsonl and X.last20.jsonl. Exit status: 0, 1 if something differs, 77 if
no corpus is given.
"""

import collections
import hashlib
import itertools
import json
import os
import pathlib
import subprocess
import sys

import corpus

EXCERPT = 20


def lines_of(*command):
    """The lines of a program's output, with their line feeds."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        yield from process.stdout
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def seen_in(top):
    vtmh = os.path.join(os.environ["VTMH_BUILD"], "vtmh")
    whole, names = hashlib.sha256(), hashlib.sha256()
    first, last = [], collections.deque(maxlen=EXCERPT)
    count, size = 0, 0
    for line in lines_of(vtmh, "show", "--format", "jsonl", top):
        whole.update(line)
        size += len(line)
        count += 1
        if len(first) < EXCERPT:
            first.append(line)
        last.append(line)
    for line in lines_of(vtmh, "list", "--fullname", top):
        names.update(line)
    return {
        "count": count,
        "bytes_jsonl": size,
        "sha256_jsonl": whole.hexdigest(),
        "sha256_names_in_order": names.hexdigest(),
    }, first, list(last)


def check(result):
    """What is wrong about the configuration beside RESULT, line by line."""
    top = result.with_suffix("").with_suffix(".cfg")
    figures, first, last = seen_in(top)
    written = json.loads(result.read_text())
    for name, value in figures.items():
        if name in written and written[name] != value:
            yield f"{name} is {value} instead of {written[name]}"
    for word, lines in (("first", first), ("last", last)):
        file = top.with_suffix(f".{word}{EXCERPT}.jsonl")
        if not file.exists():
            continue
        wanted = file.read_bytes().splitlines(keepends=True)
        for number, (a, b) in enumerate(itertools.zip_longest(lines, wanted), 1):
            if a != b:
                yield f"line {number} of {file.name} differs:\n    {a}\n  instead of\n    {b}"
                break
    print(f"{top}: {figures['count']} tests")


def main():
    folder = corpus.folder_or_skip()
    results = sorted(pathlib.Path(folder).rglob("*.result.json"))
    failed = not results
    for result in results:
        for wrong in check(result):
            failed = True
            print(f"{result}: {wrong}")
    print(f"check_real: {len(results)} configurations, {'FAILED' if failed else 'all as written'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
