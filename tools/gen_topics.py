#!/usr/bin/env python3
"""spec/partners/topics.json -> the table of shipped subscription topics.

    tools/gen_topics.py IN.json OUT.h
"""
import json
import sys

BITS = {"create": "ON_CREATE", "update": "ON_UPDATE", "delete": "ON_DELETE"}


def main(source, out):
    with open(source, encoding="utf-8") as f:
        topics = json.load(f)["topics"]
    rows = []
    for topic in topics:
        for t in topic["triggers"]:
            text = [json.dumps(t.get(k, "")) for k in ("type", "previous", "current", "path")]
            on = " | ".join(BITS[i] for i in t["on"])
            both = "true" if t.get("both") else "false"
            rows.append(f"    {{{json.dumps(topic['url'])}, {', '.join(text)}, {on}, {both}}},")
    with open(out, "w", encoding="utf-8") as f:
        f.write("/* Made by tools/gen_topics.py from spec/partners/topics.json. */\n"
                "static const struct topic_row TOPICS[] = {\n" + "\n".join(rows) + "\n};\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
