"""The parameters of one test while statements are applied to it.

A key is a tuple: its text, and then the suffixes in the order in which they were put on. `glued` is
what expressions and `del` see; flat() is what `${}` sees and what comes out in the end.
"""

import re

from reading import ConfigError

RESERVED = ("name", "shortname", "dep", "_name_map_file", "_short_name_map_file")
REFERENCE = re.compile(r"\$\{(.+?)\}")


def glued(key):
    return "".join(key)


class Test:
    """Name, short name, dependencies and parameters of one test."""

    def __init__(self, name, shortname, dep, keep_suffixes):
        self.name = name
        self.shortname = shortname
        self.dep = dep
        self.keep_suffixes = keep_suffixes
        self.values = {}
        self.error = None
        self.held = {}  # the joins that this test has gone through: place, last word

    def flat(self):
        return flatten(self.values, self.keep_suffixes)

    def substitute(self, value):
        """VALUE with its references replaced, up to the first one that is not defined."""
        if "${" not in value:
            return value
        known = self.flat()
        known |= {"name": self.name, "shortname": self.shortname, "dep": repr(self.dep)}
        done, at = "", 0
        for reference in REFERENCE.finditer(value):
            if reference[1] not in known:
                break
            done += value[at : reference.start()] + known[reference[1]]
            at = reference.end()
        return done + value[at:]

    def assign(self, key, operator, value):
        apply_operator(self.values, key, operator, self.substitute(value))

    def delete(self, key):
        for existing in list(self.values):
            if glued(existing) == key:
                del self.values[existing]

    def suffix(self, text):
        self.values = {(*key, text): value for key, value in self.values.items()}


def apply_operator(values, key, operator, value):
    if key in RESERVED:
        return
    plain = (key,)
    if operator == "=":
        values[plain] = value
    elif operator == "+=":
        values[plain] = values.get(plain, "") + value
    elif operator == "<=":
        values[plain] = value + values.get(plain, "")
    elif operator == "~=":
        values.setdefault(plain, value)
    else:
        try:
            expression = re.compile(key + "$")
        except re.error as error:
            raise ConfigError("expand", f"bad expression '{key}': {error}") from error
        for existing, old in values.items():
            if expression.match(glued(existing)):
                values[existing] = {"?=": value, "?+=": old + value, "?<=": value + old}[operator]


def flatten(values, keep_suffixes):
    """Texts of keys instead of tuples: suffixes that tell nothing apart are dropped."""
    flat = {glued(key): value for key, value in values.items() if len(key) == 1}
    for key, value in values.items():
        if len(key) == 1:
            continue
        same_base = [v for k, v in values.items() if k[0] == key[0]]
        if not keep_suffixes and values.get(key[:1]) == value:
            continue
        if not keep_suffixes and all(v == value for v in same_base):
            flat[key[0]] = value
        else:
            flat[key[0] + "".join(reversed(key[1:]))] = value
    return flat


UNITS = {"B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def _size(text):
    unit, number = 2**20, text
    if text and text[-1].upper() in UNITS:
        unit, number = UNITS[text[-1].upper()], text[:-1]
    return int(float(number) * unit)


def _compare(a, b):
    """Negative, 0 or positive, as A is below, at or above B."""
    number = _size if re.search("[bBkKmMgGtT]", a + " " + b) else int
    try:
        return number(a) - number(b)
    except (ValueError, OverflowError) as error:
        raise ConfigError("expand", f"cannot compare '{a}' and '{b}'") from error


def limit_values(values):
    """X_max, X_min and X_fixed act on X, by the values from before this step."""
    before = {key[0]: value for key, value in values.items() if len(key) == 1}
    for key, value in before.items():
        for ending in ("_max", "_min", "_fixed"):
            if not key.endswith(ending):
                continue
            target = key[: key.index(ending)]
            old = before.get(target)
            sign = {"_max": 1, "_min": -1}.get(ending)
            if old is None or sign is None or sign * _compare(old, value) > 0:
                values[(target,)] = value
