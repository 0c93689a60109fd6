#!/usr/bin/env -S python3 -B
"""Looks whether the list of the reference's names is that of its own files, which are in the
corpus, and whether lint takes one of them for a slip of the fingers.

    check_names.py NAMES.txt

Exit status: 0, 1 if something is wrong, 77 if no corpus is given.
"""

import os
import pathlib
import subprocess
import sys

import corpus
import key_names

FILES = "real/*.cfg"
TOP_FILE = "real/multi-host.cfg"


def main():
    folder = pathlib.Path(corpus.folder_or_skip())
    lines = pathlib.Path(sys.argv[1]).read_text().split("\n")[:-1]
    listed = [line for line in lines if not line.startswith("#")]
    used = key_names.names_in([str(file) for file in folder.glob(FILES)])
    wrong = False
    for name in sorted(used ^ set(listed)):
        print(f"{name}: {'not in the list' if name in used else 'in none of the files'}")
        wrong = True
    if listed != sorted(set(listed)):
        print("the list is not sorted, or has a name twice")
        wrong = True
    vtmh = os.path.join(os.environ["VTMH_BUILD"], "vtmh")
    lint = subprocess.run([vtmh, "lint", "--only-kind", "warning", folder / TOP_FILE],
                          stdout=subprocess.PIPE, text=True, check=False)
    if lint.returncode:
        print(f"lint says {lint.returncode}:\n{lint.stdout}")
        wrong = True
    print(f"{len(listed)} names")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
