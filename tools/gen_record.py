#!/usr/bin/env python3
"""Makes marks_gen.h from spec/record/marks.csv (the code whose places in the order of a date, and in the log,
the store marks), and multi_patient_gen.h from spec/record/multi-patient.csv: resource types that may name the data
of more than one patient, and whether such a resource still lives in one patient's compartment."""
import csv
import sys


def marks(source, target):
    with open(source, newline="", encoding="utf-8") as f:
        rows = [(r["type"], r["lead"], r["order"], r["reason"]) for r in csv.DictReader(f)]
    if not all(all(r) for r in rows) or len({r[0] for r in rows}) != len(rows):
        sys.exit(f"{source}: a type stands twice, or a row is not whole")
    lines = [f'    {{"{t}", "{lead}", "{order}"}},' for t, lead, order, _ in rows]
    with open(target, "w", encoding="utf-8") as f:
        f.write("/* Made by tools/gen_record.py from spec/record/marks.csv; do not edit. */\n\n"
                "static const struct mark_row {\n    const char *type, *lead, *order;\n"
                "} mark_rows[] = {\n" + "\n".join(lines) + "\n};\n")


def main(source, target):
    if target.endswith("marks_gen.h"):
        marks(source, target)
        return
    with open(source, newline="", encoding="utf-8") as f:
        rows = sorted((r["type"], r["home"], r["reason"]) for r in csv.DictReader(f))
    for name, home, reason in rows:
        if home not in ("one", "none") or not reason:
            sys.exit(f"{source}: {name}: home is one or none, and a reason is needed")
    if len({r[0] for r in rows}) != len(rows):
        sys.exit(f"{source}: a type stands twice")
    lines = [f'    {{"{n}", {"true" if h == "one" else "false"}}},' for n, h, _ in rows]
    with open(target, "w", encoding="utf-8") as f:
        f.write("/* Made by tools/gen_record.py from spec/record/multi-patient.csv; do not edit. */\n#include <stdbool.h>\n\n"
                "static const struct multi_row {\n    const char *type;\n    bool one;\n"
                "} multi_rows[] = {\n" + "\n".join(lines) + "\n};\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
