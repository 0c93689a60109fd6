"""From text to a tree: a list of statements and Variants, in the order of the file."""

import os
import re
from dataclasses import dataclass, field

from filters import parse_filter
from reading import ConfigError, Line, Lines, Tokens, tokens_of

OPERATOR = re.compile(r"\?\+=|\?<=|\?=|\+=|<=|~=|=")
KEYWORDS = ("only", "no", "include", "del", "suffix", "join", "variants")
INCLUDES_MAX = 50


@dataclass
class Assign:
    key: str
    operator: str
    value: str


@dataclass
class Together:
    """Plain assignments in a row and what acts on them alone."""

    assigns: list


@dataclass
class Filter:
    keep: bool  # only, else no
    words: list


@dataclass
class Join:
    words: list


@dataclass
class Delete:
    key: str


@dataclass
class Suffix:
    text: str


@dataclass
class Condition:
    words: list
    holds: bool  # F:, else !F:
    statements: list


@dataclass
class Variant:
    names: list
    hidden: bool  # @ or [default=]: not in the short name, and a default
    needs: list
    items: list
    labels: list


@dataclass
class Variants:
    name: str | None
    variants: list = field(default_factory=list)


def _split_assignment(text):
    """(key, operator, value) if TEXT is an assignment: its first colon stands behind its operator,
    and not directly."""
    operator = OPERATOR.search(text)
    colon = text.find(":")
    if not operator or -1 < colon <= operator.end():
        return None
    value = text[operator.end() :].lstrip()
    if value and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return Assign(text[: operator.start()].rstrip(), operator[0], value)


def _keyword(text):
    if text.startswith("variants:"):
        return "variants"
    for word in KEYWORDS:
        if text.startswith(word + " "):
            return word
    return None


class _Block:
    """The items of a block as they are collected."""

    def __init__(self):
        self.items = []
        self.row = []

    def assign(self, assign):
        plain = "$" not in assign.value
        if plain and (assign.operator == "=" or assign.key in {a.key for a in self.row}):
            self.row.append(assign)
        else:
            self.add(assign)

    def add(self, *items):
        self.end_row()
        self.items += items

    def end_row(self):
        if self.row:
            self.items.append(Together(self.row))
        self.row = []


class Parser:
    """Parses texts; READ gives the text of a file or raises OSError or UnicodeError."""

    def __init__(self, read):
        self.read = read
        self.folder = ""
        self.line = 0
        self.depth = 0

    def parse(self, file, text, folder, in_condition=False):
        """The items of one text; its includes are relative to FOLDER."""
        outer = self.folder, self.line
        self.folder = folder
        try:
            return self._block(Lines(text), -1, in_condition)
        except ConfigError as error:
            if error.file is None:
                error.file = file
                error.line = self.line if error.line is None else error.line
            raise
        finally:
            self.folder, self.line = outer

    def _block(self, lines, limit, in_condition):
        block = _Block()
        suffix = []
        while line := lines.take(limit):
            self.line = line.number
            keyword = _keyword(line.text)
            if line.text[0] == "-":
                raise ConfigError("syntax", "a variant outside of variants")
            if keyword == "variants":
                if in_condition:
                    raise ConfigError("syntax", "variants under a condition")
                block.end_row()
                block.items += self._variants(lines, limit, line)
            elif keyword == "include":
                block.add(*self._include(line.text[8:].strip(), in_condition))
            elif keyword == "suffix":
                block.end_row()
                suffix = [Suffix(self._suffix(line.text[7:]))]
            elif keyword:
                block.add(self._statement(keyword, line.text[len(keyword) + 1 :]))
            elif assign := _split_assignment(line.text):
                block.assign(assign)
            else:
                block.add(self._condition(lines, line))
        block.add(*suffix)
        return block.items

    @staticmethod
    def _statement(keyword, rest):
        tokens = Tokens(tokens_of(rest))
        if keyword == "del":
            tokens.skip("blank")
            key = tokens.want("name")
            tokens.want_end()
            return Delete(key)
        words = parse_filter(tokens)
        return Join(words) if keyword == "join" else Filter(keyword == "only", words)

    @staticmethod
    def _suffix(rest):
        # Characters that are no token may stand before the name (SPEC 4); nothing may follow, not even a comment.
        name = re.fullmatch(r"[\s+<?~]*([\w-]+)", rest)
        if not name:
            raise ConfigError("syntax", "expected one name behind suffix")
        return name[1]

    def _include(self, path, in_condition):
        path = os.path.join(self.folder, os.path.expanduser(path))
        if not os.path.isfile(path):
            raise ConfigError("include", f"cannot include {path}")
        if self.depth == INCLUDES_MAX:
            raise ConfigError("include", f"{path} includes itself")
        try:
            text = self.read(path)
        except (OSError, UnicodeError) as error:
            raise ConfigError("open", str(error)) from error
        self.depth += 1
        items = self.parse(path, text, os.path.dirname(path), in_condition)
        self.depth -= 1
        return items

    def _condition(self, lines, line):
        holds = not line.text.startswith("!")
        head, colon, rest = line.text.partition(":")
        found = tokens_of(head if holds else head[1:])
        if holds and (not found or found[0][0] != "name"):
            raise ConfigError("syntax", "expected a statement")
        if not colon or "#" in head:
            raise ConfigError("syntax", "expected ':' or an operator")
        words = parse_filter(Tokens([token for token in found if token[0] != "blank"]))
        if not words:
            raise ConfigError("syntax", "expected a filter before ':'")
        # The rest of the line is a line of the condition's block, one column further right.
        rest = rest.lstrip()
        if rest:
            if rest.startswith(("#", "//")):
                raise ConfigError("syntax", "a comment behind a condition")
            lines.put_back(Line(line.number, line.column + 1, rest))
        return Condition(words, holds, self._block(lines, line.column, True))

    def _variants(self, lines, limit, header):
        variants = Variants(None)
        variants.name, defaults = self._header(header.text[len("variants") :])
        first = lines.peek(limit)
        if not first:
            return []  # a header alone says nothing
        line = first
        while line:
            lines.take(-1)
            self.line = line.number
            if line.text[0] != "-":
                raise ConfigError("syntax", "expected a variant")
            variant = self._variant(line.text[1:], variants.name, defaults)
            variants.variants.append(variant)
            # The first dash is the limit of all contents, wherever their own dash stands.
            variant.items += self._block(lines, first.column, False)
            line = lines.peek(header.column)
        if defaults:
            ahead = lines.number_ahead()
            raise ConfigError("syntax", "there is no such default variant", line=ahead)
        return [variants]

    @staticmethod
    def _header(rest):
        """(name, the values of all [default=]) of what follows the word variants."""
        tokens = Tokens(tokens_of(rest))
        tokens.skip("blank")
        name, defaults = None, []
        if tokens.kind() not in (":", "[", None):
            # Any token is a name; a name behind a token that is none is dropped.
            odd = tokens.kind() != "name"
            name = tokens.want(tokens.kind()).strip('"')
            if odd:
                tokens.skip("name")
        tokens.skip("blank")
        while tokens.skip("["):
            tokens.skip("blank")
            word = tokens.want("name")
            tokens.skip("blank")
            value = None
            if tokens.skip("operator"):
                value = []
                while tokens.kind() not in ("]", None):
                    if tokens.kind() == "name":
                        value.append(tokens.want("name"))
                    else:
                        tokens.want(tokens.kind())
            tokens.want("]")
            tokens.skip("blank")
            if word == "default":
                if not value:
                    raise ConfigError("syntax", "expected [default=NAME]")
                defaults.append(value)
        tokens.want(":")
        tokens.want_end()
        return name, defaults

    @staticmethod
    def _variant(rest, block_name, defaults):
        tokens = Tokens(tokens_of(rest))
        tokens.skip("blank")
        hidden = tokens.skip("@")
        names = [] if hidden else [tokens.want("name")]
        while tokens.kind() in ("name", "."):
            if not tokens.skip("."):
                names.append(tokens.want("name"))
        tokens.want(":")
        needs = parse_filter(tokens)
        for value in defaults:
            if all(a == b for a, b in zip(value, names)):
                defaults.remove(value)
                hidden = True
                break
        labels = [(block_name, name) for name in names]
        items = [] if block_name is None else [Assign(block_name, "=", ".".join(names))]
        return Variant(names, hidden, needs, items, labels)
