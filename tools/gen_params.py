#!/usr/bin/env python3
"""Makes the search parameter tables of src/fhir from spec/fhir.

For every (resource type, parameter) pair: its row (number, type, targets, alias and composite
parts) and its place in a trie over JSON member names that src/fhir/keys_walk.c follows. An
expression the trie cannot say stays text for the FHIRPath engine. Numbers are kept in
spec/fhir/param-numbers.csv, which only ever grows: stored keys carry them.

usage: gen_params.py SPEC_FOLDER OUT_FOLDER      writes fhir_params.c
       gen_params.py --number SPEC_FOLDER        appends numbers for new pairs
"""

import json
import os
import re
import sys

FIRST_NUMBER = 16
KINDS = ["number", "date", "string", "token", "reference", "composite", "quantity", "uri",
         "special"]
TEXTS = {"string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown", "xhtml",
         "base64Binary"}
NUMBERS = {"decimal", "integer", "positiveInt", "unsignedInt"}
DATES = {"date", "dateTime", "instant"}
QUANTITIES = {"Quantity", "Age", "Count", "Distance", "Duration"}
# How a value of a data type becomes keys, by parameter type (R4 search.html, the tables of each
# type). A pair that is not here gives no key.
SOURCES = {
    "token": {"Coding": "CODING", "CodeableConcept": "CONCEPT", "Identifier": "IDENTIFIER",
              "ContactPoint": "CONTACT", "boolean": "BOOL", **{t: "CODE" for t in TEXTS}},
    "string": {"HumanName": "NAME", "Address": "ADDRESS", "CodeableConcept": "CONCEPT_TEXT",
               **{t: "TEXT" for t in TEXTS}},
    "date": {"Period": "PERIOD", "Timing": "TIMING", **{t: "DATE" for t in DATES}},
    "number": {"Range": "RANGE", **{t: "NUMBER" for t in NUMBERS}},
    "quantity": {"Money": "MONEY", "Range": "RANGE", "SampledData": "SAMPLED",
                 **{t: "QUANTITY" for t in QUANTITIES}},
    "reference": {"Reference": "REFERENCE", "Resource": "RESOURCE",
                  **{t: "LINK" for t in ("canonical", "uri", "url", "oid", "uuid")}},
    "uri": {t: "URI" for t in TEXTS},
    "special": {"BackboneElement": "PLACE", "Location.position": "PLACE"},
}
# Full text has no expression: its keys are the words of the whole resource (keys_words.c).
WORDS = {"_text", "_content"}
HOME_ORDER = ["patient", "subject", "beneficiary", "individual"]


def rows_of(path, comment="#"):
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith(comment)]


class Spec:
    """Types, elements, codes, parameters and compartments as spec/fhir has them."""

    def __init__(self, folder):
        self.types = {r[0]: (r[1], r[2] == "abstract", r[3])
                      for r in rows_of(os.path.join(folder, "types.tsv"))}
        self.resources = sorted(n for n, t in self.types.items() if t[0] == "resource" and not t[1])
        self.domain = [n for n in self.resources if self.types[n][2] == "DomainResource"]
        self.row = {n: i + 1 for i, n in enumerate(self.resources)}
        self.children = {}
        for path, _, high, types, binding, _ in rows_of(os.path.join(folder, "elements.tsv")):
            context, name = path.rsplit(".", 1)
            self.children.setdefault(context, {})[name] = (
                path, high, self.split(types), binding)
        systems = {}
        for url, system, _, _ in rows_of(os.path.join(folder, "codes.tsv")):
            systems.setdefault(url, set()).add(system)
        self.system = {u: s.copy().pop() for u, s in systems.items() if len(s) == 1}
        with open(os.path.join(folder, "search-parameters.jsonl"), encoding="utf-8") as f:
            self.params = [p for p in map(json.loads, f) if "code" in p]
        self.compartments = rows_of(os.path.join(folder, "compartments.tsv"))
        self.patient = {r[1]: r[2].split(" ") for r in self.compartments if r[0] == "Patient"}

    @staticmethod
    def split(types):
        out = []
        for t in types.split(" "):
            name, _, targets = t.partition("(")
            out.append((name, targets.rstrip(")").split("|") if targets else []))
        return out

    def is_a(self, kind, base):
        """As FHIRPath's "as" has it: a canonical is a uri, too."""
        while kind and kind.lower() != base.lower():
            kind = self.types[kind][2] if kind in self.types else ""
        return bool(kind)

    def find(self, context, name):
        """(element, is choice) of a FHIRPath name in a context, inherited ones included."""
        while context:
            rows = self.children.get(context, {})
            if name in rows:
                return rows[name], False
            if name + "[x]" in rows:
                return rows[name + "[x]"], True
            context = self.types[context][2] if context in self.types else "BackboneElement"
        return None, False


# ---- expressions ----

STEP = re.compile(r"ofType\((\w+)\)|where\(resolve\(\) is (\w+)\)|where\((\w+)='([^']*)'\)|(\w+)"
                  r"(?:\[(\d+)\])?")


def split_top(text, sep):
    """Splits at sep outside parentheses."""
    out, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == sep and depth == 0:
            out.append(text[start:i].strip())
            start = i + 1
    return out + [text[start:].strip()]


def steps_of(text):
    """Steps of one branch of a union; None when the trie cannot say it."""
    text = re.sub(r"^\((.*?\.ofType\(\w+\))\)", r"\1", text)
    out = []
    for part in split_top(text, "."):
        m = STEP.fullmatch(part)
        if not m:
            return None
        cast, target, name, literal, step, index = m.groups()
        if cast:
            out.append(("cast", cast))
        elif target:
            out.append(("target", target))
        elif name:
            out.append(("equal", name, literal))
        else:
            out.append(("name", step))
            if index:
                out.append(("index", int(index)))
    return out


def branches_of(expression, base):
    """(text, steps or None) of each branch that starts at base."""
    out = []
    for text in split_top(expression, "|"):
        head = re.match(r"\(?(\w+)", text)
        root = head.group(1) if head else ""
        if root[:1].isupper() and root not in (base, "Resource", "DomainResource"):
            continue
        steps = steps_of(text)
        if steps and steps[0] == ("name", root) and root[:1].isupper():
            steps = steps[1:]
        out.append((text, steps))
    return out


# ---- the trie ----

class Node:
    def __init__(self):
        self.edges = {}    # (member, condition) -> Node
        self.actions = []  # (number, source, composite)

    def child(self, member, condition):
        return self.edges.setdefault((member, condition), Node())


class Trie:
    """Follows the steps of a branch over the element tables, making edges as it goes."""

    def __init__(self, spec):
        self.spec = spec

    def follow(self, root, base, steps):
        """[(node, data type, element, single)] where the branch ends."""
        states = [(None, None, base, None, True)]
        at = [(root, base, base, None, True)]
        todo = list(steps)
        while todo:
            step = todo.pop(0)
            cast = todo.pop(0)[1] if todo and todo[0][0] == "cast" else None
            condition = self.condition(todo)
            states, at = at, []
            for node, _, context, _, single in states:
                at += self.members(node, context, step[1], cast, (condition, single))
        return [(node, kind, element, single) for node, kind, _, element, single in at]

    @staticmethod
    def condition(todo):
        if todo and todo[0][0] in ("target", "equal", "index"):
            return todo.pop(0)
        return ("none",)

    def members(self, node, context, name, cast, rest):
        condition, single = rest
        element, choice = self.spec.find(context, name)
        if not element:
            raise SystemExit("gen_params: no element %s in %s" % (name, context))
        path, high, types, _ = element
        for kind, _ in types:
            if cast and not self.spec.is_a(kind, cast):
                continue
            member = name + kind[0].upper() + kind[1:] if choice else name
            below = kind[1:] if kind.startswith("#") else (
                path if kind in ("BackboneElement", "Element") else kind)
            one = single and (high == "1" or condition[0] == "index")
            yield (node.child(member, condition), kind, below, element, one)


class Param:
    def __init__(self, spec, p, base):
        self.code, self.kind, self.base = p["code"], p["type"], base
        self.targets = [t for t in p.get("target", []) if t in spec.row]
        self.branches = branches_of(p["expression"], base)
        self.expression = " | ".join(t for t, _ in self.branches)
        self.components = p.get("component", [])
        self.number, self.parts, self.alias, self.home = 0, [], False, False
        self.single, self.system, self.restrict = False, "", ""

    def keys(self):
        """The branches as comparable text, composites with their components."""
        tail = "".join("$" + c["expression"] for c in self.components)
        return frozenset((repr(s) if s is not None else t) + tail for t, s in self.branches)

    def stripped(self):
        """(keys without a last 'resolve() is X', X); X empty when not all branches have it."""
        kinds = {s[-1][1] if s and s[-1][0] == "target" else "" for _, s in self.branches}
        if len(kinds) != 1 or kinds == {""}:
            return self.keys(), ""
        return frozenset(repr(s[:-1]) for _, s in self.branches), kinds.pop()


def expand(spec):
    """Every pair, by type and code."""
    out = {}
    for p in spec.params:
        for b in p["base"]:
            if not p["expression"] and p["code"] not in WORDS:
                continue
            whole = {"Resource": spec.resources, "DomainResource": spec.domain}
            for base in whole.get(b, [b]):
                one = Param(spec, p, base)
                if (base, one.code) in out:
                    raise SystemExit("gen_params: twice %s %s" % (base, one.code))
                out[base, one.code] = one
    return out


def rank(p):
    """Which of equal parameters keeps the keys."""
    order = ["subject", "code", "date", "identifier"]
    return (-len(p.targets), order.index(p.code) if p.code in order else len(order), p.code)


def find_alias(params):
    """Renamings, restrictions and unions among the parameters of one type."""
    for kind in KINDS:
        group = sorted((p for p in params if p.kind == kind), key=rank)
        group = [p for p in group if p.code not in WORDS]
        for p in group:
            bare, target = p.stripped()
            for q in group:
                if q is p or q.alias:
                    continue
                same = q.keys() == p.keys() and rank(q) < rank(p)
                if same or (target and p.targets == [target] and q.keys() == bare):
                    p.alias, p.parts, p.restrict = True, [q], target
                    break
        for p in group:
            if p.alias or len(p.branches) < 2:
                continue
            parts, left = [], set(p.keys())
            for q in sorted(group, key=lambda q: (-len(q.branches), q.code)):
                if q is not p and not q.alias and q.keys() < p.keys() and q.keys() <= left:
                    parts.append(q)
                    left -= q.keys()
            if not left:
                p.alias, p.parts = True, parts


def build_one(trie, root, p, number, composites):
    """Adds the branches of p to the trie; True when all of them could be said."""
    singles, paths, systems, targets = [], set(), set(), set()
    for text, steps in p.branches:
        if steps is None:
            return False
        for node, kind, element, single in trie.follow(root, p.base, steps):
            singles.append(single)
            paths.add(tuple(s for s in steps if s[0] != "cast"))
            if p.kind == "composite":
                context = element[0] if element and kind in ("BackboneElement", "Element") else kind
                node.actions.append((number, "COMPOSITE", composites(p, context)))
                continue
            source = SOURCES.get(p.kind, {}).get("Resource" if kind in trie.spec.row else kind)
            systems.add(trie.spec.system.get(element[3], "") if kind == "code" else "")
            named = next(t for k, t in element[2] if k == kind)
            targets |= set([steps[-1][1]] if steps[-1][0] == "target" else named or ["any"])
            if source:
                node.actions.append((number, source, 0))
    p.single = all(singles) and len(paths) == 1
    p.system = systems.pop() if len(systems) == 1 else ""
    if "any" not in targets: # parameters of many types list the targets of all of them
        p.targets = [t for t in p.targets if t in targets] or p.targets
    return True


class Build:
    def __init__(self, spec, numbers):
        self.spec, self.trie = spec, Trie(spec)
        self.params = expand(spec)
        self.roots, self.compartment, self.fallback = {}, {}, {}
        self.composites = [("none", [])]
        for pair, p in self.params.items():
            p.number = numbers[pair]
        for base in spec.resources:
            self.one_type(base)

    def one_type(self, base):
        mine = [p for (b, _), p in sorted(self.params.items()) if b == base]
        known = {p: p.code in WORDS or
                 build_one(self.trie, Node(), p, p.number, lambda *a: 0) for p in mine}
        find_alias(mine)
        root, self.fallback[base] = Node(), []
        for p in mine:
            if p.components:
                p.parts = p.parts or [self.component(base, c) for c in p.components]
            if p.alias or p.code in WORDS or p.code in ("_id", "_lastUpdated"):
                continue
            if known[p]:
                build_one(self.trie, root, p, p.number, self.composite)
            else:
                self.fallback[base].append(p)
        self.roots[base] = root
        self.patient_paths(base)

    def component(self, base, c):
        return self.params[base, c["code"]]

    def composite(self, p, context):
        """A row of component tries for one context of a composite parameter."""
        parts = []
        for c, q in zip(p.components, [self.component(p.base, c) for c in p.components]):
            node, text, start, outer = Node(), c["expression"], context, False
            if text.startswith("%resource."):
                text, start, outer = text[len("%resource."):], p.base, True
            for branch in split_top(text, "|"):
                for at, kind, _, _ in self.trie.follow(node, start, steps_of(branch)):
                    source = SOURCES[q.kind].get(kind)
                    if source:
                        at.actions.append((q.number, source, 0))
            parts.append((node, outer))
        self.composites.append((p.code, parts))
        return len(self.composites) - 1

    def patient_paths(self, base):
        """The compartment's references as a trie of their own, the home parameter first."""
        codes = self.spec.patient.get(base, [])
        found = [self.params[base, c] for c in codes]
        stored = []
        for p in found:
            for q in p.parts if p.alias else [p]:
                if q not in stored:
                    stored.append(q)
        single = [q for q in stored if q.single and "Patient" in q.targets]
        home = next((q for c in HOME_ORDER for q in single
                     if c == q.code or (base, c) in self.params and
                     self.params[base, c].parts == [q] and c in codes), None)
        home = home or (single[0] if len(single) == 1 else None)
        if home:
            home.home = True
            stored.remove(home)
            stored.insert(0, home)
        nodes = []
        for q in stored:
            nodes.append(Node())
            build_one(self.trie, nodes[-1], q, q.number, None)
        self.compartment[base] = nodes


# ---- writing C ----

class Out:
    """Flattens nodes into arrays; a node is known by its index."""

    def __init__(self):
        self.nodes, self.edges, self.actions, self.seen = [], [], [], {}

    def add(self, node):
        edges = [(m, c, self.add(n)) for (m, c), n in
                 sorted(node.edges.items(), key=lambda e: (len(e[0][0]), e[0][0], repr(e[0][1])))]
        key = repr((edges, node.actions))
        if key not in self.seen:
            self.nodes.append((len(self.edges), len(edges), len(self.actions), len(node.actions)))
            self.edges += edges
            self.actions += node.actions
            self.seen[key] = len(self.nodes) - 1
        return self.seen[key]


def quote(s):
    return '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'


def edge_text(spec, member, condition, child):
    kind, name, text, number = condition[0].upper(), "", "", 0
    if kind == "EQUAL":
        name, text = condition[1], condition[2]
    elif kind == "TARGET":
        number = spec.row[condition[1]]
    elif kind == "INDEX":
        number = condition[1]
    return "    {%s, %d, %d, %d, IF_%s, %s, %s}," % (
        quote(member), len(member), child, number, kind, quote(name), quote(text))


def flat(name, kind, groups):
    """One array of all groups; returns (text, offsets)."""
    values, at = [], []
    for g in groups:
        at.append(len(values))
        values += g
    body = ", ".join(map(str, values)) or "0"
    return "const %s %s[] = {%s};" % (kind, name, body), at


def array(kind, name, lines):
    return ["const %s %s[] = {" % (kind, name)] + lines + ["};"]


def param_rows(spec, rows):
    parts_text, parts_at = flat("fhir_param_parts", "uint16_t", [[q.number for q in p.parts]
                                                            for p in rows])
    targets_text, targets_at = flat("fhir_param_targets", "fhir_type",
                                    [[spec.row[t] for t in p.targets] for p in rows])
    lines, more = [], []
    for p, a, t in zip(rows, parts_at, targets_at):
        lines.append("    {%d, %s, PARAM_%s, %d, %s, %s, fhir_param_parts + %d, %d, %s, fhir_param_targets + "
                     "%d, %d}," % (p.number, quote(p.code), p.kind.upper(), spec.row[p.base],
                                   str(p.single).lower(), str(p.home).lower(), a, len(p.parts),
                                   str(p.alias).lower(), t, len(p.targets)))
        inner = [c["expression"] for c in p.components]
        more.append("    {%s, %s, %d, {%s}}," % (quote(p.expression), quote(p.system),
                                               spec.row.get(p.restrict, 0),
                                               ", ".join(map(quote, inner)) or "0"))
    return ([parts_text, targets_text] + array("struct fhir_param", "fhir_param_list", lines) +
            array("struct param_more", "fhir_param_mores", more))


def numbers_rows(rows):
    top = max(p.number for p in rows)
    at = [0] * (top + 1)
    for i, p in enumerate(rows):
        at[p.number] = i + 1
    return ["const uint16_t fhir_param_rows[] = {%s};" % ", ".join(map(str, at)),
            "const uint16_t FHIR_PARAM_COUNT = %d, FHIR_PARAM_TOP = %d;" % (len(rows), top)]


def source_rows():
    lines = ["    {PARAM_%s, %s, KEY_FROM_%s}," % (kind.upper(), quote(t), source)
             for kind in KINDS for t, source in sorted(SOURCES.get(kind, {}).items())]
    return array("struct key_source", "fhir_key_sources", lines + ["    {0, 0, 0},"])


def type_rows(spec, build, rows, out):
    first = {}
    for i, p in enumerate(rows):
        first.setdefault(p.base, [i, 0])[1] += 1
    fallback_text, fallback_at = flat("fhir_param_fallback", "uint16_t", [
        [p.number for p in build.fallback[b]] for b in spec.resources])
    patient_text, patient_at = flat("fhir_param_patient", "uint16_t", [
        [out.add(n) for n in build.compartment[b]] for b in spec.resources])
    lines = ["    {0, 0, 0, 0, 0, 0, 0},"]
    for b, f, c in zip(spec.resources, fallback_at, patient_at):
        lines.append("    {%d, %d, %d, %d, %d, %d, %d}, /* %s */" % (
            first[b][0], first[b][1], out.add(build.roots[b]), f, len(build.fallback[b]), c,
            len(build.compartment[b]), b))
    return [fallback_text, patient_text] + array("struct param_type", "fhir_param_types", lines)


def compartment_rows(spec):
    lines = ["    {%d, %d, %s}, /* %s, %s */" % (spec.row[c], spec.row[t], quote(codes), c, t)
             for c, t, codes in spec.compartments]
    return array("struct compartment_row", "fhir_compartment_rows", lines + ["    {0, 0, 0},"])


def composite_rows(build, out):
    parts, lines = [], []
    for code, tries in build.composites:
        lines.append("    {%d, %d}, /* %s */" % (len(parts), len(tries), code))
        parts += ["    {%d, %s}," % (out.add(n), str(outer).lower()) for n, outer in tries]
    return (array("struct key_part", "fhir_key_parts", parts) +
            array("struct key_composite", "fhir_key_composites", lines))


def render(spec, build):
    rows = [p for _, p in sorted(build.params.items())]
    out = Out()
    head = ["/* Made by tools/gen_params.py from spec/fhir; do not edit. */",
            '#include "fhir/keys_int.h"']
    body = param_rows(spec, rows) + numbers_rows(rows) + source_rows()
    types = type_rows(spec, build, rows, out)
    composites = composite_rows(build, out) + compartment_rows(spec)
    nodes = ["    {%d, %d, %d, %d}," % n for n in out.nodes]
    edges = [edge_text(spec, *e) for e in out.edges]
    actions = ["    {%d, KEY_FROM_%s, %d}," % a for a in out.actions]
    if max(len(out.nodes), len(out.edges), len(out.actions)) > 65535:
        raise SystemExit("gen_params: the trie no longer fits 16 bits")
    return (head + body + types + composites + array("struct key_node", "fhir_key_nodes", nodes) +
            array("struct key_edge", "fhir_key_edges", edges) +
            array("struct key_action", "fhir_key_actions", actions))


# ---- numbers ----

def numbers_read(folder):
    with open(os.path.join(folder, "param-numbers.csv"), encoding="utf-8") as f:
        rows = [line.rstrip("\n").split(",") for line in f if not line.startswith("#")]
    return {(t, c): int(n) for n, t, c in rows}


def number(folder):
    path = os.path.join(folder, "param-numbers.csv")
    have = numbers_read(folder) if os.path.exists(path) else {}
    if not have:
        with open(path, "w", encoding="utf-8", newline="\n") as f:
            f.write("# Numbers under which search keys are stored. Append only: tools/gen_params.py"
                    " --number.\n# number,type,parameter\n")
    top = max(have.values(), default=FIRST_NUMBER - 1)
    with open(path, "a", encoding="utf-8", newline="\n") as f:
        for pair in sorted(expand(Spec(folder))):
            if pair not in have:
                top += 1
                f.write("%d,%s,%s\n" % (top, *pair))


def main(argv):
    if len(argv) == 3 and argv[1] == "--number":
        number(argv[2])
        return 0
    if len(argv) != 3:
        print(__doc__)
        return 2
    spec = Spec(argv[1])
    numbers = numbers_read(argv[1])
    lost = [pair for pair in expand(spec) if pair not in numbers]
    if lost:
        raise SystemExit("gen_params: %d parameters have no number (first: %s %s); run "
                         "tools/gen_params.py --number" % (len(lost), *lost[0]))
    text = "\n".join(render(spec, Build(spec, numbers))) + "\n"
    with open(os.path.join(argv[2], "fhir_params.c"), "w", encoding="utf-8", newline="\n") as f:
        f.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
