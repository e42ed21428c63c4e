#!/usr/bin/env python3
"""spec/omh -> omh_gen.h: the published schemas as nodes that src/monitor/omh_check.c walks, codes and units.
Nodes that say the same are one; a node stands behind all that it uses, so a walk always ends.

usage: gen_omh.py SPEC_FOLDER OUT"""
import csv
import json
import os
import sys

TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
FORMATS = {None: "OMH_ANY", "date-time": "OMH_DATE_TIME", "uuid": "OMH_UUID", "iri": "OMH_URI", "uri": "OMH_URI",
           "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "OMH_DATE", "^[0-9]{4}-[0-9]{2}$": "OMH_MONTH",
           "^[0-9]{4}$": "OMH_YEAR", r"^([01]\d|2[0-3]):[0-5]\d$": "OMH_CLOCK",
           r"^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(.\d{1,3})?$": "OMH_CLOCK_SECONDS"}


def text(s):
    return json.dumps(s, ensure_ascii=False)


def need(cond, what):
    if not cond:
        sys.exit("spec/omh: " + what)


class Table:
    def __init__(self, rows):
        self.schemas = {r["id"]: r for r in rows}
        self.newest = {}
        for name in sorted(self.schemas, key=self.version):
            self.newest[name.rpartition(".")[0]] = name
        self.nodes, self.known, self.busy = ["{.format = OMH_ANY}"], {"{.format = OMH_ANY}": 0}, []
        self.lists, self.words, self.props = [], [], []

    @staticmethod
    def version(name):
        space, schema, v = name.split(":")
        return [space, schema] + [int(n) for n in v.split(".")]

    def put(self, pool, items):
        """Where these stand in a row in pool."""
        for at in range(len(pool) - len(items) + 1):
            if pool[at:at + len(items)] == items:
                return at
        pool.extend(items)
        return len(pool) - len(items)

    def span(self, pool, items, at, n):
        return [".%s = %d, .%s = %d" % (at, self.put(pool, items), n, len(items))] if items else []

    def schema(self, name):
        need(name in self.schemas, "no schema " + name)
        need(name not in self.busy, "a circle at " + name)
        self.busy.append(name)
        out = self.node({k: v for k, v in self.schemas[name].items() if k != "id"})
        self.busy.pop()
        return out

    def node(self, s):
        types = s.get("type", [])
        bits = sum(1 << TYPES.index(t) for t in ([types] if isinstance(types, str) else types))
        form = s.get("pattern", s.get("format"))
        need(form in FORMATS, "no rule for %s" % form)
        both = [self.node(v) for v in s.get("allOf", [])]
        if "ref" in s:
            need(s["ref"] in self.newest, "a reference to %s, which is not there" % s["ref"])
            both.append(self.schema(self.newest[s["ref"]]))
        props = s.get("properties", {})
        names = sorted(set(props) | set(s.get("required", [])))
        rows = ["{%s, %d, %s}" % (text(n), self.node(props.get(n, {})), "true" if n in s.get("required", []) else
                                  "false") for n in names]
        parts = [".format = " + FORMATS[form]]
        parts += [".types = %d" % bits] if bits else []
        parts += self.span(self.props, rows, "props", "n_props")
        parts += self.span(self.words, [text(v) for v in s.get("enum", [])], "words", "n_words")
        parts += self.span(self.lists, both, "all", "n_all")
        parts += self.span(self.lists, [self.node(v) for v in s.get("anyOf", [])], "any", "n_any")
        parts += self.span(self.lists, [self.node(v) for v in s.get("oneOf", [])], "one", "n_one")
        parts += [".items = %d" % self.node(s["items"])] if "items" in s else []
        parts += [".least = %d" % s["minItems"]] if "minItems" in s else []
        parts += [".closed = true"] if s.get("closed") else []
        row = "{%s}" % ", ".join(parts)
        if row not in self.known:
            self.known[row] = len(self.nodes)
            self.nodes.append(row)
        return self.known[row]


def table_rows(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def macro(name, rows):
    return ["#define %s \\" % name] + ["    %s, \\" % r for r in rows] + [""]


def main(folder, target):
    with open(os.path.join(folder, "schemas.jsonl"), encoding="utf-8") as f:
        rows = [json.loads(line) for line in f][1:]
    table = Table(rows)
    schemas = []
    for name in sorted(table.schemas, key=table.version):
        space, schema, version = name.split(":")
        measure = "effective_time_frame" in json.dumps(table.schemas[name])
        need(not measure or table.schemas[name].get("type") == "object", name + ": a measure that is no object")
        schemas.append("{%s, %s, %s, %d, %s}" % (text(space), text(schema), text(version), table.schema(name),
                                                 "true" if measure else "false"))
    need(len(table.nodes) < 65536 and len(table.lists) < 65536, "too many nodes")
    codes = table_rows(folder, "codes.csv")
    for c in codes:
        need(any(s.startswith(("omh:%s:" % c["measure"], "ieee:%s:" % c["measure"])) for s in table.schemas),
             "codes.csv: no measure " + c["measure"])
        need(c["role"] in ("value", "component", "panel"), "codes.csv: no role " + c["role"])
    out = ["/* Generated from spec/omh; do not edit. */", "#ifndef WEFT_OMH_GEN_H", "#define WEFT_OMH_GEN_H"]
    out += ["#define OMH_TYPE_%s %du" % (t.upper(), 1 << i) for i, t in enumerate(TYPES)]
    out += macro("OMH_NODE_ROWS", table.nodes) + macro("OMH_LIST_ROWS", ["%d" % n for n in table.lists])
    out += macro("OMH_WORD_ROWS", table.words) + macro("OMH_PROP_ROWS", table.props)
    out += macro("OMH_SCHEMA_ROWS", schemas)
    out += macro("OMH_CODE_ROWS", ["{%s, %s}" % (", ".join(text(c[k]) for k in (
        "measure", "property", "unit", "with", "code", "also", "display", "category")), "OMH_" + c["role"].upper())
        for c in codes])
    out += macro("OMH_UNIT_ROWS", ["{%s, %s}" % (text(u["unit"]), text(u["ucum"]))
                                   for u in table_rows(folder, "units.csv")])
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(out + ["#endif", ""]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
