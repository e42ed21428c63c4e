#!/usr/bin/env python3
"""spec/config.csv -> config_rows.h: the table behind base/config.h.

A row: name, type (str, int, bool), default, min, max (of the value; of the length for str), what it
does. The table comes out sorted by name."""
import csv
import sys


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def check(row):
    name, kind, default = row["name"], row["type"], row["default"]
    low, high = int(row["min"] or 0), int(row["max"] or 0)
    if kind == "int" and not low <= int(default) <= high:
        sys.exit(f"config.csv: {name}: default outside {low}..{high}")
    if kind == "str" and not low <= len(default.encode()) <= high:
        sys.exit(f"config.csv: {name}: default's length outside {low}..{high}")
    if kind == "bool" and default not in ("true", "false"):
        sys.exit(f"config.csv: {name}: default is not true or false")
    if kind not in ("str", "int", "bool"):
        sys.exit(f"config.csv: {name}: unknown type {kind}")
    if not row["what"]:
        sys.exit(f"config.csv: {name}: say what it does")
    return (f"    {{{quoted(name)}, CONFIG_{kind.upper()}, {quoted(default)}, "
            f"{low}, {high}, {quoted(row['what'])}}},")


def main(source, target):
    with open(source, newline="", encoding="utf-8") as f:
        rows = sorted(csv.DictReader(f), key=lambda r: r["name"])
    names = [r["name"] for r in rows]
    if len(set(names)) != len(names):
        sys.exit("config.csv: a name stands twice")
    lines = ["/* Made from spec/config.csv by tools/gen_config.py. */",
             "static const struct config_row rows[] = {"]
    lines += [check(r) for r in rows]
    lines += ["};", f"#define CONFIG_ROWS {len(rows)}u", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


main(sys.argv[1], sys.argv[2])
