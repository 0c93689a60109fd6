#!/usr/bin/env -S python3 -B
"""Expands random configurations with both engines and compares what comes out.

    compare_random.py --engine CFG_BATCH [--count N] [--seed S] [--jobs N] [--keep DIR]

What differs is made smaller, as long as it differs, kept under DIR and printed. File number K of a
seed is always the same: `--from K --count 1` makes it again. Exit status: 0, 1 if a file differed,
or if too few of the files were worth comparing.
"""

import argparse
import collections
import multiprocessing
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import expander
from engine import Engine
from expansion import Options
from generator import Configuration, Generator
from reading import ConfigError

DIFFERENCES_MAX = 5
# Below this share of files with 1 to 200 tests the generator has gone wrong.
WORTH_IT = 0.5


class Comparison:
    """Compares configurations in a folder of its own."""

    def __init__(self, program, wrong):
        self.engine = Engine(program)
        self.wrong = wrong
        self.folder = tempfile.mkdtemp(prefix="vtmh-oracle.")

    def close(self):
        self.engine.close()
        shutil.rmtree(self.folder)

    def answers(self, configuration):
        """(of the engine, of the oracle), each (lines, None) or (None, message)."""
        for name in os.listdir(self.folder):
            os.remove(os.path.join(self.folder, name))
        for name, text in configuration.files.items():
            with open(os.path.join(self.folder, name), "w", encoding="utf-8", newline="") as file:
                file.write(text)
        top = os.path.join(self.folder, "top.cfg")
        names = tuple(name for name in configuration.names.split(",") if name)
        options = Options(
            "d" in configuration.letters, names, "s" in configuration.letters, self.wrong
        )
        theirs = self.engine.expand(
            top, configuration.code, configuration.letters, configuration.names
        )
        try:
            ours = (expander.expand(top, configuration.code, options), None)
        except ConfigError as error:
            ours = (None, str(error))
        return theirs, ours

    def difference(self, configuration):
        return difference(*self.answers(configuration))

    def shrunk(self, configuration):
        """The smallest configuration found, by leaving out, that still differs."""
        for smaller in ({"code": []}, {"letters": ""}, {"names": ""}):
            tried = Configuration(**{**vars(configuration), **smaller})
            if self.difference(tried):
                configuration = tried
        again = True
        while again:
            again = False
            for name in list(configuration.files):
                lines = configuration.files[name].splitlines(keepends=True)
                size = len(lines)
                while size:
                    for at in range(len(lines) - size, -1, -1):
                        fewer = lines[:at] + lines[at + size :]
                        files = {**configuration.files, name: "".join(fewer)}
                        tried = Configuration(**{**vars(configuration), "files": files})
                        if len(fewer) < len(lines) and self.difference(tried):
                            lines, configuration, again = fewer, tried, True
                    size //= 2
        return configuration


def difference(theirs, ours):
    """None, or in a few lines what differs. Two errors are equal, whatever they say."""
    (lines, message), (wanted, wanted_message) = theirs, ours
    died = message and message.startswith("the engine died")
    if lines == wanted and not died:
        return None
    for number, (a, b) in enumerate(zip(lines or [], wanted or []), 1):
        if a != b:
            return f"test {number}\ncfg:    {a}\noracle: {b}"
    return (
        f"cfg:    {message or f'{len(lines)} tests'}\n"
        f"oracle: {wanted_message or f'{len(wanted)} tests'}"
    )


def kind_of(lines):
    if lines is None:
        return "errors"
    if not lines:
        return "without tests"
    return "with 1 to 200 tests" if len(lines) <= 200 else "with more"


def command(configuration):
    words = ["vtmh show --format jsonl"]
    words += [f"-{letter}" for letter in configuration.letters]
    words += [f"-e {configuration.names}"] if configuration.names else []
    words += ["top.cfg"] + [repr(code) for code in configuration.code]
    return " ".join(words)


def keep(folder, configuration, why):
    folder.mkdir(parents=True, exist_ok=True)
    told = [f"$ {command(configuration)}", why]
    for name, text in configuration.files.items():
        if text or name == "top.cfg":
            (folder / name).write_text(text, encoding="utf-8")
            told += [f"--- {name}", text.rstrip("\n")]
    (folder / "difference").write_text("\n".join(told[:2]) + "\n", encoding="utf-8")
    return "\n".join(told)


def compare(work):
    """Compares the files FIRST to LAST of a seed: what became of them, and the differences."""
    given, first, last = work
    comparison = Comparison(given.engine, given.wrong)
    counts = collections.Counter()
    found = []
    for number in range(first, last):
        configuration = Generator(f"{given.seed}:{number}").make()
        answers = comparison.answers(configuration)
        if not difference(*answers):
            counts[kind_of(answers[0][0])] += 1
            continue
        counts["different"] += 1
        if len(found) < DIFFERENCES_MAX:
            configuration = comparison.shrunk(configuration)
            why = comparison.difference(configuration)
            place = given.keep / f"{given.seed}-{number}"
            found.append(f"file {number}, kept in {place}:\n{keep(place, configuration, why)}\n")
    comparison.close()
    return counts, found


def parse_arguments():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--engine", required=True, help="the program cfg_batch")
    arguments.add_argument("--count", type=int, default=2000, help="how many files (2000)")
    arguments.add_argument("--seed", default=str(random.SystemRandom().randrange(10**9)),
                           help="any text (a random number)")
    arguments.add_argument("--from", type=int, default=0, dest="first", metavar="K",
                           help="number of the first file (0)")
    arguments.add_argument("--jobs", type=int, default=1, help="processes side by side (1)")
    arguments.add_argument("--keep", type=pathlib.Path, metavar="DIR",
                           default=pathlib.Path(tempfile.gettempdir()) / "vtmh-differences",
                           help="where files that differ are kept")
    arguments.add_argument("--wrong", default="", choices=["", "join"],
                           help="do this rule wrongly in the oracle: must be found")
    return arguments.parse_args()


def main():
    given = parse_arguments()
    print(f"compare_random: seed {given.seed}, {given.count} files", flush=True)
    begun = time.monotonic()
    last = given.first + given.count
    size = 250
    work = [(given, at, min(at + size, last)) for at in range(given.first, last, size)]
    counts, found = collections.Counter(), []
    with multiprocessing.Pool(given.jobs) as pool:
        for more, told in pool.imap(compare, work):
            counts += more
            for text in told[: DIFFERENCES_MAX - len(found)]:
                print(text, flush=True)
            found += told
    seconds = time.monotonic() - begun
    print(f"compare_random: {seconds:.0f} s, " +
          ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
    if counts["with 1 to 200 tests"] < WORTH_IT * given.count and not counts["different"]:
        print("compare_random: too few files with 1 to 200 tests")
        return 1
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
