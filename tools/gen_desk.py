#!/usr/bin/env python3
"""spec/desk/outcomes.csv, looks.csv, clocks.csv, breach-words.csv -> desk_gen.h: the outcomes a case can be
closed with, the rules of looks, the clocks that rule rows start, the words of notices, the states.

    tools/gen_desk.py OUTCOMES LOOKS CLOCKS WORDS STATES TARGET
"""
import csv
import json
import sys

WHYS = ("own", "glass", "team", "visit", "case", "message", "shift", "usual")
RULES = ("neighbour", "surname", "vip", "colleague", "relation", "bulk", "list", "night")
UNITS = ("hours", "days", "months", "year_end_days", "work_days")


def rows(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def text(s):
    return json.dumps(s, ensure_ascii=True)


def look(r):
    unknown = set(r["explained_by"].split()) - set(WHYS)
    if unknown or not r["citation"] or not r["id"].startswith("LOOK-"):
        sys.exit("spec/desk/looks.csv: %s: no citation, or unknown %s" % (r["id"], unknown))
    mask = sum(1 << WHYS.index(w) for w in r["explained_by"].split())
    return '    {%s, %s, %s, %s, %s, %s, %d, %d, %d}, \\' % (
        text(r["id"]), text(r["group"]), text(r["codes"]), text(r["citation"]), text(r["sentence"]),
        r["priority"], int(r["limit"] or 0), int(r["window_min"] or 0), mask)


def looks(path):
    found = {r["rule"]: r for r in rows(path)}
    if set(found) != set(RULES):
        sys.exit("spec/desk/looks.csv: one row a rule: %s" % " ".join(RULES))
    return [look(found[r]) for r in RULES]


def clock(r):
    if r["unit"] not in UNITS or not r["rule"]:
        sys.exit("spec/desk/clocks.csv: %s: unit is one of %s" % (r["rule"], " ".join(UNITS)))
    return '    {%s, %s, %s, %d, %s}, \\' % (text(r["rule"]), text(r["param"]), text(r["code"]),
                                             UNITS.index(r["unit"]), text(r["title"]))


def word(r):
    return '    {%s, {%s}}, \\' % (text(r["word"]), ", ".join(
        json.dumps(r[lang], ensure_ascii=False) for lang in ("en", "es", "ar")))


def main(outcomes, look_rows, clocks, words, states, target):
    lines = ["/* Generated from spec/desk; do not edit. */",
             "#ifndef WEFT_DESK_GEN_H", "#define WEFT_DESK_GEN_H",
             "#define DESK_OUTCOME_ROWS \\"]
    lines += ['    {%s, %s, %s, %s}, \\' % (text(r["code"]), text(r["display"]),
                                            "true" if r["of"] == "look" else "false",
                                            "DESK_ACTED_" + r["acted"].upper())
              for r in rows(outcomes)]
    lines += ["", "enum look_why { %s };" % ", ".join("WHY_" + w.upper() for w in WHYS),
              "enum look_rule { %s, LOOK_RULES };" % ", ".join("LOOK_" + r.upper() for r in RULES),
              "#define LOOK_ROWS \\"] + looks(look_rows)
    lines += ["", "#define CLOCK_ROWS \\"] + [clock(r) for r in rows(clocks)]
    lines += ["", "#define BREACH_WORDS \\"] + [word(r) for r in rows(words)]
    lines += ["", "#define STATE_ROWS \\"] + [
        "    {%s, %s}, \\" % (text(r["code"]), text(r["name"])) for r in rows(states)]
    lines += ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:7])
