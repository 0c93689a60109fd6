"""Filters: a list of words (or) of runs (and) of labels that follow each other.

A label of a test's name is a pair (NAME of its block or None, name of the variant); so is a label
in a filter, where None fits every block.
"""

from reading import ConfigError


def _label(tokens):
    if not tokens.skip("("):
        return (None, tokens.want("name"))
    tokens.skip("blank")
    block, name = None, tokens.want("name")
    tokens.skip("blank")
    if tokens.kind() == "operator":
        if tokens.want("operator") != "=":
            raise ConfigError("syntax", "expected '=' in parentheses")
        tokens.skip("blank")
        block, name = name, tokens.want("name")
        tokens.skip("blank")
    tokens.want(")")
    return (block, name)


def _dots(tokens):
    """How many dots come; 0 at the end of the filter, where they say nothing."""
    count = 0
    while tokens.skip("."):
        count += 1
    if tokens.kind() is None:
        return 0
    if count > 2:
        raise ConfigError("syntax", "three dots")
    return count


def _word(tokens):
    runs = [[_label(tokens)]]
    while dots := _dots(tokens):
        label = _label(tokens)
        if dots == 1:
            runs[-1].append(label)
        else:
            runs.append([label])
    return runs


def parse_filter(tokens):
    """All of TOKENS as a filter. For a condition they come without blanks."""
    words = []
    tokens.skip("blank")
    while tokens.kind() is not None:
        words.append(_word(tokens))
        if tokens.skip(","):
            tokens.skip("blank")
        elif tokens.kind() is not None:
            tokens.want("blank")
        if _dots(tokens):
            raise ConfigError("syntax", "a dot behind a blank")
    return words


def _run_matches(run, labels):
    for start in range(len(labels) - len(run) + 1):
        if all(
            wanted[1] == label[1] and wanted[0] in (None, label[0])
            for wanted, label in zip(run, labels[start:])
        ):
            return True
    return False


def matches(words, labels):
    return any(all(_run_matches(run, labels) for run in word) for word in words)
