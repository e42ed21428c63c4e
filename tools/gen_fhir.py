#!/usr/bin/env python3
"""Makes the model tables of the fhir room from spec/fhir: fhir_tables.c and fhir_types.h.

usage: gen_fhir.py SPEC_FOLDER OUT_FOLDER

The layout of the tables is told in src/fhir/fhir_int.h. Numbers of resource types are their
alphabetical rank from 1 (fhir.h); the rest follow. Output is the same for the same input.
"""

import os
import re
import sys

MASK = 0xFFFFFFFFFFFFFFFF
RULES = {"urn:ietf:bcp:13": "SET_MIME", "urn:ietf:bcp:47": "SET_LANGUAGE",
         "http://unitsofmeasure.org": "SET_UCUM", "": "SET_ANY"}
ELEMENTS_MAX = 64


def rows(spec, name):
    with open(os.path.join(spec, name), encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


def hash_of(word):
    """fhir_hash_of() of src/fhir/model.c."""
    b = word.encode()
    n = len(b)
    if n >= 8:
        x, y = int.from_bytes(b[:8], "little"), int.from_bytes(b[-8:], "little")
    elif n >= 4:
        x, y = int.from_bytes(b[:4], "little"), int.from_bytes(b[-4:], "little")
    elif n:
        x, y = b[0] | b[n // 2] << 8 | b[-1] << 16, 0
    else:
        x = y = 0
    h = ((x * 0x9E3779B97F4A7C15) & MASK) ^ ((y * 0xC2B2AE3D27D4EB4F + n) & MASK)
    h ^= h >> 29
    h = (h * 0xBF58476D1CE4E5B9) & MASK
    return h >> 32


class Pool:
    """All texts, each once; words are numbered, other texts known by offset."""

    def __init__(self):
        self.texts, self.size, self.words, self.order = {}, 0, {}, []
        self.word("")

    def text(self, s):
        if s not in self.texts:
            self.texts[s] = self.size
            self.size += len(s.encode()) + 1
        return self.texts[s]

    def word(self, s):
        if s not in self.words:
            if len(s.encode()) > 255:
                raise SystemExit("word too long: " + s)
            self.words[s] = len(self.order)
            self.order.append(self.text(s) << 8 | len(s.encode()))
        return self.words[s]


class Slots:
    def __init__(self):
        self.at = []

    def table(self, names):
        """names: [(word text, value ≠ 0)] → (first slot, bits)."""
        bits = 1
        while 1 << bits < 2 * len(names):
            bits += 1
        slots = [0] * (1 << bits)
        for name, value in names:
            i = hash_of(name) >> (32 - bits)
            while slots[i]:
                i = (i + 1) & ((1 << bits) - 1)
            slots[i] = value
        first = len(self.at)
        self.at += slots
        return first, bits


class Model:
    def __init__(self, spec):
        self.pool, self.slots = Pool(), Slots()
        self.base, self.kind, self.abstract = {}, {}, set()
        for name, kind, abstract, base in rows(spec, "types.tsv"):
            self.base[name], self.kind[name] = base, kind
            if abstract:
                self.abstract.add(name)
        self.own = {}
        for row in rows(spec, "elements.tsv"):
            self.declare(*row)
        self.number_types()
        self.sets, self.set_rows, self.codes = {}, [], []
        self.number_sets(rows(spec, "codes.tsv"), rows(spec, "currencies.tsv"))
        self.targets, self.target_at = [0], {"": 0}
        self.rows, self.models, self.lists = [], [], []
        self.row_at = {}
        for name in self.names:
            self.models.append(self.model(name))

    def declare(self, path, low, high, types, value_set, flags):
        owner, name = path.rsplit(".", 1)
        kinds = types.split(" ")
        if kinds in (["BackboneElement"], ["Element"]):
            self.base[path], self.kind[path] = kinds[0], "backbone"
            kinds = ["#" + path]
        self.own.setdefault(owner, []).append((path, name, int(low), high, kinds, value_set, flags))

    def number_types(self):
        def group(kind, abstract):
            return sorted(n for n, k in self.kind.items() if k == kind and
                          (n in self.abstract) == abstract)
        self.resources = group("resource", False)
        self.names = self.resources + group("resource", True) + group("complex", True) + group(
            "complex", False) + group("primitive", False) + group("backbone", False)
        self.number = {n: i + 1 for i, n in enumerate(self.names)}

    def number_sets(self, codes, currencies):
        by_set = {}
        for url, system, code, display in codes:
            if system == "urn:iso:std:iso:4217":
                by_set[url] = [(system, c, d) for c, d in currencies]
            else:
                by_set.setdefault(url, []).append((system, code, display))
        for url, members in sorted(by_set.items()):
            first = len(self.codes)
            if members[0][1] == "*":
                rule, names = RULES[members[0][0]], []
            else:
                rule, names = "SET_LISTED", [(m[1], i + 1) for i, m in enumerate(members)]
                self.codes += [(self.pool.word(m[1]), self.pool.word(m[0]), self.pool.text(m[2]))
                               for m in members]
            at, bits = self.slots.table(names)
            self.sets[url] = len(self.set_rows) + 1
            self.set_rows.append((self.pool.text(url), rule, first, len(names), at, bits))

    def lineage(self, name):
        """Elements of a type, inherited ones first."""
        chain = []
        while name:
            chain.append(name)
            name = self.base[name]
        return [e for owner in reversed(chain) for e in self.own.get(owner, [])]

    def target_list(self, text):
        if text not in self.target_at:
            self.target_at[text] = len(self.targets)
            self.targets += [self.number[t] for t in text.split("|")] + [0]
        return self.target_at[text]

    def element_rows(self, element, ordinal):
        """Row numbers of one element, made on first use."""
        path, name, low, high, kinds, value_set, marks = element
        if path in self.row_at:
            return self.row_at[path]
        made = []
        for kind in kinds:
            m = re.fullmatch(r"(#?)([A-Za-z0-9.]+)(?:\((.*)\))?", kind)
            bare, targets = m.group(2), m.group(3) or ""
            plain = name[:-3] if name.endswith("[x]") else name
            member = plain + bare[0].upper() + bare[1:] if plain != name else name
            flags = (high == "*") | (low > 0) << 1 | (plain != name) << 2 | ("M" in marks) << 3 | (
                "S" in marks) << 4 | (self.kind[bare] == "primitive") << 5
            limit = value_set if bare in ("code", "Coding", "CodeableConcept") else ""
            self.rows.append((self.pool.word(member), self.pool.word(plain), self.number[bare],
                              self.sets[limit] if limit else 0,
                              self.target_list(targets) if bare == "Reference" else 0, ordinal,
                              flags, member))
            made.append(len(self.rows))
        self.row_at[path] = made
        return made

    def model(self, name):
        names, required = [], 0
        elements = [] if self.kind[name] == "primitive" else self.lineage(name)
        if len(elements) > ELEMENTS_MAX:
            raise SystemExit("%s has %d elements" % (name, len(elements)))
        for ordinal, e in enumerate(elements):
            required |= (e[2] > 0) << ordinal
            for row in self.element_rows(e, ordinal):
                if self.rows[row - 1][5] != ordinal:
                    raise SystemExit("ordinal of a shared element moved: " + e[0])
                names.append((self.rows[row - 1][7], row))
        first = len(self.lists)
        self.lists += [row for _, row in names]
        at, bits = self.slots.table(names)
        kind = "KIND_ABSTRACT" if name in self.abstract else "KIND_" + self.kind[name].upper()
        base = self.number[self.base[name]] if self.base[name] else 0
        return (self.pool.word(name), base, kind, len(elements), first, len(names), at, bits,
                required)


def constant(name):
    return "FHIR_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def flow(values, width=98):
    """Comma-separated values in lines."""
    lines, line = [], "   "
    for v in values:
        if len(line) + len(v) + 2 > width:
            lines.append(line)
            line = "   "
        line += " " + v + ","
    return "\n".join(lines + [line])


def array(ctype, name, values):
    return "const %s %s[] = {\n%s\n};\n" % (ctype, name, flow([str(v) for v in values]))


def quoted(s):
    out = "".join("\\%03o" % c if c < 32 or c > 126 or chr(c) in '"\\?' else chr(c)
                  for c in s.encode())
    return '"%s\\0"' % out


def write_types(model, out):
    with open(os.path.join(out, "fhir_types.h"), "w", encoding="utf-8") as f:
        f.write("/* Generated by tools/gen_fhir.py: numbers of the FHIR R4 types. */\n"
                "#ifndef WEFT_FHIR_TYPES_H\n#define WEFT_FHIR_TYPES_H\n\nenum {\n")
        for name in model.names:
            if model.kind[name] != "backbone":
                f.write("    %s = %d,\n" % (constant(name), model.number[name]))
        f.write("    FHIR_RESOURCE_TYPES = %d,\n    FHIR_MODEL_COUNT = %d,\n    FHIR_ROW_COUNT = %d\n"
                "};\n\n#endif\n" % (len(model.resources), len(model.names), len(model.rows)))


def write_tables(model, out):
    every = model.slots.table([(n, i) for n, i in sorted(model.pool.words.items()) if i])
    types = model.slots.table([(n, model.number[n]) for n in model.names
                               if model.kind[n] != "backbone"])
    parts = ["/* Generated by tools/gen_fhir.py from spec/fhir. */\n#include \"fhir/fhir_int.h\"\n\n"
             "const fhir_type FHIR_TYPE_COUNT = FHIR_RESOURCE_TYPES;\n"
             "const uint16_t FHIR_SET_COUNT = %d;\n" % len(model.set_rows),
             "const struct fhir_hash fhir_word_hash = {%d, %d};\n" % every,
             "const struct fhir_hash fhir_model_hash = {%d, %d};\n" % types,
             "const char fhir_pool[] =\n    " + "\n    ".join(map(quoted, model.pool.texts)) + ";\n",
             array("uint32_t", "fhir_words", model.pool.order),
             array("uint16_t", "fhir_slots", model.slots.at),
             array("uint16_t", "fhir_lists", model.lists),
             array("uint16_t", "fhir_targets", model.targets)]
    parts.append("const struct fhir_model fhir_models[] = {\n    {0},\n" + "".join(
        "    {%d, %d, %s, %d, %d, %d, {%d, %d}, 0x%xu},\n" % m for m in model.models) + "};\n")
    parts.append("const struct fhir_row fhir_rows[] = {\n    {0},\n" + "".join(
        "    {%d, %d, %d, %d, %d, %d, %d},\n" % r[:7] for r in model.rows) + "};\n")
    parts.append("const struct fhir_set fhir_sets[] = {\n    {0},\n" + "".join(
        "    {%d, %s, %d, %d, {%d, %d}},\n" % s for s in model.set_rows) + "};\n")
    parts.append("const struct fhir_code fhir_codes[] = {\n" + "".join(
        "    {%d, %d, %d},\n" % c for c in model.codes) + "};\n")
    with open(os.path.join(out, "fhir_tables.c"), "w", encoding="utf-8") as f:
        f.write("\n".join(parts))


def main(argv):
    if len(argv) != 3:
        print(__doc__)
        return 2
    model = Model(argv[1])
    for what in (model.pool.order, model.rows, model.lists, model.codes, model.targets):
        if len(what) > 65535:
            raise SystemExit("a table outgrew its u16 indexes")
    os.makedirs(argv[2], exist_ok=True)
    write_types(model, argv[2])
    write_tables(model, argv[2])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
