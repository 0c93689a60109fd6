"""Lines and tokens of the Cartesian language."""

import re

class ConfigError(Exception):
    """What stops a configuration. KIND is one of lex, syntax, include, open, expand; LINE is None
    where no line is to blame and -1 at the end of a file."""

    def __init__(self, kind, message, file=None, line=None):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.file = file
        self.line = line

    def __str__(self):
        place = "" if self.file is None else f"{self.file}:{self.line}: "
        return f"{place}{self.message} ({self.kind})"


class Line:
    """One line that is not empty: its number in the file, its column, its text without both."""

    def __init__(self, number, column, text):
        self.number = number
        self.column = column
        self.text = text


class Lines:
    """The lines of one file, given out from the top."""

    def __init__(self, text):
        self.left = []
        # str.splitlines knows all ends of a line that the language has: also VT, FF, U+001C to
        # U+001E, U+0085, U+2028, U+2029. Tabs reach to multiples of 8, inside of values too.
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.rstrip().expandtabs(8)
            stripped = line.lstrip()
            if stripped and not stripped.startswith(("#", "//")):
                self.left.append(Line(number, len(line) - len(stripped), stripped))
        self.left.reverse()

    def peek(self, limit):
        """The next line if it is right of column LIMIT, else None: the block has ended."""
        if self.left and self.left[-1].column > limit:
            return self.left[-1]
        return None

    def take(self, limit):
        return self.left.pop() if self.peek(limit) else None

    def put_back(self, line):
        self.left.append(line)

    def number_ahead(self):
        return self.left[-1].number if self.left else -1


TOKEN = re.compile(
    r"""(?P<blank>\s+)
      | (?P<name>[\w-]+)
      | (?P<operator>(?:\?\+|\?<|[~+<?])?=)
      | (?P<string>"[^"]*")
      | (?P<single>[.:@,\[\]()!])
      | (?P<end>\#.*)
      | (?P<dropped>[+<?~])""",
    re.VERBOSE,
)


def tokens_of(text):
    """The tokens of the structural TEXT as (kind, text); the kind of a single character is the
    character. Nothing stands for the end."""
    found = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise ConfigError("lex", f"unexpected character '{text[at]}'")
        kind = match.lastgroup
        if kind == "end":
            break
        if kind != "dropped":
            found.append((match[0] if kind == "single" else kind, match[0]))
        at = match.end()
    return found


class Tokens:
    """Tokens given out one by one; None is the end."""

    def __init__(self, found):
        self.found = found
        self.at = 0

    def kind(self, ahead=0):
        at = self.at + ahead
        return self.found[at][0] if at < len(self.found) else None

    def skip(self, kind):
        if self.kind() != kind:
            return False
        self.at += 1
        return True

    def want(self, kind):
        if self.kind() != kind:
            got = "the end" if self.kind() is None else f"'{self.found[self.at][1]}'"
            raise ConfigError("syntax", f"expected {kind or 'the end'}, got {got}")
        self.at += 1
        return self.found[self.at - 1][1] if kind else None

    def want_end(self):
        self.skip("blank")
        self.want(None)
