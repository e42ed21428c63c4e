#!/usr/bin/env python3
"""spec/rules/release.csv -> release_gen.h: what a result is, and how long a patient's wish may hold it back."""
import csv
import sys


def main(source, target):
    with open(source, encoding="utf-8") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    if not rows or rows[0]["category"] != "sensitive" or any(not r["citation"] for r in rows):
        sys.exit("release.csv: the first row is sensitive, and every row has its citation")
    lines = ["/* Generated from spec/rules/release.csv; do not edit. */",
             "#ifndef WEFT_RELEASE_GEN_H", "#define WEFT_RELEASE_GEN_H", "#define RELEASE_ROWS \\"]
    lines += ['    {"%s", "%s", "%s", "%s", %d}, \\' % (
        r["category"], r["whole"], r["coded"], r["codes"], int(r["days"])) for r in rows]
    lines += ["", f"#define RELEASE_ROW_COUNT {len(rows)}u", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
