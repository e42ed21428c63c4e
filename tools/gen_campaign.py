#!/usr/bin/env python3
"""spec/campaign -> campaign_gen.h (answers; the shipped outlines as
PlanDefinitions). Refuses an outline whose words lack a language, so nobody is left without a message.

    tools/gen_campaign.py SPEC_FOLDER CAMPAIGN_H"""
import csv
import json
import re
import sys
from pathlib import Path

import gen_content

STEP = "https://weft.health/fhir/plan-step"
URL = "https://weft.health/fhir/StructureDefinition/plan-"
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
LANGUAGES = ["en", "es", "ar"]


def rows(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def ext(name, kind, value):
    return {"url": URL + name, "value" + kind: value}


def duration(text):
    m = re.fullmatch(r"(\d+)(min|h|d|wk)", text)
    if not m:
        sys.exit("not a duration: " + text)
    return {"value": int(m[1]), "unit": m[2], "system": "http://unitsofmeasure.org", "code": m[2]}


def translated(out, name, texts, where):
    if len(texts) != len(LANGUAGES) or not all(texts):
        sys.exit("spec/campaign/journeys: %s lacks %s in a language" % (where, name))
    out[name] = texts[0]
    out["_" + name] = {"extension": [
        {"url": TRANSLATION, "extension": [{"url": "lang", "valueCode": lang},
                                           {"url": "content", "valueString": text}]}
        for lang, text in zip(LANGUAGES[1:], texts[1:])]}


def code(kind):
    return [{"coding": [{"system": STEP, "code": kind}]}]


def fhirpath(text):
    return {"language": "text/fhirpath", "expression": text}


def trigger(row):
    kind, change, when = row
    return {"type": change, "data": [{"type": kind}], "condition": fhirpath(when)}


def leaves(dated, exits):
    """dated: what date must be after they began, if any."""
    out = {"title": "Leaves", "code": code("exit"), "trigger": [trigger(t[:3]) for t in exits]}
    if dated:
        out["extension"] = [ext("anchor", "String", dated[0])]
    return out


def step_extensions(s):
    out = []
    if "at" in s:
        out.append(ext("at", "Time", s["at"] + ":00"))
    for name in ("channel", "purpose"):
        if name in s:
            out.append(ext(name, "Code", s[name]))
    if "urgent" in s:
        out.append(ext("urgent", "Boolean", s["urgent"]))
    for name in ("expires", "silence", "promise"):
        if name in s:
            out.append(ext(name, "Duration", duration(s[name])))
    if "tries" in s:
        out.append(ext("tries", "Integer", s["tries"]))
    return out


class Outline:
    def __init__(self, source, where):
        self.source, self.where, self.steps = source, where, {}

    def path(self, p, suffix):
        out = {"extension": [ext("answer", "Code", p["answer"])], "prefix": p["key"], "title": p["title"],
               "code": code("path")}
        if "echo" in p:
            translated(out, "textEquivalent", p["echo"], self.where)
        if p.get("steps"):
            out["action"] = self.list(p["steps"], suffix)
        return out

    def step(self, s, before, suffix):
        self.steps[s["id"]] = s
        if "same" in s:
            s = {**self.steps[s["same"]], **{k: v for k, v in s.items() if k != "same"}}
            suffix = "-" + s["id"]
        top = suffix == "-" + s["id"]  # the copy itself; what is inside it gets its name after its own
        out = {"id": s["id"] if top else s["id"] + suffix}
        extensions = step_extensions(s)
        if extensions:
            out["extension"] = extensions
        out["title"] = s["title"]
        if "words" in s:
            translated(out, "textEquivalent", s["words"], self.where)
        if "priority" in s:
            out["priority"] = s["priority"]
        out["code"] = code(s["kind"])
        if "if" in s:
            out["condition"] = [{"kind": "applicability", "expression": fhirpath(s["if"])}]
        when = s.get("from") or s.get("after")
        if when:
            relation = "before-start" if when.startswith("-") else "after-end"
            out["relatedAction"] = [{"actionId": "enrol" if "from" in s else before, "relationship": relation,
                                     "offsetDuration": duration(when.lstrip("-"))}]
        if "paths" in s:
            out["action"] = [self.path(p, suffix) for p in s["paths"]]
        return out

    def list(self, steps, suffix=""):
        out, before = [], "before"
        for s in steps:
            out.append(self.step(s, before, suffix))
            before = out[-1]["id"]
        return out

    def plan(self):
        c = self.source
        o = {"resourceType": "PlanDefinition", "extension": [ext("kind", "Code", c["kind"]),
                                                             ext("purpose", "Code", c["purpose"]),
                                                             ext("programme", "Code", c["programme"])]}
        for name in ("lasts", "again", "gap", "spread"):
            if name in c:
                o["extension"].append(ext(name, "Duration", duration(c[name])))
        for name in ("hours", "outcome"):
            if name in c:
                o["extension"].append(ext(name, "String", c[name]))
        o["extension"] += [ext("done", "Code", chip) for chip in c.get("done", [])]
        o.update(url="https://weft.health/fhir/PlanDefinition/" + c["code"], version="1", name=c["code"])
        translated(o, "title", c["title"], self.where)
        o.update(status="draft", description=c["source"])
        enrol = {"id": "enrol", "title": "Who enrols", "code": code("enrol")}
        if "anchor" in c["enrol"]:
            enrol["extension"] = [ext("anchor", "String", c["enrol"]["anchor"])]
        if c["enrol"].get("trigger"):
            enrol["trigger"] = [trigger(t) for t in c["enrol"]["trigger"]]
        if c.get("exit"):
            enrol["action"] = [leaves(dated, [t for t in c["exit"] if tuple(t[3:]) == dated])
                               for dated in sorted({tuple(t[3:]) for t in map(tuple, c["exit"])})]
        o["action"] = [enrol] + self.list(c["steps"])
        if "silence" in c:
            o["action"].append({"id": "silence", "extension": [ext("after", "Integer", c["silence"]["after"])],
                                "title": "After silence", "code": code("silence"),
                                "action": self.list(c["silence"]["steps"])})
        return o


def text(s):
    return json.dumps(s, ensure_ascii=False)


def write(path, guard, body):
    head = ["/* Generated from spec/campaign; do not edit. */", "#ifndef " + guard, "#define " + guard]
    Path(path).write_text("\n".join(head + body + ["", "#endif", ""]), encoding="utf-8")


def main(folder, campaign_h):
    folder = Path(folder)
    fold = gen_content.folder(gen_content.table())
    body = ["#define ANSWER_ROWS \\"]
    body += ["    {%s, %s, %d}, \\" % (text(r["code"]), text(fold(r["text"])), int(r["weight"]))
             for r in rows(folder / "answers.csv")]
    body += ["", "#define DOUBT_ROWS \\"]
    body += ["    {DOUBT_%s, %s}, \\" % (kind, words) for kind, words in dict.fromkeys(
        (r["kind"].upper(), text(fold(r["text"]))) for r in rows(folder / "doubts.csv"))]
    body += ["", "#define JOURNEY_ROWS \\"]
    for path in sorted((folder / "journeys").glob("*.json")):
        source = json.loads(path.read_text(encoding="utf-8"))
        plan = Outline(source, path.name).plan()
        body.append("    {%s, %s, %s}, \\" % (text(source["code"]), text(source["kind"]), text(text(plan))))
    why = rows(folder / "why.csv")
    for kind in ("day", "why", "line"):
        body += ["", "#define SAY_%s_ROWS \\" % kind.upper()]
        body += ["    {%s}, \\" % ", ".join(text(r[lang]) for lang in LANGUAGES) for r in why if r["kind"] == kind]
    body += ["", "#define SAY_TELL_ROWS \\"]
    body += ["    {%s, %s}, \\" % (text(r["key"]), ", ".join(text(r[lang]) for lang in LANGUAGES))
             for r in why if r["kind"] == "tell"]
    write(campaign_h, "WEFT_CAMPAIGN_GEN_H", body)


if __name__ == "__main__":
    main(*sys.argv[1:])
