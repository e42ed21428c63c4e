#!/usr/bin/env python3
"""spec/desk/outcomes.csv -> desk_gen.h: the outcome codes a case can be closed with."""
import csv
import sys


def rows(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def main(source, target):
    lines = ["/* Generated from spec/desk/outcomes.csv; do not edit. */",
             "#ifndef WEFT_DESK_GEN_H", "#define WEFT_DESK_GEN_H",
             "#define DESK_OUTCOME_ROWS \\"]
    lines += ['    {"%s", "%s"}, \\' % (r["code"], r["display"]) for r in rows(source)]
    lines += ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
