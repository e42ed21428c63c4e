#!/usr/bin/env python3
"""Makes multi_patient_gen.h from spec/record/multi-patient.csv: resource types that may name the data
of more than one patient, and whether such a resource still lives in one patient's compartment."""
import csv
import sys


def main(source, target):
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
