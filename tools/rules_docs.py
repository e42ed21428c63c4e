"""Writes docs/facts.md: which facts an ordinary message needs and which rules ask for them.

Used by gen_rules.py --docs. Sources: spec/rules and spec/policy/ordinary.json.
"""

import json
import os

NAMES = {"sms": "text message", "email": "e-mail"}
KIND = {"bool": "yes/no", "num": "number", "str": "word", "list": "words"}


def facts_of(e):
    if e[0] in ("and", "or", "not"):
        return set().union(*(facts_of(x) for x in e[1:]))
    if e[0] == "true":
        return set()
    more = {e[2][1:]} if isinstance(e[2], str) and e[2].startswith("@") else set()
    return {e[1]} | more


def asked_by(rules, triggers):
    found = {}
    for r in rules:
        if r["trigger"] in triggers:
            for f in facts_of(r["applies_when"]) | facts_of(r["require"]):
                found.setdefault(f, []).append(r["id"])
    return found


def table(values, kinds, asked):
    lines = ["| fact | kind | ordinary | asked by |", "| --- | --- | --- | --- |"]
    for name, v in values.items():
        ids = asked.get(name, [])
        shown = ", ".join(ids[:4]) + (" and %d more" % (len(ids) - 4) if len(ids) > 4 else "")
        lines.append("| `%s` | %s | `%s` | %s |" % (name, KIND[kinds[name]], json.dumps(v), shown))
    return "\n".join(lines)


def facts_page(rules, kinds, spec):
    with open(os.path.join(spec, "policy/ordinary.json"), encoding="utf-8") as f:
        ordinary = json.load(f)
    out = ["# Facts a message needs",
           "",
           "Made by `tools/gen_rules.py --docs spec`; do not edit. The values are those of an ordinary",
           "message that the patient has agreed to. A fact that is not given counts as unknown, and",
           "unknown never allows: without any one of the facts under *needed* the answer is not `allow`",
           "(`src/policy/message_test.c` takes them away one by one). The facts under *say them too*",
           "change nothing in this message, but they do as soon as another fact changes: an emergency,",
           "a reply to the patient's own question, a machine that dials."]
    for channel, body in ordinary.items():
        asked = asked_by(rules, body["triggers"])
        out += ["", "## An ordinary %s" % NAMES[channel], "",
                "Asked together: %s; %d rules, %d facts in all." % (
                    ", ".join("`%s`" % t for t in body["triggers"]),
                    sum(r["trigger"] in body["triggers"] for r in rules), len(asked)),
                "", "Needed:", "", table(body["needed"], kinds, asked),
                "", "Say them too:", "", table(body["also"], kinds, asked)]
    return "\n".join(out) + "\n"
