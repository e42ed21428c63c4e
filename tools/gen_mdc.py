#!/usr/bin/env python3
"""spec/monitor/mdc.csv -> mdc_gen.h: rows for src/monitor/intake_codes.c."""
import csv
import sys


def main(source, target):
    with open(source, encoding="utf-8") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    codes = [r["mdc"] for r in rows]
    if len(codes) != len(set(codes)) or not all(c.isdigit() for c in codes):
        sys.exit("spec/monitor/mdc.csv: a code stands twice, or is no number")
    with open(target, "w", encoding="utf-8") as f:
        f.write("/* Generated from spec/monitor/mdc.csv; do not edit. */\n#define MDC_ROWS \\\n")
        for r in rows:
            f.write('    {"%s", "%s", "%s"}, \\\n' % (r["mdc"], r["loinc"], r["moles"]))
        f.write("\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
