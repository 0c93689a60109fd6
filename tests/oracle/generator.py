"""Makes random configurations: small, but with everything that the language has.

Labels, keys and values are few, so that filters match, expressions find keys and suffixes collide.
A configuration is a dictionary from file name to text, "top.cfg" first, with the options to expand
it by.
"""

import random
from dataclasses import dataclass, field

LABELS = ["a", "b", "c", "d", "one", "two", "a-b", "under_score", "6", "\u00fc", "e", "f",
          "tcp", "rhel", "x86", "g-"]
BLOCKS = ["v", "w", "os"]
KEYS = ["k", "l", "kk", "mem", "mem_s", "k_s", "k_t", "key with blanks", "v", "6", "l[0]"]
EXPRESSIONS = ["k", "k.*", "(k|l)", "k|l", ".", "[kl]", "k+", "mem.*", ".*_s", "l?", r"\w+", "",
               "^k"]
VALUES = ["1", "2", "yes", "", "a b", '" quoted "', "'q'", '"', "x # no comment", "a:b", "= 5",
          "back\\slash", "tab\there", "\u00e9", "// neither", "10M", "1.5G", "a, b", "'x\""]
REFERENCES = ["${k}", "${l}", "${mem}", "${v}", "${k_s}", "${undefined}", "${name}", "${shortname}",
              "${dep}", "${}", "$k", "${k", "${w}"]
ODD_LINES = ["bare words", "- a:", "only", "k =:x", "only ", "!a", "del a.b", "(a): k = 1", "join ",
             "variants:", "only # x", "no = 5", "a b: k=1", "\tk = tab", "variants = 5",
             "suffix _s # c", 'only "a"', "k\u0085l = 1"]
SUFFIXES = ["_s", "_t", "s"]
LEAVES_MAX = 80
LEAVES_BEFORE_JOIN = 16


@dataclass
class Configuration:
    files: dict = field(default_factory=dict)
    letters: str = ""  # options: d, s
    names: str = ""  # -e
    code: list = field(default_factory=list)


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.configuration = Configuration()
        self.odd = self.chance(15)  # things that are often errors
        self.joins_left = self.random.choice([0, 0, 1, 1, 2, 3])
        self.joins = self.joins_left > 0
        self.leaves_left = LEAVES_BEFORE_JOIN if self.joins_left > 1 else LEAVES_MAX
        self.exclusive = []  # labels of the variants block above
        # A join under a condition is an error where the condition holds; whether a filter drops the
        # test before that is nobody's business.
        self.conditional_joins = self.chance(3)
        self.joins_left = 0 if self.conditional_joins else self.joins_left
        self.limits = self.chance(12)

    def chance(self, percent):
        return self.random.random() * 100 < percent

    def pick(self, *things):
        return self.random.choice(things)

    def make(self):
        made = self.configuration
        made.files["top.cfg"] = ""
        lines, _ = self.block(0, 0, False)
        made.files["top.cfg"] = self.text(lines)
        if self.chance(20):
            made.letters += "d"
            if self.chance(40):
                made.names = ",".join(self.random.sample(BLOCKS, self.pick(1, 2)))
        if self.chance(10):
            made.letters += "s"
        while self.chance(10):
            made.code.append("\n".join(self.statement("", False, ["a", "b"])))
        return made

    def text(self, lines):
        end = "\r\n" if self.chance(3) else "\n"
        if self.odd and self.chance(10) and lines:
            at = self.random.randrange(len(lines))
            line = lines[at]
            cut = self.random.randrange(len(line) + 1)
            other = self.pick("", " ", ".", ",", ":", "@", "=", "!", "~", "\t", "$")
            lines[at] = line[:cut] + other + line[cut + self.pick(0, 1) :]
        return end.join(lines) + ("" if self.chance(5) else end)

    # A block: statements, variants, statements... Returns its lines and the labels in it.
    def block(self, column, depth, in_condition):
        lines, labels = [], []
        pad = " " * column
        parts = 0 if in_condition or depth > 2 else self.pick(0, 1, 1, 2, 2, 2, 3)
        for part in range(parts):
            for _ in range(self.pick(0, 0, 1, 2)):
                lines += self.statement(pad, in_condition, labels)
            if self.leaves_left < 2:
                break
            if self.chance(8) and depth < 2:
                lines += self.include(pad, depth, labels)
            else:
                lines += self.variants(column, depth, labels)
            if part or self.chance(50):
                lines += self.join(pad, labels)
        for _ in range(self.pick(0, 1, 2, 3)):
            lines += self.statement(pad, in_condition, labels)
        if self.chance(12):
            lines.append(pad + "suffix " + self.pick(*SUFFIXES))
        return lines, labels

    def variants(self, column, depth, labels):
        count = min(self.pick(1, 2, 2, 2, 3, 3, 4), self.leaves_left)
        self.leaves_left //= count
        name, header = self.header()
        chosen = self.random.sample(LABELS, count)
        chosen = [self.variant_name(label) for label in chosen]
        if self.chance(12):
            header += f" [default={self.pick(*chosen).strip('@')}]"
        elif self.odd and self.chance(10):
            header += self.pick(" [default=zz]", " [default]", "[foo] [bar=baz]", " [x = y z]")
        lines = [" " * column + header + self.pick(":", ":", ":", " :", ": # comment")]
        dash = column + self.pick(2, 4, 4, 4, 1, 8)
        keep, visible = self.leaves_left, []
        for text in chosen:
            self.leaves_left = keep
            needs = self.filter(LABELS, blanks=True) if self.chance(10) else ""
            at = self.pick("@", "@", "@.") if self.chance(15) and text[0] != "@" else ""
            lines.append(" " * dash + f"- {at}{text}:" + (" " + needs if needs else ""))
            visible += [] if at or "default=" in header else [text.split(".")[0]]
            parts = [part for part in text.strip("@").replace("~", ".").split(".") if part]
            labels += [(name, part) for part in parts]
            if self.chance(55):
                inside, inner = self.block(dash + self.pick(2, 4), depth + 1, False)
                lines += inside
                labels += inner
        self.exclusive = visible
        return lines

    def header(self):
        if self.chance(50):
            return None, "variants"
        name = self.pick(*BLOCKS)
        if self.chance(12):
            # The dot in `(.=x)` is where the reference, and nobody knows how, cuts names of a join.
            odd = self.pick("@", "!", '"', "@" if self.joins else ".")
            return odd, f"variants {odd}{name}" + ('"' if odd == '"' else "")
        return name, f"variants {name}"

    def variant_name(self, text):
        if self.chance(10):
            text = self.pick(*LABELS)
        if self.chance(12):
            text += "." + self.pick(*LABELS)
        if self.odd and self.chance(15):
            text = self.pick(f"{text}~b", f"{text}..c.", f"{text} ", f".{text}", "@", "name")
        return text

    def label(self, labels):
        name, text = None, self.pick(*LABELS)
        if labels and self.chance(85):
            name, text = self.pick(*labels)
        if name in BLOCKS and self.chance(40):
            return self.pick(f"({name}={text})", f"({name} = {text})")
        return f"({text})" if self.chance(3) else text

    def filter(self, labels, blanks=False, words=(1, 1, 1, 2, 3), plain=False):
        """PLAIN leaves out `(block=label)`, which a condition cannot have."""
        known = [(None, label) if isinstance(label, str) else label for label in labels]
        if plain:
            known = [(None, label) for _, label in known]

        def word():
            text = self.label(known)
            while self.chance(25):
                text += self.pick(".", "..", "..") + self.label(known)
            return text

        text = word()
        if plain:
            text = text.lstrip("(").replace(")", "", text.startswith("("))
        for _ in range(self.pick(*words) - 1):
            text += self.pick(", ", ",", " " if blanks else ", ") + word()
        if self.odd and self.chance(10):
            text += self.pick(",", ".", "..", " ..", ",,", " .a", "+", " # c", " ,b", ", ,", "...")
        return text

    def join(self, pad, labels):
        if not self.joins_left or not labels or len(self.exclusive) < 2 and self.chance(90):
            return []
        self.joins_left -= 1
        count = self.pick(1, 2, 2, 2, 2, 3) if self.joins_left == 0 else 2
        if len(self.exclusive) >= count and self.chance(92):
            words = self.random.sample(self.exclusive, count)
        else:
            words = [self.filter(labels, words=(1,)) for _ in range(count)]
        self.exclusive = []
        if count == 2 and self.chance(30):
            return [f"{pad}join {words[0]}"] + self.statement(pad, False, labels) + \
                [f"{pad}join {words[1]}"]
        return [f"{pad}join " + self.pick(" ", ", ").join(words)]

    def include(self, pad, depth, labels):
        name = f"part{len(self.configuration.files)}.cfg"
        self.configuration.files[name] = ""
        lines, inner = self.block(0, depth + 1, False)
        self.configuration.files[name] = self.text(lines)
        labels += inner
        if self.odd and self.chance(5):
            name = "missing.cfg"
        return [f"{pad}include {name}"] * (2 if self.chance(5) and not inner else 1)

    def value(self):
        text = self.pick(*VALUES)
        while self.chance(25):
            text += self.pick(*REFERENCES) + self.pick("", "-", " ")
        return text

    def assignment(self):
        blank = self.pick(" ", " ", " ", "", "  ")
        if self.limits and self.chance(30):
            key = self.pick("mem", "k")
            key += self.pick("", "_max", "_min", "_fixed")
            return f"{key} = {self.pick('1', '7', '2K', '512')}"
        if self.chance(25):
            key, operator = self.pick(*EXPRESSIONS), self.pick("?=", "?+=", "?<=")
            if self.odd and self.chance(5):
                key = self.pick("[", "(", "*")
        else:
            key, operator = self.pick(*KEYS), self.pick("=", "=", "=", "=", "+=", "<=", "~=")
            if self.chance(3):
                key = self.pick("name", "dep", "", "only", "shortname")
        return key + blank + operator + blank + self.value()

    def statement(self, pad, in_condition, labels):
        """The lines of one statement that may stand everywhere."""
        kind = self.random.random() * 100
        if kind < 50:
            return [pad + (" " if self.odd and self.chance(5) else "") + self.assignment()]
        if kind < 58 and not self.conditional_joins:
            word = self.pick("only", "no", "no", "no")
            return [f"{pad}{word} {self.filter(labels or LABELS, blanks=True)}"]
        if kind < 62:
            return [f"{pad}del {self.pick('k', 'l', 'mem', 'k_s', 'name')}"]
        if kind < 64:
            return [pad + self.pick("# comment", "// comment", "")]
        if kind < 66:
            return [f"{pad}suffix {self.pick(*SUFFIXES)}"]
        if self.odd and kind < 68:
            return [pad + self.pick(*ODD_LINES)]
        return self.condition(pad, labels)

    def condition(self, pad, labels):
        head = pad + ("!" if self.chance(25) else "") + \
            self.filter(labels or LABELS, plain=True) + ":"
        if self.conditional_joins and self.chance(20):
            return [f"{head} join {self.filter(labels or LABELS, words=(2,))}"]
        if self.chance(50):
            lines = self.statement("", True, labels)
            if "\n".join(lines).strip() and not lines[0].startswith(("#", "//")):
                return [f"{head}{self.pick(' ', '')}{lines[0].strip()}"] + \
                    [pad + "    " + line for line in lines[1:]]
        lines = []
        for _ in range(self.pick(0, 1, 1, 2, 3)):
            lines += self.statement(pad + "    ", True, labels)
        return [head, *lines]
