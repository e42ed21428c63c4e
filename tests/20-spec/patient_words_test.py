#!/usr/bin/env python3
"""What the server itself says to patients in English is at grade 6 or below (Flesch-Kincaid, as web/src/lib/grade.ts
gates the words of the screens), no sentence longer than 20 words: refusals at the doors that patients use, letters
about breaches, answers to requests, messages, the permission page, the notice of an emergency access."""
import csv
import json
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SECTIONS = ("signing in", "helpers and sharing", "one line of the trail", "rights")  # of refusals.csv, what patients meet
# What of these only staff meet.
STAFF = re.compile(r"Your role|The proposal|Another administrator|decision is|There is no such request|Name somebody of ours"
                   r"|A privacy officer|The privacy office answers|the |a rule|\{a\} \(")


def syllables(word):
    w = re.sub(r"[^a-z]", "", word.lower())
    if len(w) <= 3:
        return 1 if w else 0
    return len(re.findall(r"[aeiouy]{1,2}", re.sub(r"(?:[^laeiouy]es|[^laeiouytd]ed|[^laeiouy]e)$", "", w))) or 1


def sentences(text):
    return [s for s in re.split(r"[.!?:;](?:\s|$)", text) if s.strip()]


def grade(text):
    words = [w for w in text.split() if re.search("[a-z]", w, re.I)]
    if not words:
        return 0
    return 0.39 * len(words) / max(1, len(sentences(text))) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def rows(*path):
    with open(os.path.join(ROOT, "spec", *path), encoding="utf-8", newline="") as f:
        return list(csv.DictReader(x for x in f if not x.startswith("#")))


def refusals():
    section = ""
    with open(os.path.join(ROOT, "spec", "words", "refusals.csv"), encoding="utf-8", newline="") as f:
        for line in f:
            if line.startswith("# -- "):
                section = line[5:].strip()
            elif not line.startswith("#") and section.startswith(SECTIONS):
                yield next(csv.reader([line]))[0]


def leaves(node):
    if isinstance(node, dict):
        for v in node.values():
            yield from leaves(v)
    elif isinstance(node, str):
        yield node


def texts():
    yield from (("refusals.csv", t) for t in refusals() if not STAFF.match(t))
    for name in ("rights-words.csv", "breach-words.csv"):
        yield from ((name, r["en"]) for r in rows("desk", name))
    with open(os.path.join(ROOT, "spec", "templates", "messages.json"), encoding="utf-8") as f:
        for t in json.load(f)["templates"]:
            for part in ("title", "sms", "subject", "email", "portal"):
                yield from ((t["code"], x) for x in leaves(t.get(part, {}).get("en", "")))
    for name, pattern in (("oauth_words.c", r'\[W_\w+\] = \{\s*"((?:[^"\\]|\\.)*)"'),
                          ("break_glass.c", r'\[LANGUAGE_EN\] =\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')):
        with open(os.path.join(ROOT, "src", "api", name), encoding="utf-8") as f:
            found = re.findall(pattern, f.read())
        if not found:
            yield name, "the words are not found where they were looked for in this file any more, institutionally"
        yield from ((name, re.sub(r'"\s*"', "", t).strip().strip('"').replace("\\n", " ")) for t in found)


def main():
    bad, n = [], 0
    for where, text in texts():
        n += 1
        said = re.sub(r"\{\w+\}", "Ana", text)
        longest = max((len(s.split()) for s in sentences(said)), default=0)
        if longest > 20 or len(said.split()) >= 5 and grade(said) > 6:
            bad.append("%s: grade %.1f, longest sentence %d words: %s" % (where, grade(said), longest, text))
    print("%d texts to patients" % n)
    print("\n".join(bad))
    return bool(bad) or n < 120 or grade("Utilization of pharmaceutical interventions necessitates consultation.") < 12


if __name__ == "__main__":
    sys.exit(main())
