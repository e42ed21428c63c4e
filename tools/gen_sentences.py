#!/usr/bin/env python3
"""spec/rules/sentences.csv and access-words.csv -> the tables that sentences of rule changes are read by.

    tools/gen_sentences.py SPEC OUT-FOLDER
"""
import csv
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import access_table  # noqa: E402
import gen_rules  # noqa: E402


def rows(spec, name):
    with open(os.path.join(spec, "rules", name), encoding="utf-8", newline="") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def params(spec):
    known = {}
    for name in sorted(os.listdir(os.path.join(spec, "rules"))):
        if name.endswith(".json"):
            with open(os.path.join(spec, "rules", name), encoding="utf-8") as f:
                known.update((r["id"], r) for r in json.load(f)["rules"])
    return known


def need(ok, what):
    if not ok:
        raise SystemExit("gen_sentences: " + what)


def sentences(spec):
    rules, out = params(spec), []
    for r in rows(spec, "sentences.csv"):
        rule = rules.get(r["rule"])
        need(rule, "no rule " + r["rule"])
        need(isinstance(rule["params"].get(r["param"]), (int, float)), f"{r['rule']} {r['param']}: no number")
        need(rule["overridable"] != "no", r["rule"] + " may not be changed")
        need(len(re.findall(r"\{(?:n|time)\}", r["sentence"])) == 1, r["sentence"])
        out.append("    {%s, %s, %s}," % tuple(json.dumps(r[k]) for k in ("rule", "param", "sentence")))
    return out


def words(spec):
    types = gen_rules.resource_types(spec)
    groups, out = access_table.read_groups(spec, types), []
    for r in rows(spec, "access-words.csv"):
        if r["kind"] == "role":
            need(r["meaning"] in access_table.ROLES, r["word"])
            out.append(f'    {{{json.dumps(r["word"])}, ROLE_{r["meaning"].upper()}, ""}},')
            continue
        named = [t for m in r["meaning"].split() for t in (groups[m[1:]] if m[0] == "@" else [m])]
        need(all(t in types for t in named), r["word"])
        out.append(f'    {{{json.dumps(r["word"])}, ROLE_NONE, {json.dumps(" ".join(named))}}},')
    return out


def main(spec, out):
    for name, table, made in (("sentences", "sentence_row SENTENCES", sentences(spec)),
                              ("words", "word_row WORDS", words(spec))):
        with open(os.path.join(out, name + "_gen.h"), "w", encoding="utf-8") as f:
            f.write("/* Made by tools/gen_sentences.py from spec/rules. */\n"
                    f"static const struct {table}[] = {{\n" + "\n".join(made) + "\n};\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
