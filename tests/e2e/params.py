#!/usr/bin/env -S python3 -B
"""Every parameter is honoured, cosmetic, or not supported, as params.tsv says: name, class, what a
test sets ("KEY = VALUE ; …", ": TEST" behind its variant; "< KEY = VALUE" is of a test right before it),
and what is expected of that:

  honoured       an expression over a real run (Run, below) that shows the effect
  cosmetic       a text in the note, once a job
  not supported  a text in the reason why the test is SKIP, or in the error

A name that vtmh knows, and has no row, fails the test; so does one of the reference where
VTMH_PARAMS names its list (Markdown tables). All rows are judged by --dry-run; 20, drawn by the
seed that is printed (or those named behind --run), are really run. Exit status: 0, 1, 77: cannot run here.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

TABLE = pathlib.Path(__file__).with_name("params.tsv")
VTMH = [os.path.join(os.environ["VTMH_BUILD"], "vtmh")]
CACHE = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
GUESTS = pathlib.Path(CACHE, "vtmh", "guests")
KNOWN = json.loads(subprocess.run(VTMH + ["types", "--json"], check=True,
                                  capture_output=True).stdout)
CURRENT = {alias["name"]: alias["current"] for alias in KNOWN["aliases"]}
DRAWN = 20
BASE = """type = migration_multi_host
guest = tick
mem = 32
dirty_mem = 2
variants:
    - broken:
        qemu_binary = /nonexistent
"""


class Row:
    def __init__(self, number, line):
        self.name, self.care, setting, self.expected = line.split("\t")
        if self.care not in ("honoured", "cosmetic", "not supported"):
            raise ValueError(f"line {number}: no such class: {self.care}")
        settings = setting.split(" ; ")
        self.settings = [line for line in settings if not line.startswith("< ")]
        self.before = [line[2:] for line in settings if line.startswith("< ")]
        self.id = f"row{number}"
        self.key = self.settings[-1].split(" = ")[0]

    def __str__(self):
        return f"{self.id} {self.name} ({self.care}: {' ; '.join(self.settings)})"

    @property
    def is_slow(self):
        return "guest = jeos" in self.settings


def read_table(path):
    return [Row(number, line) for number, line in enumerate(path.read_text().splitlines(), 1)]


def configuration(rows):
    text = BASE
    for row in rows:
        if row.before:
            text += f"    - {row.id}before:\n" + "".join(f"        {line}\n" for line in row.before)
        behind = "".join(line for line in row.settings if line.startswith(":"))
        text += f"    - {row.id}{behind or ':'}\n"
        text += "".join(f"        {line}\n" for line in row.settings if not line.startswith(":"))
    return text


def make_certificate(folder):
    """What a SPICE server needs: one that has signed itself."""
    folder.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=vtmh",
                    "-keyout", folder / "server-key.pem", "-out", folder / "server-cert.pem"],
                   check=True, capture_output=True)
    shutil.copy(folder / "server-cert.pem", folder / "ca-cert.pem")


def make_files(folder):
    """What drives can be given: sizes are those of a disk, a CD-ROM and a floppy."""
    if not folder.exists():
        folder.mkdir()
        for name, size in (("d.raw", 1 << 20), ("disk", 1 << 20), ("c.iso", 1 << 16),
                           ("f.img", 1440 << 10)):
            with open(folder / name, "wb") as file:
                file.truncate(size)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", folder / "q.qcow2", "1M"],
                       check=True)
        (folder / "qemu2").symlink_to(shutil.which("qemu-system-x86_64"))
        make_certificate(folder / "x509")
    return folder


def call(folder, rows, *options):
    file = pathlib.Path(folder, "params.cfg")
    psk = pathlib.Path(folder, "psk")
    psk.mkdir(mode=0o700, exist_ok=True)
    pathlib.Path(psk, "keys.psk").write_text(f"qemu:{7:064}\n")
    files = make_files(pathlib.Path(folder, "files"))
    file.write_text(configuration(rows).replace("{psk}", str(psk)).replace("{files}", str(files)))
    return subprocess.run(VTMH + ["-m", "local:a,local:b", *options, str(file)], text=True,
                          check=False, capture_output=True)


def missing(rows):
    """Names without a row."""
    names = [row["name"] for row in KNOWN["parameters"] + KNOWN["aliases"]]
    there = {row.name for row in rows}
    yield from (name for name in names if name not in there)
    families = [name[:-1] for name in there if name.endswith("*")]
    for name in reference_names():
        if name not in there and not name.startswith(tuple(families)):
            yield f"{name} (of the reference)"


def reference_names():
    """The names in the first column of the tables of VTMH_PARAMS, sections 1 to 12 and 14."""
    path = os.environ.get("VTMH_PARAMS")
    section = 0
    for line in pathlib.Path(path).read_text().splitlines() if path else ():
        heading = re.match(r"## (\d+)", line)
        section = int(heading[1]) if heading else section
        if not line.startswith("| ") or section in (0, 13) or section > 14:
            continue
        cell = re.sub(r"\([^)]*\)|_<[^`]*|`", " ", line.split("|")[1])
        for word in re.split(r"[,/\s]+", re.sub(r"\s=.*|=\w+", "", cell)):
            # A word with an underscore is a name; others are also the words of headings.
            if re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", word):
                yield word


def judged(output):
    """What --dry-run says of each row: id -> the line."""
    return {found[1]: found[0] for found in re.finditer(r"^\d+ +(\w+).*$", output, re.M)}


def is_refused(row, text):
    return row.expected in text and "SKIP: " in text and "is not supported" in text


def check_dry(rows, folder):
    """What is wrong about what --dry-run says, row by row."""
    ended = call(folder, rows, "--dry-run")
    if ended.returncode not in (0, 32):
        yield f"--dry-run ends with {ended.returncode}: {ended.stderr[-3000:]}"
        return
    lines = judged(ended.stdout)
    output = ended.stdout + ended.stderr
    for row in rows:
        line = lines.get(row.id, "")
        if row.care == "not supported":
            wrong = not is_refused(row, line)
        elif row.care == "honoured":
            wrong = not line or "is not supported" in line
        else:
            wrong = not line or "SKIP" in line or not has_note(row, output)
        if wrong:
            yield f"{row}: --dry-run says '{line}', expected '{row.expected}'"


def has_note(row, output):
    """A note names the parameter, or its current name, or its family."""
    for note in re.finditer(r"^note: (\S+) .*", output, re.M):
        if row.expected in note[0]:
            names = {row.key, row.name, CURRENT.get(row.name)}
            if note[1] in names or (note[1].endswith("*") and row.key.startswith(note[1][:-1])):
                return True
    return False


class Run(dict):
    """The names that an expression of an honoured row may use."""

    def __init__(self, test, folder):
        ours = test["vtmh"]
        legs = ours.get("migrations") or []
        hosts = [host for vm in (ours.get("platform") or {}).values()
                 for host in vm["hosts"].values()]
        lines = [" ".join(host.get("command_lines", {}).values()) for host in hosts]
        logs = [path for path in folder.rglob("*") if path.suffix == ".log"] if folder else []
        super().__init__(
            re=re,
            test=test,
            status=test["status"],
            reason=test["fail_reason"] or "",
            legs=legs,
            vms={leg["vm"] for leg in legs},
            qemu=" ".join(lines) + " ",
            log="".join(path.read_text(errors="replace") for path in logs))


def shows(row, run):
    """Whether the run is as the row expects."""
    if row.care == "not supported":
        return run["status"] in ("SKIP", "ERROR") and row.expected in run["reason"]
    if row.care == "cosmetic":
        return run["status"] == "PASS" and any(row.expected in note
                                               for note in run["test"]["vtmh"]["notes"])
    try:
        return bool(eval(row.expected, dict(run)))  # the table is part of this test
    except (LookupError, TypeError):
        return False


def check_run(rows, folder):
    results = pathlib.Path(folder, "results")
    ended = call(folder, rows, "-r", str(results))
    job = results / "latest"
    if not (job / "results.json").exists():
        yield f"no results: {ended.stderr[-3000:]}"
        return
    tests = {test["name"]: test for test in json.loads((job / "results.json").read_text())["tests"]}
    for row in rows:
        test = tests[row.id]
        where = job / "test-results" / test["id"]
        if not shows(row, Run(test, where if where.is_dir() else None)):
            yield f"{row}: the run is {test['status']}: {test['fail_reason']}; expected {row.expected}"


def draw(rows, seed):
    """At most one of those that take long."""
    rows = random.Random(seed).sample(rows, len(rows))
    slow = [row for row in rows if row.is_slow][:1]
    return (slow + [row for row in rows if not row.is_slow])[:DRAWN]


PLANTED = (
    "smp\thonoured\tsmp = 2\t\" -smp 3\" in qemu",
    "comm_port\tcosmetic\tcomm_port = 13234\tno such note",
    "smp\tnot supported\tsmp = 2\tVMs have one CPU",
    "images\thonoured\timages = image1\t\"image1\" in qemu",
)


def check_planted(folder):
    """A check that finds nothing wrong with wrong rows is worth nothing."""
    rows = [Row(number, line) for number, line in enumerate(PLANTED, 1)]
    found = "\n".join(list(check_dry(rows, folder)) + list(check_run(rows, folder)))
    for row in rows:
        if f"{row.id} " not in found:
            yield f"the wrong row {row} was not found"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--run", nargs="*", metavar="NAME", help="run the rows of these names")
    options = parser.parse_args()
    if not (GUESTS / "tick" / "tick.rom").exists():
        print("SKIP: the guest tick is not built: deploy/guest")
        return 77
    rows = read_table(TABLE)
    drawn = [row for row in rows if options.run is not None and row.name in options.run] or \
        draw(rows, options.seed)
    print(f"params: {len(rows)} rows; seed {options.seed} draws {', '.join(row.name for row in drawn)}")
    wrong = [f"no row: {name}" for name in missing(rows)]
    with tempfile.TemporaryDirectory() as folder:
        wrong += check_dry(rows, folder)
        wrong += check_run(drawn, folder)
    with tempfile.TemporaryDirectory() as folder:
        wrong += check_planted(folder)
    print("\n".join(wrong) or "params: every row is as written")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
