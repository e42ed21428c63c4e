"""Compiles spec/rules/redact.csv into the sets of rows that redact_rows() hands out, by role, purpose and type.

Used by gen_rules.py. Checks that every role, purpose, type, element, label and category is known, that a row always
takes the narrative with the rest, that no set is larger than REDACT_ROWS_MAX, and that nobody writes a type of which
they are not shown what is inside of an element: a write would lose it.
"""

import csv
import os

from access_table import PURPOSES, ROLES, expand, quote, read_groups

CATEGORIES = ["narrative", "reasons", "notes", "messages", "contact", "links", "amounts"]
ROWS_MAX = 4


def need(ok, where, what):
    if not ok:
        raise SystemExit("redact.csv: %s: %s" % (where, what))


def elements_of(spec):
    """type -> names of its first level, and "first.name" of what is called so anywhere inside."""
    found = {}
    with open(os.path.join(spec, "fhir/elements.tsv"), encoding="utf-8") as f:
        for line in f:
            path = line.split("\t")[0].split(".")
            if len(path) > 1 and not line.startswith("#"):
                names = found.setdefault(path[0], {"text", "contained", "extension"})
                names |= {path[1], path[1] + ".extension"} if len(path) == 2 else {path[1] + "." + path[-1]}
    return found


def writers_of(spec, groups, types):
    """(role, type) that some row of access.csv lets write."""
    with open(os.path.join(spec, "rules/access.csv"), encoding="utf-8", newline="") as f:
        return {(r["role"], t) for r in csv.DictReader(line for line in f if not line.startswith("#"))
                if {"create", "update"} & set(r["actions"].split())
                for t in expand(r["types"], groups, types, r["id"])}


def labels_of(spec):
    with open(os.path.join(spec, "rules/labels.csv"), encoding="utf-8", newline="") as f:
        return [r["label"] for r in csv.DictReader(line for line in f if not line.startswith("#"))]


def row_text(row, types, labels):
    where, when = row["id"], row["when"].split()
    kind, words = (when[0] if when else "always"), when[1:]
    need(kind in ("always", "label", "unless", "hidden", "unshared"), where, "unknown condition " + kind)
    need(bool(words) == (kind in ("label", "unless")) or (kind, words) == ("unshared", ["whole"]), where, "the condition lacks its words")
    need(kind != "label" or set(words) <= set(labels), where, "unknown label")
    need(kind != "unless" or (len(words) == 1 and words[0] in types), where, "unless names one type")
    need(row["category"] in CATEGORIES and row["citation"], where, "category or citation")
    names = row["elements"].split()
    need(kind in ("hidden", "unshared") or {"text", "contained"} <= set(names), where, "takes text and contained, too")
    mask = sum(1 << labels.index(w) for w in words) if kind == "label" else 0
    return "{%s, %s, %s, (const char *const[]){%s, NULL}, %#xu, %d, %s, %s, %s}" % (
        quote(where), quote(row["category"]), quote(row["citation"]), ", ".join(map(quote, names)), mask,
        1 + types.index(words[0]) if kind == "unless" else 0, *("true" if is_so else "false" for is_so in (kind == "hidden", kind == "unshared", words == ["whole"])))


def body(rows, types, spec):
    groups, labels, elements = read_groups(spec, types), labels_of(spec), elements_of(spec)
    cells, writers = {}, writers_of(spec, groups, types)
    for n, row in enumerate(rows):
        where = row["id"]
        purposes = row["purposes"].split() or PURPOSES[1:]
        need(set(row["roles"].split()) <= set(ROLES[1:]), where, "unknown role")
        need(set(purposes) <= set(PURPOSES[1:]), where, "unknown purpose")
        of = expand(row["types"], groups, types, where)
        known = set().union(*(elements.get(types[t - 1], set()) for t in of))
        need({e for e in row["elements"].split()} <= known, where, "no such element: %s" % (
            sorted({e for e in row["elements"].split()} - known)))
        for role in row["roles"].split():
            need("." not in row["elements"] or not any((role, t) in writers for t in of), where,
                 f"{role} writes what is not shown to them")
            for p in purposes:
                for t in of:
                    cells.setdefault((ROLES.index(role), PURPOSES.index(p), t), []).append(n)
    need(len(rows) <= 64 and max(map(len, cells.values())) <= ROWS_MAX, "rows", "too many")
    sets = sorted(set(map(tuple, cells.values())))
    out = ['/* Made by tools/gen_rules.py from spec/rules/redact.csv; do not edit. */\n'
           '#include "policy/redact.h"\n\n']
    out.append("const struct redact_row redact_row_list[] = {\n%s};\n\nconst size_t redact_n_rows = %d;\n\n" %
               ("".join("    %s,\n" % row_text(r, types, labels) for r in rows), len(rows)))
    out.append("const struct redact_set redact_sets[] = {\n    {0, {0}},\n%s};\n\n" %
               "".join("    {%d, {%s}},\n" % (len(s), ", ".join(map(str, s))) for s in sets))
    out.append("const uint8_t redact_cells[ROLE_COUNT][PURPOSE_COUNT][POLICY_TYPE_COUNT + 1] = {\n")
    for (r, p, t), mine in sorted(cells.items()):
        out.append("    [%d][%d][%d] = %d,\n" % (r, p, t, 1 + sets.index(tuple(mine))))
    out.append("};\n")
    return "".join(out)
