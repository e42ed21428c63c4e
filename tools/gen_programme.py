#!/usr/bin/env python3
"""spec/programme -> programme_gen.h: programmes, criteria, steps, billing codes and exclusions as const tables. Refuses
a text that lacks a language, a row of no programme, a code of no citation, and an exclusion of what is no code.

    tools/gen_programme.py SPEC_FOLDER TARGET"""
import sys
from pathlib import Path

from gen_say import literal
from gen_survey import flag, rows, texts

STEPS = {"consent": "STEP_CONSENT", "order": "STEP_ORDER", "kit": "STEP_KIT", "teach": "STEP_TEACH"}
KINDS = {"setup": "CODE_SETUP", "supply": "CODE_SUPPLY", "manage": "CODE_MANAGE", "more": "CODE_MORE"}
CLOCKS = {"episode": "CLOCK_EPISODE", "30-days": "CLOCK_PERIOD", "month": "CLOCK_MONTH"}


def stop(what, row):
    sys.exit("spec/programme: %s: %s" % (what, row))


def named(r):
    return r["programme"].replace("-", "_")


def of(folder, name, programmes):
    found = {p["programme"]: [] for p in programmes}
    for r in rows(folder, name):
        if r["programme"] not in found:
            stop("no such programme", r)
        found[r["programme"]].append(r)
    return found


def programmes(folder):
    all_ = rows(folder, "programmes")
    criteria, steps, tips = (of(folder, name, all_) for name in ("criteria", "steps", "tips"))
    out, table = [], []
    for p in all_:
        out.append("static const struct programme_criterion criteria_%s[] = {" % named(p))
        for r in criteria[p["programme"]]:
            if r["kind"] not in ("need", "bar") or not r["citation"]:
                stop("a criterion is a need or a bar, with a citation", r)
            out.append("    {%s, %s, %s, %s, %s, %s}," % (
                literal(r["criterion"]), flag(r["kind"] == "bar"), literal(r["group"]), literal(r["find"]), texts(r),
                literal(r["citation"])))
        out += ["};", "static const struct programme_step steps_%s[] = {" % named(p)]
        out += ["    {%s, %s, %s}," % (literal(r["step"]), STEPS[r["kind"]], texts(r)) for r in steps[p["programme"]]]
        out += ["};", "static const struct programme_tip tips_%s[] = {" % named(p)]
        out += ["    {%s, %s}," % (literal(r["tip"]), texts(r)) for r in tips[p["programme"]]]
        out.append("};")
        table.append("    {%s, %s, %s, %d, %d, %s, criteria_%s, %d, steps_%s, %d, tips_%s, %d}," % (
            literal(p["programme"]), literal(p["definition"]), literal(p["family"]), int(p["least"]), int(p["most"]),
            texts(p), named(p), len(criteria[p["programme"]]), named(p), len(steps[p["programme"]]), named(p),
            len(tips[p["programme"]])))
    return out + ["static const struct programme programmes[] = {"] + table + ["};"]


def codes(folder):
    all_, out = rows(folder, "codes"), ["static const struct programme_code codes[] = {"]
    names = {r["code"] for r in all_} | {r["family"].split("-")[0] for r in all_}
    for r in all_:
        if not r["citation"] or (r["after"] and r["after"] not in names) or (r["unit"] == "days") == (
                r["kind"] in ("manage", "more")):
            stop("a code needs a citation, days or minutes, and what it follows", r)
        if r["propose"] == "yes":
            out.append("    {%s, %s, %s, %s, %d, %d, %s, %s}," % (
                literal(r["code"]), literal(r["family"]), KINDS[r["kind"]], CLOCKS[r["clock"]], int(r["least"]),
                int(r["most"] or 0), flag(r["contact"] == "yes"), literal(r["after"])))
    out += ["};", "static const struct programme_exclusion exclusions[] = {"]
    for r in rows(folder, "exclusions"):
        if r["a"] not in names or r["b"] not in names or not r["citation"]:
            stop("an exclusion is of codes or families, with a citation", r)
        out.append("    {%s, %s, %s}," % (literal(r["a"]), literal(r["b"]), CLOCKS[r["over"]]))
    return out + ["};"]


def main(folder, target):
    folder = Path(folder)
    head = ["/* Generated from spec/programme; do not edit. */", "#ifndef WEFT_PROGRAMME_GEN_H",
            "#define WEFT_PROGRAMME_GEN_H"]
    Path(target).write_text("\n".join(head + programmes(folder) + codes(folder) + ["", "#endif", ""]),
                            encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
