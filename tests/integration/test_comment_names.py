#!/usr/bin/env python3
"""Comments and documents name no function and no file that is not there.

A function is a word before "()", a file a word that ends as the tree's files do; what stands in
<> is of another project. Usage:
test_comment_names.py SOURCE
"""
import os
import re
import sys

CODE = re.compile(r"\.[ch]$")
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
FUNCTION = re.compile(r"\b([A-Za-z_]\w*)\(\)")
FILE = re.compile(r"(?<![\w./<*-])((?:[\w-]+/)*[\w-]+\.(?:c|h|proto|cmake))\b(?![\w/(])")


def tree():
    """All files of the project, but for what was built."""
    files = []
    for folder, below, names in os.walk("."):
        below[:] = [name for name in below if not name.startswith((".", "build"))]
        files += [os.path.relpath(os.path.join(folder, name)) for name in names]
    return files


def comments(text):
    """(position, comment) of C."""
    return [(m.start(), m.group()) for m in COMMENT.finditer(text) if m.group()[0] == "/"]


def called(text):
    """What the code of a file calls, defines, or has as a member that is called."""
    code = COMMENT.sub(lambda m: " " if m.group()[0] == "/" else m.group(), text)
    return set(re.findall(r"([A-Za-z_]\w*)\)?\s*\(", code))


def strangers(places, functions, files):
    """The (position, name) in the text of `places` that nothing in the tree has."""
    for begin, text in places:
        for match in FUNCTION.finditer(text):
            if match.group(1) not in functions:
                yield begin + match.start(), match.group()
        for match in FILE.finditer(text):
            name = match.group(1)
            if not any(path == name or path.endswith("/" + name) for path in files):
                yield begin + match.start(), name


def main():
    os.chdir(sys.argv[1])
    files = tree()
    texts = {}
    for path in files:
        if CODE.search(path) or path.endswith((".md", ".cmake")) or "CMakeLists" in path:
            with open(path, encoding="utf-8") as file:
                texts[path] = file.read()
    functions = set().union(*(called(text) for text in texts.values()))

    planted = [(0, "/* as no_such_function() in no_such_file.c, beside main() */")]
    assert [name for _, name in strangers(planted, functions, files)] == [
        "no_such_function()", "no_such_file.c"]

    wrong = 0
    for path, text in texts.items():
        if CODE.search(path):
            places = comments(text)
        elif path.endswith(".md"):
            places = [(0, text)]
        else:
            continue
        for position, name in strangers(places, functions, files):
            print(f"{path}:{text.count(chr(10), 0, position) + 1}: there is no {name}")
            wrong += 1
    return wrong > 0


sys.exit(main())
