"""The corpus: a folder outside of the project, which VTMH_CORPUS names:
deploy/test --corpus DIR."""

import os
import sys

SKIPPED = 77


def folder_or_skip():
    folder = os.environ.get("VTMH_CORPUS")
    if not folder:
        print("SKIPPED: no corpus is given (deploy/test --corpus DIR)")
        sys.exit(SKIPPED)
    return folder
