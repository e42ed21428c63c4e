#!/usr/bin/env python3
"""Checks the rulebook in spec/rules and compiles it into C tables.

usage: gen_rules.py SPEC_FOLDER OUT_FOLDER   writes rules_gen.h, rules_gen.c, access_gen.c
       gen_rules.py --docs SPEC_FOLDER       prints docs/facts.md

Every rule file is checked against the schema: known keys, operators, parameters, obligations and
the kind of every fact, which is inferred from all its uses and must be the same everywhere.
Standard library only; any fault names file, rule and cause, and ends with status 1.
"""

import csv
import glob
import json
import os
import re
import sys

LAW = {"no": "OVERRIDE_NO", "stricter_only": "OVERRIDE_STRICTER_ONLY", "yes": "OVERRIDE_YES"}
FAIL = {"deny": "DECISION_DENY", "require": "DECISION_REQUIRE", "hold_until": "DECISION_HOLD_UNTIL"}
STATUS = {"in_force", "in_force_waived_part", "adopted_not_effective", "proposed", "guidance",
          "industry", "policy"}
KEYS = {"id", "title", "trigger", "applies_when", "require", "decision", "params", "condition",
        "decision_detail", "why", "obligations", "duties", "citation", "jurisdiction",
        "overridable", "status", "evidence", "effective_from", "effective_to", "clock", "tests",
        "stricter", "emergency"}
OPTIONAL = {"clock", "stricter", "emergency"}
EMERGENCY = {None: "EMERGENCY_KEEPS", "unknown_suspended": "EMERGENCY_SUSPENDS_UNKNOWN",
             "suspended": "EMERGENCY_SUSPENDS"}
OPERATORS = ["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "contains_all", "subset"]
ORDER = {"lt", "le", "gt", "ge"}
DIRECTIONS = ["none", "lower", "higher", "subset", "superset"]
STACK_MAX = 16
LANGS = ("es", "ar")  # besides English


class Bad(Exception):
    pass


def need(ok, where, what):
    if not ok:
        raise Bad("%s: %s" % (where, what))


def load(spec):
    """All rules by id, each with its domain."""
    rules, obligations = {}, {}
    for row in rows(os.path.join(spec, "rules/obligations.csv")):
        obligations[row["code"]] = row["text"]
    for path in sorted(glob.glob(os.path.join(spec, "rules/*.json"))):
        with open(path, encoding="utf-8") as f:
            book = json.load(f)
        for rule in book["rules"]:
            where = "%s %s" % (os.path.basename(path), rule.get("id"))
            need(rule["id"] not in rules, where, "id used twice")
            rule["domain"] = book["domain"]
            check_rule(rule, where, obligations)
            rules[rule["id"]] = rule
    return [rules[k] for k in sorted(rules)], obligations


def rows(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def check_rule(rule, where, obligations):
    keys = set(rule) - {"domain"}
    need(keys <= KEYS, where, "unknown keys %s" % sorted(keys - KEYS))
    need(KEYS - OPTIONAL <= keys, where, "missing keys %s" % sorted(KEYS - OPTIONAL - keys))
    need(re.fullmatch(r"[A-Z0-9]+(-[A-Za-z0-9]+)+", rule["id"]), where, "bad id")
    need(rule["overridable"] in LAW, where, "bad overridable")
    need(rule["status"] in STATUS and rule["evidence"] in "PSM", where, "bad status or evidence")
    need(rule["decision"]["pass"] == "allow" and rule["decision"]["fail"] in FAIL, where,
         "bad decision")
    hold = rule["decision"]["fail"] == "hold_until"
    need(hold == ("hold_kind" in rule["decision"]), where, "hold_kind goes with hold_until")
    need(rule["citation"] and rule["why"], where, "no citation or no why")
    need(rule.get("emergency") in EMERGENCY, where, "bad emergency")
    for name, seconds in rule["decision"].get("caps", []):
        need(name in rule["params"] and seconds > 0, where, "bad cap " + name)
    for part in rule["obligations"] + rule["duties"]:
        need(part in obligations, where, "unknown obligation " + part)
    need(not re.search(r"[{}]", re.sub(r"\{\w+\}", "", rule["why"])), where, "why has a lone brace")
    for name in re.findall(r"\{(\w+)\}", rule["why"]):
        need(name in rule["params"], where, "why names unknown parameter " + name)
    for name, way in rule.get("stricter", {}).items():
        need(name in rule["params"] and way in DIRECTIONS, where, "bad stricter " + name)
    need(len(rule["tests"]) >= 2, where, "two examples at least")
    expected = {t["expect"] for t in rule["tests"]}
    need("allow" in expected and rule["decision"]["fail"] in expected, where,
         "one example must pass and one must fail")
    for part in ("applies_when", "require"):
        check_predicate(rule[part], rule, where)


def check_predicate(e, rule, where):
    need(isinstance(e, list) and e, where, "predicate is not a list")
    if e[0] in ("and", "or", "not"):
        need(len(e) == 2 if e[0] == "not" else len(e) > 2, where, "bad arity of " + e[0])
        for x in e[1:]:
            check_predicate(x, rule, where)
    elif e[0] == "true":
        need(len(e) == 1, where, "bad arity of true")
    else:
        need(e[0] in OPERATORS and len(e) == 3, where, "unknown operator %s" % e[0])
        if isinstance(e[2], str) and e[2].startswith("$"):
            need(e[2][1:] in rule["params"], where, "unknown parameter " + e[2])


def leaves(e):
    if e[0] in ("and", "or", "not"):
        for x in e[1:]:
            yield from leaves(x)
    elif e[0] != "true":
        yield e


def literal(e, rule):
    """The constant on the right side, with parameters at their default; None for a fact."""
    v = e[2]
    if isinstance(v, str) and v.startswith("$"):
        return rule["params"][v[1:]]
    return None if isinstance(v, str) and v.startswith("@") else v


def kind_of(v):
    if isinstance(v, bool):
        return "bool"
    return "num" if isinstance(v, (int, float)) else "str" if isinstance(v, str) else "list"


def fact_kinds(rules):
    """Fact -> bool | num | str | list, from every predicate and example."""
    seen, links = {}, []

    def see(name, kind, where):
        seen.setdefault(name, {}).setdefault(kind, where)

    for rule in rules:
        for e in list(leaves(rule["applies_when"])) + list(leaves(rule["require"])):
            op, name, v = e[0], e[1], literal(e, rule)
            seen.setdefault(name, {})
            if op in ("contains", "contains_all", "subset"):
                see(name, "list", rule["id"])
                if v is None and op != "contains":
                    see(e[2][1:], "list", rule["id"])
            elif op in ORDER:
                see(name, "num", rule["id"])
                if v is None:
                    see(e[2][1:], "num", rule["id"])
            elif op == "in":
                see(name, kind_of(v[0]), rule["id"])
            elif v is None:
                links.append((name, e[2][1:]))
            else:
                see(name, kind_of(v), rule["id"])
        for test in rule["tests"]:
            for name, v in test["facts"].items():
                see(name, kind_of(v), rule["id"])
    for a, b in links:
        for x, y in ((a, b), (b, a)):
            for kind, where in list(seen.setdefault(x, {}).items()):
                see(y, kind, where)
    for name, kinds in seen.items():
        need(len(kinds) == 1, "fact " + name, "kinds disagree: %s" % kinds)
    return {name: next(iter(kinds)) for name, kinds in sorted(seen.items())}


def directions(rule):
    """Parameter -> in which direction a change makes the rule stricter, where that is provable."""
    found = {}

    def walk(e, tighten):
        if e[0] == "not":
            walk(e[1], not tighten)
        elif e[0] in ("and", "or"):
            for x in e[1:]:
                walk(x, tighten)
        elif e[0] != "true" and isinstance(e[2], str) and e[2].startswith("$"):
            way = {"lt": "lower", "le": "lower", "gt": "higher", "ge": "higher", "in": "subset",
                   "subset": "subset", "contains_all": "superset"}.get(e[0], "none")
            if not tighten:
                way = {"lower": "higher", "higher": "lower", "subset": "superset",
                       "superset": "subset"}.get(way, "none")
            found.setdefault(e[2][1:], set()).add(way)

    walk(rule["require"], True)
    walk(rule["applies_when"], False)
    ways = {name: next(iter(w)) if len(w) == 1 else "none" for name, w in found.items()}
    for name, way in rule.get("stricter", {}).items():
        need(name not in ways, rule["id"], "stricter is derived for " + name)
        ways[name] = way
    return ways


def c_name(prefix, name):
    return prefix + re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def c_str(s):
    """A C string literal; non-ASCII as octal so that no hex escape runs on."""
    out = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else "\\%03o" % b
                  for b in s.encode("utf-8"))
    return '"%s"' % out


def c_slice(s):
    return "{%s, %d}" % (c_str(s), len(s.encode("utf-8")))


def c_z(s):
    return "NULL" if s is None else c_str(s)


def compact(v):
    return json.dumps(v, ensure_ascii=False, separators=(",", ":"))


class Values:
    """Pool of constants and parameter defaults as struct value initialisers."""

    def __init__(self):
        self.rows, self.lists, self.seen = [], [], {}

    def text(self, v):
        if isinstance(v, bool):
            return "{.kind = VALUE_BOOL, .u.b = %s}" % str(v).lower()
        if isinstance(v, (int, float)):
            return "{.kind = VALUE_NUM, .u.num = %r}" % float(v)
        if isinstance(v, str):
            return "{.kind = VALUE_STR, .n = %d, .u.s = %s}" % (len(v.encode()), c_str(v))
        if isinstance(v, list) and all(isinstance(x, str) for x in v):
            at = len(self.lists)
            self.lists += v
            return "{.kind = VALUE_LIST, .n = %d, .u.items = &value_items[%d]}" % (len(v), at)
        return "{.kind = VALUE_NONE}"

    def constant(self, v):
        key = compact(v)
        if key not in self.seen:
            self.seen[key] = self.add(v)
        return self.seen[key]

    def add(self, v):
        self.rows.append(self.text(v))
        return len(self.rows) - 1


class Compiler:
    def __init__(self, rules, kinds):
        self.rules, self.kinds = rules, kinds
        self.consts, self.params = Values(), Values()
        self.code, self.param_rows, self.rule_rows, self.places = [], [], [], []
        self.examples, self.caps = [], []

    def emit(self, e, base, names):
        """Postfix; gives the depth of stack it needs."""
        if e[0] == "true":
            self.code.append("{OP_TRUE, 0, 0, 0}")
            return 1
        if e[0] in ("and", "or", "not"):
            depth = max(i + self.emit(x, base, names) for i, x in enumerate(e[1:]))
            self.code.append("{OP_%s, 0, 0, %d}" % (e[0].upper(), len(e) - 1))
            return depth
        right, kind = e[2], "ARG_CONST"
        if isinstance(right, str) and right.startswith("$"):
            kind, arg = "ARG_PARAM", base + names.index(right[1:])
            need(not self.params.rows[arg].startswith("{.kind = VALUE_NONE"), e[1],
                 "parameter of a kind predicates cannot use")
        elif isinstance(right, str) and right.startswith("@"):
            kind, arg = "ARG_FACT", list(self.kinds).index(right[1:])
        else:
            arg = self.consts.constant(right)
        self.code.append("{OP_%s, %s, %s, %d}" % (e[0].upper(), kind, c_name("FACT_", e[1]), arg))
        return 1

    def rule(self, r, bits):
        names, ways, base = sorted(r["params"]), directions(r), len(self.params.rows)
        for name in names:
            self.params.add(r["params"][name])
            self.param_rows.append("{%s, %s, DIRECTION_%s}" % (
                c_str(name), c_str(compact(r["params"][name])), ways.get(name, "none").upper()))
        spans = []
        for part in ("applies_when", "require"):
            at = len(self.code)
            need(self.emit(r[part], base, names) <= STACK_MAX, r["id"], "predicate too deep")
            spans.append((at, len(self.code) - at))
        self.caps += ["{%d, %d, %d}" % (len(self.rule_rows), base + names.index(name), seconds)
                      for name, seconds in r["decision"].get("caps", [])]
        at = len(self.examples)
        self.examples += ["{%s, %s, %s}" % (c_str(t["name"]), c_str(compact(t["facts"])),
                                            c_str(t["expect"])) for t in r["tests"]]
        masks = [sum(1 << bits.index(c) for c in r[k]) for k in ("obligations", "duties")]
        self.places.append("{%d, %d, %d, %d, %d, %d, {UINT64_C(%#x), UINT64_C(%#x)}, "
                           "{UINT64_C(%#x), UINT64_C(%#x)}, %s}" % (
                               spans[0] + spans[1] + (base, len(names)) + split(masks[0]) +
                               split(masks[1]) + (c_str(r["why"]),)))
        self.rule_rows.append(rule_row(r, at))


def rendered(r):
    """The sentence with the parameters of the catalogue filled in."""
    def fill(m):
        v = r["params"][m.group(1)]
        return v if isinstance(v, str) else compact(v)
    return re.sub(r"\{(\w+)\}", fill, r["why"])


def split(mask):
    return mask & (2 ** 64 - 1), mask >> 64


def rule_row(r, at):
    texts = [r["id"], r["title"], r["domain"], r["condition"], r["decision_detail"], rendered(r),
             compact(r["applies_when"]), compact(r["require"]), compact(r["params"]),
             "; ".join(r["citation"]), r["jurisdiction"], r["status"], r["evidence"],
             r["effective_from"], r["effective_to"], r["overridable"]]
    hold = r["decision"].get("hold_kind")
    return "{%s,\n     %s, %s, %s, %s, %s, &rule_examples[%d], %d}" % (
        ", ".join(c_z(t) for t in texts), c_name("TRIGGER_", r["trigger"]),
        FAIL[r["decision"]["fail"]], c_name("HOLD_", hold) if hold else "HOLD_NONE",
        LAW[r["overridable"]], EMERGENCY[r.get("emergency")], at,
        len(r["tests"]))


def c_enum(name, items, count):
    return "enum %s {\n%s    %s\n};\n" % (name, "".join("    %s,\n" % i for i in items), count)


def table(decl, items):
    return "%s = {\n%s};\n\n" % (decl, "".join("    %s,\n" % i for i in items))


def header(rules, kinds, triggers, holds, types):
    need(len(triggers) <= 64, "triggers", "a set of triggers is 64 bits")
    return ("/* Made by tools/gen_rules.py from spec/rules; do not edit. */\n"
            "#ifndef WEFT_RULES_GEN_H\n#define WEFT_RULES_GEN_H\n\n"
            "#define RULE_COUNT %d\n#define POLICY_TYPE_COUNT %d\n\n%s\n%s\n%s\n#endif\n" % (
                len(rules), len(types),
                c_enum("trigger", [c_name("TRIGGER_", t) for t in triggers], "TRIGGER_COUNT"),
                c_enum("hold_kind", ["HOLD_NONE"] + [c_name("HOLD_", h) for h in holds],
                       "HOLD_COUNT"),
                c_enum("fact", [c_name("FACT_", k) for k in kinds], "FACT_COUNT")))


def translations(spec, rules):
    """Language -> rule id (or "unless") -> sentence, from why.<language>.csv."""
    known = {r["id"]: set(re.findall(r"\{(\w+)\}", r["why"])) for r in rules}
    known["unless"] = {"facts", "why"}
    found = {}
    for lang in LANGS:
        name = "why.%s.csv" % lang
        found[lang] = {}
        for row in rows(os.path.join(spec, "rules", name)):
            rule, why = row["rule"], row["why"]
            need(rule in known and rule not in found[lang], name, "unknown or twice: " + rule)
            need(why and set(re.findall(r"\{(\w+)\}", why)) == known[rule], name,
                 rule + " has not the parameters of the English sentence")
            need(not re.search(r"[{}]", re.sub(r"\{\w+\}", "", why)), name, rule + ": a lone brace")
            found[lang][rule] = why
        need("unless" in found[lang], name, "no row unless")
    return found


def fact_words(spec, kinds):
    """Fact (or "other") -> language -> what it is called, from fact-words.csv."""
    name, found = "fact-words.csv", {}
    for row in rows(os.path.join(spec, "rules", name)):
        fact = row["fact"]
        need((fact in kinds or fact == "other") and fact not in found, name, "unknown or twice: " + fact)
        need(all(row[lang] for lang in LANGS), name, fact + " lacks a language")
        found[fact] = row
    need("other" in found, name, "no row other")
    return found


def fact_tables(kinds, found):
    return (table("const char *const policy_fact_words[FACT_COUNT][POLICY_LANGS]",
                  ("{%s}" % ", ".join(c_z(found.get(k, {}).get(lang)) for lang in LANGS)
                   for k in kinds)) +
            table("const char *const policy_fact_other[POLICY_LANGS]",
                  (c_str(found["other"][lang]) for lang in LANGS)))


def why_tables(rules, found):
    return (table("const char *const policy_langs[POLICY_LANGS]", map(c_str, LANGS)) +
            table("const char *const policy_why[RULE_COUNT][POLICY_LANGS]",
                  ("{%s}" % ", ".join(c_z(found[lang].get(r["id"])) for lang in LANGS)
                   for r in rules)) +
            table("const char *const policy_why_unless[POLICY_LANGS]",
                  (c_str(found[lang]["unless"]) for lang in LANGS)))


def body(rules, kinds, triggers, holds, obligations):
    compiler, bits = Compiler(rules, kinds), sorted(obligations)
    need(len(bits) <= 128, "obligations.csv", "at most 128 codes")
    for r in rules:
        compiler.rule(r, bits)
    by_trigger = [[i for i, r in enumerate(rules) if r["trigger"] == t] for t in triggers]
    starts = [sum(len(x) for x in by_trigger[:i]) for i in range(len(triggers) + 1)]
    c = compiler
    fix = [v.replace("value_items", "param_items") for v in c.params.rows]
    return ("/* Made by tools/gen_rules.py from spec/rules; do not edit. */\n"
            '#include "policy/policy_int.h"\n\n' +
            table("static const str value_items[]", map(c_slice, c.consts.lists)) +
            table("static const str param_items[]", map(c_slice, c.params.lists)) +
            table("const struct value policy_consts[]", c.consts.rows) +
            table("const struct value policy_param_defaults[]", fix) +
            "const size_t policy_param_count = %d;\n\n" % len(fix) +
            table("const struct param policy_params[]", c.param_rows) +
            table("const struct insn policy_code[]", c.code) +
            table("static const struct rule_example rule_examples[]", c.examples) +
            table("const struct rule policy_rules[RULE_COUNT]", c.rule_rows) +
            table("const struct rule_place policy_places[RULE_COUNT]", c.places) +
            table("const uint16_t policy_trigger_rules[]",
                  (str(i) for group in by_trigger for i in group)) +
            table("const uint16_t policy_trigger_start[TRIGGER_COUNT + 1]", map(str, starts)) +
            table("const char *const policy_trigger_names[TRIGGER_COUNT]", map(c_str, triggers)) +
            table("const char *const policy_hold_names[HOLD_COUNT]",
                  map(c_str, ["none"] + holds)) +
            table("const struct fact_row policy_facts[FACT_COUNT]",
                  ("{%s, VALUE_%s}" % (c_str(k), v.upper()) for k, v in kinds.items())) +
            table("const struct hold_cap policy_caps[]", c.caps) +
            "const size_t policy_cap_count = %d;\n\n" % len(c.caps) +
            "const size_t policy_obligation_count = %d;\n\n" % len(bits) +
            table("const struct obligation policy_obligations[]",
                  ("{{%s, %d}, %s}" % (c_str(b), len(b), c_str(obligations[b])) for b in bits)))


def resource_types(spec):
    """Concrete R4 resource types, alphabetical, as the record knows them."""
    with open(os.path.join(spec, "fhir/types.tsv"), encoding="utf-8") as f:
        cells = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    return sorted(c[0] for c in cells if c[1] == "resource" and c[2] != "abstract")


def main(argv):
    if len(argv) == 3 and argv[1] == "--docs":
        import rules_docs
        rules, _ = load(argv[2])
        sys.stdout.write(rules_docs.facts_page(rules, fact_kinds(rules), argv[2]))
        return
    spec, out = argv[1:3]
    import access_table
    import hours_table
    import redact_table
    rules, obligations = load(spec)
    kinds, types = fact_kinds(rules), resource_types(spec)
    triggers = sorted({r["trigger"] for r in rules})
    holds = sorted({r["decision"]["hold_kind"] for r in rules if "hold_kind" in r["decision"]})
    files = {
        "rules_gen.h": header(rules, kinds, triggers, holds, types),
        "rules_gen.c": body(rules, kinds, triggers, holds, obligations) +
                       why_tables(rules, translations(spec, rules)) +
                       fact_tables(kinds, fact_words(spec, kinds)),
        "access_gen.c": access_table.body(rows(os.path.join(spec, "rules/access.csv")), types,
                                          spec),
        "redact_gen.c": redact_table.body(rows(os.path.join(spec, "rules/redact.csv")), types,
                                          spec),
        "hours_gen.c": hours_table.body(spec, rows),
    }
    for name, text in files.items():
        with open(os.path.join(out, name), "w", encoding="utf-8") as f:
            f.write(text)


if __name__ == "__main__":
    try:
        main(sys.argv)
    except Bad as bad:
        sys.exit("gen_rules: %s" % bad)
