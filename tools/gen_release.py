#!/usr/bin/env python3
"""spec/rules/release.csv, release-exceptions.csv -> release_gen.h: what a result is, how long a patient's wish may
hold it back, and what a clinician may name to do so."""
import csv
import sys


def read(path):
    with open(path, encoding="utf-8") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    if not rows or any(not r["citation"] for r in rows):
        sys.exit(path + ": every row has its citation")
    return rows


def main(source, exceptions, target):
    rows, named = read(source), read(exceptions)
    if rows[0]["category"] != "sensitive":
        sys.exit("release.csv: the first row is sensitive")
    lines = ["/* Generated from spec/rules/release.csv and release-exceptions.csv; do not edit. */",
             "#ifndef WEFT_RELEASE_GEN_H", "#define WEFT_RELEASE_GEN_H", "#define RELEASE_ROWS \\"]
    lines += ['    {"%s", "%s", "%s", "%s", %d}, \\' % (
        r["category"], r["whole"], r["coded"], r["codes"], int(r["days"])) for r in rows]
    lines += ["", f"#define RELEASE_ROW_COUNT {len(rows)}u", "#define RELEASE_EXCEPTION_ROWS \\"]
    lines += ['    {"%s", "%s", %d}, \\' % (r["exception"], r["citation"], int(r["days"])) for r in named]
    lines += ["", f"#define RELEASE_EXCEPTION_COUNT {len(named)}u", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3])
