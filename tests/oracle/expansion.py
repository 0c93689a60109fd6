"""From the tree to the tests, by trying every combination.

A block with its statements S and variants V is S0 V1 S1 ... Vn Sn. Each S is a Place. Expanding
starts at the last place: its variants are the outermost loop, and inside of each chosen variant
comes the last place of what this variant holds, then what stands above the variants, until nothing
stands above. There is the name complete, and only there filters and conditions are looked at.

A join belongs to its place: it multiplies everything that is expanded from this place on, that is
what stands above it, once for each choice already made below it. Statements act on each factor.
"""

import os.path
import re
from dataclasses import dataclass

from filters import matches
from grammar import Assign, Condition, Delete, Filter, Join, Suffix, Together, Variants
from reading import ConfigError
from values import Test, apply_operator, limit_values


@dataclass
class Options:
    defaults: bool = False
    expand: tuple = ()
    keep_suffixes: bool = False
    # For tests of the comparison: the name of one rule that is then done wrongly.
    wrong: str = ""


@dataclass
class Place:
    statements: list
    variants: Variants | None = None
    before: "Place | None" = None

    def joins(self):
        return [s for s in self.statements if isinstance(s, Join)]

    def others(self):
        return [s for s in self.statements if not isinstance(s, Join)]


def last_place(items, wrong):
    """The place at the end of ITEMS. With WRONG "join" all joins of a block are put there."""
    place = Place([])
    joins = []
    for item in items:
        if isinstance(item, Variants):
            place = Place([], item, place)
        elif isinstance(item, Join) and wrong == "join":
            joins.append(item)
        else:
            place.statements.append(item)
    place.statements += joins
    return place


@dataclass(frozen=True)
class Path:
    """The choices so far, from the outermost loop inwards."""

    labels: tuple = ()
    short: tuple = ()
    dep: tuple = ()

    def choose(self, variant):
        entries = [
            ".".join([label_text(label) for label in (*self.labels, *run)])
            for word in variant.needs
            for run in word
        ]
        return Path(
            (*self.labels, *variant.labels),
            self.short if variant.hidden else (*self.short, *variant.names),
            (*self.dep, *entries),
        )


def label_text(label):
    return label[1] if label[0] is None else f"({label[0]}={label[1]})"


class Expansion:
    def __init__(self, options):
        self.options = options
        self.places = {}
        self.held = {}

    def tests(self, items):
        for test in self._from(self._last_place(items), [], Path(), [], False):
            if test.error:
                raise test.error
            yield test

    def _last_place(self, items):
        if id(items) not in self.places:
            self.places[id(items)] = last_place(items, self.options.wrong)
        return self.places[id(items)]

    def _from(self, place, above, path, later, all_of_it):
        """The tests from PLACE on. ABOVE are the places that follow when this block is done, LATER
        the statements that stand further down in the file, and ALL_OF_IT is true where no default
        may stand for the variants of this place."""
        joined = [word for join in place.joins() for word in join.words]
        statements = place.others() + later
        if id(place) in self.held:
            joined, word = [], self.held[id(place)]
            statements = [Filter(True, [word]), *statements]
        if not joined:
            return self._inside(place, above, path, statements, all_of_it)

        def factor(number, in_force):
            filters = [Filter(True, [word]) for word in [*in_force, joined[number]]]
            return self._inside(place, above, path, statements + filters, all_of_it)

        found = self._multiply(joined, factor, 0, [], [])
        for test in found:
            test.held[id(place)] = joined[-1]
        return found

    def _multiply(self, joined, factor, number, in_force, in_force_deeper):
        """The loops of a join from NUMBER on.

        Here the reference loses tests, in two ways. While a loop is at its second or a later test,
        the word of the next loop stays in force in all loops behind that. And while a loop holds a
        test that was joined further up, that join is forgotten in the loops behind it: it is only
        its last word there."""
        firsts = factor(number, in_force)
        if number + 1 == len(joined):
            return firsts
        found = []
        for count, first in enumerate(firsts):
            stays = [joined[number + 1]] if count else []
            outer, self.held = self.held, self.held | first.held
            seconds = self._multiply(
                joined, factor, number + 1, in_force_deeper, in_force_deeper + stays
            )
            self.held = outer
            found += [merge(first, second) for second in seconds]
        return found

    def _inside(self, place, above, path, statements, all_of_it):
        if place.variants is None:
            if above:
                return self._from(above[-1], above[:-1], path, statements, False)
            return self._test(path, statements)

        listed = place.variants.name in self.options.expand

        def chosen(variant):
            return self._from(
                self._last_place(variant.items),
                [*above, place.before],
                path.choose(variant),
                statements,
                listed,
            )

        others = list(place.variants.variants)
        found = []
        if self.options.defaults and not listed:
            default = next((v for v in others if v.hidden), None)
            if default:
                others.remove(default)
                found = chosen(default)
                if found and not all_of_it:
                    return found
        for variant in others:
            found += chosen(variant)
        return found

    def _test(self, path, statements):
        """The one test at the end of PATH, or none if a filter drops it."""
        taken = []
        if not take(statements, path.labels, taken):
            return []
        test = Test(
            ".".join(label_text(label) for label in path.labels),
            ".".join(path.short),
            list(path.dep),
            self.options.keep_suffixes,
        )
        try:
            for statement in taken:
                act(test, statement)
            limit_values(test.values)
        except ConfigError as error:
            test.error = error  # counts if the test comes out, or a join of it
        return [test]


def take(statements, labels, taken):
    """Appends to TAKEN what takes effect in the test with LABELS; False if a filter drops it."""
    for statement in statements:
        if isinstance(statement, Filter):
            if matches(statement.words, labels) != statement.keep:
                return False
        elif isinstance(statement, Condition):
            if matches(statement.words, labels) == statement.holds:
                if not take(statement.statements, labels, taken):
                    return False
        else:
            taken.append(statement)
    return True


def act(test, statement):
    match statement:
        case Assign():
            test.assign(statement.key, statement.operator, statement.value)
        case Together():
            row = {}
            for assign in statement.assigns:
                apply_operator(row, assign.key, assign.operator, assign.value)
            test.values |= row
        case Delete():
            test.delete(statement.key)
        case Suffix():
            test.suffix(statement.text)
        case Join():
            raise ConfigError("expand", "a join under a condition that holds")


def merge(first, second):
    both = Test(
        merge_names(first.name, second.name),
        merge_names(first.shortname, second.shortname),
        second.dep,
        first.keep_suffixes,
    )
    both.error = first.error or second.error
    both.values = first.values | second.values
    both.held = first.held | second.held
    return both


def merge_names(first, second):
    common = os.path.commonprefix([first, second])
    if common in (first, second):
        raise ConfigError("expand", f"cannot join '{first}' and '{second}'")
    common = common.rpartition(".")[0]
    if not common:
        return f"{first}.{second}"
    # What is taken off is what `common`, read as an expression, matches: so parentheses of a label
    # keep it from matching itself.
    try:
        expression = re.compile("^" + common)
    except re.error as error:
        raise ConfigError("expand", f"cannot join behind '{common}': {error}") from error
    return common + expression.sub("", first, 1) + expression.sub("", second, 1)
