#!/usr/bin/env -S python3 -B
"""Holds docs/multihost.md to what vtmh makes of avocado-vt's multi-host.cfg, as the corpus has it.

The tables there are what --dry-run says, of the file as it is and with the document's own line of
-p; that line really runs, to PASS. `--print` prints the tables as they should be. Exit status: 0,
1 if the document is wrong, 77 if there is no corpus or no guest.
"""

import collections
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import corpus

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = SOURCE / "docs" / "multihost.md"
VTMH = [os.path.join(os.environ["VTMH_BUILD"], "vtmh")]
CACHE = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
TICK = pathlib.Path(CACHE, "vtmh", "guests", "tick", "tick.rom")
LEAF = re.compile(r"\d+  \S")
REASON = re.compile(r"(?:^|; )(?P<key>[\w.-]+)(?: = (?:(?! is not supported: ).)*)?"
                    r" is not supported: (?P<why>.*?)(?=; [\w.-]+(?: = | is not supported)|$)", re.S)


def document_line():
    """The arguments of the document's command, without vtmh."""
    found = re.search(r"<!-- run to PASS -->\n+```\n(.*?)```", DOCUMENT.read_text(), re.S)
    words = shlex.split(found.group(1).replace("\\\n", " "))
    assert words[:2] == ["$", "vtmh"], words
    return words[2:]


def without_filter(line):
    at = line.index("--only")
    return line[:at] + line[at + 2:]


class Counts:
    """What --dry-run says of all leaves."""

    def __init__(self, folder, arguments):
        ended = subprocess.run(VTMH + ["--dry-run"] + arguments, cwd=folder, text=True, check=False,
                               capture_output=True)
        if ended.returncode not in (0, 32):
            sys.exit(f"--dry-run ends with {ended.returncode}: {ended.stderr[-2000:]}")
        self.leaves = self.skipped = 0
        self.reasons = collections.Counter()
        for leaf in self.split_leaves(ended.stdout):
            self.leaves += 1
            _, is_skipped, text = leaf.partition("  SKIP: ")
            if not is_skipped:
                continue
            self.skipped += 1
            whys = {found["why"] for found in REASON.finditer(text)}
            if not whys:
                sys.exit(f"a leaf is skipped without a reason: {leaf[:300]}")
            self.reasons.update(whys)

    @staticmethod
    def split_leaves(output):
        """A value may go on in the next line."""
        leaves = []
        for line in output.splitlines():
            if LEAF.match(line):
                leaves.append(line)
            else:
                leaves[-1] += " " + line
        return leaves


def tables(plain, with_line):
    yield "| leaves | the file as it is | with the line |"
    yield "|---|---|---|"
    for name in ("leaves", "skipped"):
        yield f"| {'all' if name == 'leaves' else 'SKIP'} | {getattr(plain, name)} | " \
              f"{getattr(with_line, name)} |"
    yield f"| run | {plain.leaves - plain.skipped} | {with_line.leaves - with_line.skipped} |"
    yield ""
    yield "| why leaves are SKIP | the file as it is | with the line |"
    yield "|---|---|---|"
    reasons = plain.reasons | with_line.reasons
    for why in sorted(reasons, key=lambda why: (-plain.reasons[why], -with_line.reasons[why], why)):
        yield f"| {why} | {plain.reasons[why]} | {with_line.reasons[why]} |"


def check_run(folder, line):
    """Runs the document's command; what is wrong about its end."""
    with tempfile.TemporaryDirectory() as scratch:
        results = pathlib.Path(scratch, "results")
        ended = subprocess.run(VTMH + ["-r", str(results)] + line, cwd=folder, text=True,
                               check=False, capture_output=True)
        if ended.returncode != 0:
            yield f"the line ends with {ended.returncode}:\n{ended.stdout}{ended.stderr}"
            return
        job = json.loads((results / "latest" / "results.json").read_text())
        for test in job["tests"]:
            legs = test["vtmh"]["migrations"]
            if test["status"] != "PASS" or not legs:
                yield f"{test['name']} is {test['status']} after {len(legs)} legs"
        print(f"check_multihost: {len(job['tests'])} tests really ran")


def main():
    folder = pathlib.Path(corpus.folder_or_skip(), "real")
    if not TICK.exists():
        print("SKIPPED: the guest tick is not built (deploy/guest)")
        return corpus.SKIPPED
    line = document_line()
    is_wrong = False
    plain = ["-m", "local:a,local:b", line[-1]]
    wanted = list(tables(Counts(folder, plain), Counts(folder, without_filter(line))))
    if "--print" in sys.argv:
        print("\n".join(wanted))
        return 0
    text = DOCUMENT.read_text().splitlines()
    for row in wanted:
        if row and row not in text:
            is_wrong = True
            print(f"{DOCUMENT.name} lacks: {row}")
    for row in text:
        if row.startswith("|") and row not in wanted:
            is_wrong = True
            print(f"{DOCUMENT.name} has: {row}")
    for wrong in check_run(folder, line):
        is_wrong = True
        print(wrong)
    return 1 if is_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
