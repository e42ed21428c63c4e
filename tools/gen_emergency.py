#!/usr/bin/env python3
"""spec/desk/emergency.csv -> emergency_gen.h: whom to call in danger of life, by country.

    tools/gen_emergency.py SOURCE TARGET
"""
import csv
import json
import re
import sys


def row(r):
    shapes = {"country": "[A-Z]{2}", "alpha3": "[A-Z]{3}", "number": r"\d{2,5}", "citation": ".+"}
    for name, shape in shapes.items():
        if not re.fullmatch(shape, r[name] or ""):
            sys.exit("spec/desk/emergency.csv: %s: %s cannot be %r" % (r["country"], name, r[name]))
    return "    {%s}, \\" % ", ".join(json.dumps(r[name]) for name in ("country", "alpha3", "number"))


def main(source, target):
    with open(source, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    if len({r["country"] for r in rows}) != len(rows):
        sys.exit("spec/desk/emergency.csv: a country stands twice")
    lines = ["/* Generated from spec/desk/emergency.csv; do not edit. */", "#ifndef WEFT_EMERGENCY_GEN_H",
             "#define WEFT_EMERGENCY_GEN_H", "#define EMERGENCY_ROWS \\"] + [row(r) for r in rows] + ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
