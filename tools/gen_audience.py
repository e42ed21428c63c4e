#!/usr/bin/env python3
"""spec/campaign/chips.csv, left-out.csv, lint.csv, plain-words.csv, identifying.csv -> audience_gen.h. Refuses a row that lacks a language, a clinical one without
a citation, and codes that are there twice.

    tools/gen_audience.py SPEC_FOLDER AUDIENCE_H"""
import csv
import json
import re
import sys
from pathlib import Path

LANGUAGES = ["en", "es", "ar"]
ASKS_MAX = 8  # CHIP_ASKS_MAX of src/campaign/audience_int.h
COLUMNS = r"(age(<|>=)\d+|sex=[0-3]|flag=\d+|language|clinic|area)"


def rows(path, key="code"):
    with open(path, encoding="utf-8") as f:
        found = list(csv.DictReader(line for line in f if not line.startswith("#")))
    codes = [r[key] for r in found]
    if len(set(codes)) != len(codes):
        sys.exit("%s: a code is there twice" % path)
    return found


def text(s):
    return json.dumps(s, ensure_ascii=False)


def triple(row, names, path):
    if not all(row[n] for n in names):
        sys.exit("%s: %s lacks a language" % (path, row["code"]))
    return "{%s}" % ", ".join(text(row[n]) for n in names)


def chip(row, path):
    if row["kind"] == "column":
        if not re.fullmatch(COLUMNS, row["ask"]):
            sys.exit("%s: %s asks no column" % (path, row["code"]))
    elif not row["citation"] or not all("?" in one for one in row["ask"].split(" ")):
        sys.exit("%s: %s needs searches and a citation" % (path, row["code"]))
    elif len(row["ask"].split(" ")) > ASKS_MAX or (row["done"] != "no" and row["kind"] != "search"):
        sys.exit("%s: %s asks more than %d searches, or a column what is done" % (path, row["code"], ASKS_MAX))
    return "    {%s, %s, %s, %s, %s, %s}, \\" % (
        text(row["code"]), "true" if row["kind"] == "search" else "false", text(row["ask"]),
        "NULL" if row["done"] == "no" else text(row["done"]), triple(row, LANGUAGES, path), text(row["citation"]))


def left(row, path):
    return "    {%s, %d, %s, %s}, \\" % (
        text(row["code"]), int(row["first"]), triple(row, ["short_" + x for x in LANGUAGES], path),
        triple(row, ["say_" + x for x in LANGUAGES], path))


def lint(row, path):
    if row["level"] not in ("error", "advice"):
        sys.exit("%s: %s has no level" % (path, row["code"]))
    return "    {%s, %s, %s, %s}, \\" % (text(row["code"]), "true" if row["level"] == "error" else "false",
                                       text(row["citation"]), triple(row, LANGUAGES, path))


def plain(row):
    return "    {%d, %s, %s}, \\" % (LANGUAGES.index(row["language"]), text(row["hard"]), text(row["plain"]))


def main(folder, target):
    folder = Path(folder)
    out = ["/* Generated from spec/campaign; do not edit. */", "#ifndef WEFT_AUDIENCE_GEN_H",
           "#define WEFT_AUDIENCE_GEN_H", "#define CHIP_ROWS \\"]
    out += [chip(r, "chips.csv") for r in rows(folder / "chips.csv")] + ["", "#define LEFT_ROWS \\"]
    out += [left(r, "left-out.csv") for r in rows(folder / "left-out.csv")]
    found = rows(folder / "lint.csv")
    out += ["", "enum lint_code { %s, LINT_COUNT };" % ", ".join("LINT_" + r["code"].upper().replace("-", "_")
                                                               for r in found), "#define LINT_ROWS \\"]
    out += [lint(r, "lint.csv") for r in found] + ["", "#define PLAIN_ROWS \\"]
    out += [plain(r) for r in rows(folder / "plain-words.csv", "hard")] + ["", "#define IDENTIFYING_WORDS \\"]
    out += ["    %s, \\" % text(r["element"]) for r in rows(folder / "identifying.csv", "element")] + ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(out))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
