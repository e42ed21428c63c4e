#!/usr/bin/env python3
"""spec/survey -> survey_gen.h: questionnaires, answers, scores, limits and messages as const tables. Refuses a text
that lacks a language, and a score, limit or message of what is not there.

    tools/gen_survey.py SPEC_FOLDER TARGET"""
import csv
import json
import sys
from pathlib import Path

from gen_say import LANGS, literal

KINDS = {"choice": "SURVEY_CHOICE", "text": "SURVEY_TEXT", "yesno": "SURVEY_YESNO"}
HOWS = {"one": "SCALE_ONE", "least": "SCALE_LEAST", "sum": "SCALE_SUM", "mean-100": "SCALE_MEAN", "mean-scales":
        "SCALE_OF_SCALES", "weighted": "SCALE_WEIGHTED"}
LIMITS = {"at-most": "LIMIT_AT_MOST", "at-least": "LIMIT_AT_LEAST", "under": "LIMIT_UNDER", "drop": "LIMIT_DROP"}
PARTS = ("sms", "brief", "subject", "email")


def rows(folder, name):
    with open(folder / (name + ".csv"), encoding="utf-8", newline="") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def stop(what, row):
    sys.exit("spec/survey: %s: %s" % (what, row))


def texts(row, may_lack=False):
    if not may_lack and not all(row[lang] for lang in LANGS):
        stop("a language is missing", row)
    return "{%s}" % ", ".join(literal(row[lang]) for lang in LANGS)


def yes(row, name):
    if row[name] not in ("yes", "no"):
        stop(name + " is yes or no", row)
    return row[name] == "yes"


def flag(v):
    return "true" if v else "false"


def options(folder, out):
    sets = {}
    for r in rows(folder, "options"):
        sets.setdefault(r["set"], []).append(r)
    own = {r["survey"]: yes(r, "licensed") for r in rows(folder, "surveys")}
    asked = {}
    for r in rows(folder, "items"):
        asked.setdefault(r["of"], []).append(own[r["survey"]])
    for name, of in sets.items():
        if name not in asked:
            stop("answers that no question has", of[0])
        licensed = all(asked[name])
        out += ["static const struct survey_option options_%s[] = {" % name.replace("-", "_")]
        out += ["    {%s, %s, %s, %s}," % (literal(r["code"]), r["score"] or "SURVEY_NO_SCORE", literal(r["loinc"]),
                                           texts(r, licensed)) for r in of]
        out += ["};"]
    return {name: len(of) for name, of in sets.items()}


def items(folder, survey, all_items):
    for r in all_items:
        if r["survey"] == survey:
            if r["kind"] == "include":
                yield from items(folder, r["of"], all_items)
            else:
                yield r


def says(folder, r):
    """What a yes is kept as: kind and code, and the words of a symptom."""
    if not r["says"]:
        return "SAYS_NOTHING, NULL, NULL"
    if r["says"] == "medicines":
        return 'SAYS_MEDICINES, "", NULL'
    if any(m["class"] == r["says"] for m in rows(folder, "medicines")):
        return "SAYS_MEDICINES, %s, NULL" % literal(r["says"])
    with open(folder.parent / "monitor" / "rules.json", encoding="utf-8") as f:
        words = {s["code"]: s["words"] for s in json.load(f)["symptoms"]}
    if r["says"] not in words or r["kind"] != "yesno":
        stop("says no symptom of the monitor by yes or no, and no medicine", r)
    return "SAYS_SYMPTOM, %s, %s" % (literal(r["says"]), literal(words[r["says"]]["en"]))


def item(folder, r, sets, licensed):
    of = "NULL, 0"
    if r["kind"] == "choice":
        if r["of"] not in sets:
            stop("no such answers", r)
        of = "options_%s, %d" % (r["of"].replace("-", "_"), sets[r["of"]])
    return "    {%s, %s, %s, %s, %s, %s}," % (literal(r["link"]), KINDS[r["kind"]], of, literal(r["loinc"]),
                                              texts(r, licensed), says(folder, r))


def mask(names, there, row):
    for name in names:
        if name not in there:
            stop(name + " is not there", row)
    return "0x%xu" % sum(1 << there.index(n) for n in names)


def scales(folder, mine, asked):
    """asked: the questions of the survey, in their order."""
    names, links = [r["score"] for r in mine], [i["link"] for i in asked]
    uncounted = {r["set"] for r in rows(folder, "options") if not r["score"]}
    for r in mine:
        if r["how"] == "weighted" and any(i["kind"] != "choice" or i["of"] in uncounted for i in asked
                                          if i["link"] in r["items"].split()):
            stop("a weight is of a choice whose answers all count", r)
        there = names if r["how"] == "mean-scales" else links
        yield "    {%s, %s, %s, %d}," % (literal(r["score"]), HOWS[r["how"]], mask(r["items"].split(), there, r),
                                         int(r["least"]))


def message(survey, messages):
    own = {r["part"]: r for r in messages if r["survey"] == survey}
    others = {r["part"]: r for r in messages if r["survey"] == "*"}
    return "{%s}" % ", ".join(texts(own.get(part) or others[part]) for part in PARTS)


def surveys(folder, out):
    sets, all_items, all_scales = options(folder, out), rows(folder, "items"), rows(folder, "scales")
    messages, table = rows(folder, "messages"), []
    for r in rows(folder, "surveys"):
        name = r["survey"].replace("-", "_")
        licensed = yes(r, "licensed")
        mine = list(items(folder, r["survey"], all_items))
        links = [i["link"] for i in mine]
        scored = list(scales(folder, [s for s in all_scales if s["survey"] == r["survey"]], mine))
        if not mine or len(set(links)) != len(links) or len(links) > 32:
            stop("questions have links of their own, at most 32", r)
        out += ["static const struct survey_item items_%s[] = {" % name]
        out += [item(folder, i, sets, licensed) for i in mine] + ["};"]
        if scored:
            out += ["static const struct survey_scale scales_%s[] = {" % name] + scored + ["};"]
        table.append("    {%s, %s, %s, %s, %s, %s, items_%s, %d, %s, %d, %s, %s}," % (
            literal(r["survey"]), flag(yes(r, "sensitive")), flag(licensed), flag(yes(r, "daily")), literal(r["loinc"]),
            texts(r), name, len(mine), "scales_" + name if scored else "NULL", len(scored), literal(r["only"]),
            message(r["survey"], messages)))
    return out + ["static const struct survey surveys[] = {"] + table + ["};"]


def medicines(folder, out):
    out += ["static const struct survey_medicine medicines[] = {"]
    for r in rows(folder, "medicines"):
        exact = not r["code"].endswith("*")
        out.append("    {%s, %s, %s, %s}," % (literal(r["class"]), literal(r["system"]), literal(r["code"].rstrip("*")),
                                              flag(exact)))
    return out + ["};"]


def limits(folder, out):
    known = {r["score"] for r in rows(folder, "scales")}
    out += ["static const struct survey_limit limits[] = {"]
    for r in rows(folder, "limits"):
        if r["score"] not in known or not r["source"]:
            stop("a limit needs a score and a source", r)
        out.append("    {%s, %s, %s, %s, %s, %s, %d, %d, SAY_%s}," % (
            literal(r["rule"]), literal(r["score"]), LIMITS[r["how"]], float(r["limit"]), flag(yes(r, "contact")),
            literal(r["programme"]), int(r["priority"]), int(r["hours"]), r["say"].upper()))
    return out + ["};"]


def main(folder, target):
    folder = Path(folder)
    body = medicines(folder, limits(folder, surveys(folder, [])))
    head = ["/* Generated from spec/survey; do not edit. */", "#ifndef WEFT_SURVEY_GEN_H", "#define WEFT_SURVEY_GEN_H"]
    Path(target).write_text("\n".join(head + body + ["", "#endif", ""]), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
