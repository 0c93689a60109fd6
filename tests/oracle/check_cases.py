#!/usr/bin/env -S python3 -B
"""Runs both engines over folders of cases and compares each with what is written down there.

    check_cases.py --engine CFG_BATCH FOLDER... | --corpus

A case is a file X.cfg, in FOLDER or below, beside which stands X.expected.jsonl (the canonical
lines) or X.error (a JSON object; its "line", if that is a positive number, must be in the message).
X.args has options (-d, -e NAMES, -s), X.extra lines of further code, "\\n" in them is a line feed.
Exit status: 0, 1 if a case failed or there is none, 77 if no corpus is given.
"""

import argparse
import json
import pathlib
import re
import sys

import corpus
import expander
from engine import Engine
from expansion import Options
from reading import ConfigError


def words_beside(case, ending):
    file = case.with_suffix(ending)
    return file.read_text().split("\n")[:-1] if file.exists() else []


def oracle(path, code, letters, names):
    options = Options("d" in letters, tuple(names.split(",")) if names else (), "s" in letters)
    try:
        return expander.expand(path, code, options), None
    except ConfigError as error:
        return None, str(error)


def wrong_about(case, answer):
    """What ANSWER gets wrong of CASE, or None."""
    lines, message = answer
    error_file = case.with_suffix(".error")
    if error_file.exists():
        wanted = json.loads(error_file.read_text())
        if message is None:
            return f"no error, but {len(lines)} tests"
        line = wanted.get("line")
        if line and line > 0 and wanted["kind"] != "internal":
            if not re.search(rf"\b{line}\b", message):
                return f"line {line} is not in: {message}"
        return None
    if message is not None:
        return message
    wanted = case.with_suffix(".expected.jsonl").read_text().split("\n")[:-1]
    for number, (a, b) in enumerate(zip(lines, wanted), 1):
        if a != b:
            return f"test {number} is\n    {a}\n  instead of\n    {b}"
    return None if len(lines) == len(wanted) else f"{len(lines)} tests instead of {len(wanted)}"


def cases_in(folder):
    for file in sorted(pathlib.Path(folder).rglob("*.cfg")):
        if file.with_suffix(".expected.jsonl").exists() or file.with_suffix(".error").exists():
            yield file


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--engine", required=True, help="the program cfg_batch")
    arguments.add_argument("--corpus", action="store_true",
                           help="the folder that VTMH_CORPUS names")
    arguments.add_argument("folder", nargs="*")
    given = arguments.parse_args()
    if given.corpus:
        given.folder.append(corpus.folder_or_skip())
    engine = Engine(given.engine)
    count, failed = 0, 0
    for case in (case for folder in given.folder for case in cases_in(folder)):
        words = words_beside(case, ".args")
        letters = "".join(word[1] for word in words if word in ("-d", "-s"))
        names = words[words.index("-e") + 1] if "-e" in words else ""
        code = [re.sub(r"\\n", "\n", line) for line in words_beside(case, ".extra")]
        request = (str(case), code, letters, names)
        count += 1
        found = [
            f"{case}: {who}: {wrong}"
            for who, answer in (("cfg", engine.expand(*request)), ("oracle", oracle(*request)))
            if (wrong := wrong_about(case, answer))
        ]
        failed += bool(found)
        print(*found, sep="\n", end="\n" if found else "")
    engine.close()
    print(f"check_cases: {count} cases, {failed} failed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
