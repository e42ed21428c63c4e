#!/usr/bin/env python3
"""weft rules: list, show, test, decide, and what they answer to wrong usage."""

import json
import os
import subprocess
import sys
import tempfile

WEFT = os.environ["WEFT"]
ROOT = os.environ["WEFT_SOURCE"]


def run(*args, text=None):
    done = subprocess.run([WEFT, "rules", *args], input=text, capture_output=True, text=True,
                          check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def expect(ok, what):
    if not ok:
        sys.exit("failed: " + what)


def listing():
    code, out, _ = run("list")
    expect(code == 0 and len(out.splitlines()) == 212, "list has 212 lines")
    code, out, _ = run("show", "TCPA-REV-01")
    expect(code == 0 and "47 CFR 64.1200" in out and "example" in out, "show names the law")
    code, out, err = run("show", "NIX-1")
    expect(code == 1 and not out and "NIX-1" in err, "unknown rule is named")
    code, out, _ = run("test")
    expect(code == 0 and out == "212 rules, 426 examples, 0 failures\n", "all examples hold")


def deciding():
    with open(os.path.join(ROOT, "spec/policy/ordinary.json"), encoding="utf-8") as f:
        sms = json.load(f)["sms"]
    triggers = ",".join(sms["triggers"])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "facts.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(sms["needed"], f)
        code, out, _ = run("decide", "--trigger", triggers, "--facts", path)
    answer = json.loads(out)
    expect(code == 0 and answer["decision"] == "allow" and answer["fired"] == [], "ordinary text")
    stopped = dict(sms["needed"], revocation_on_file=True, emergency=False)
    code, out, _ = run("decide", "--trigger", triggers, "--facts", "-", text=json.dumps(stopped))
    answer = json.loads(out)
    expect(code == 0 and answer["decision"] == "deny" and answer["fired"] == ["TCPA-REV-05"] and
           "suppress_contact" in answer["obligations"] and len(answer["why"]) == 1, "after a stop")
    late = dict(sms["needed"], texts_today=1, emergency=False, replying_to_own_inquiry=False)
    code, out, _ = run("decide", "--trigger", triggers, "--facts", "-", text=json.dumps(late))
    answer = json.loads(out)
    expect(answer["decision"] == "hold_until" and
           answer["hold"]["kinds"] == ["next_local_day_window_open"], "second text of a day")
    code, out, _ = run("decide", "--trigger", triggers, "--facts", "-", text="{}")
    answer = json.loads(out)
    expect(answer["decision"] == "deny" and "internal_dnc" in answer["missing"], "no facts")


def mistakes():
    for args in ((), ("nix",), ("decide",), ("decide", "--trigger", "outbound.sms"),
                 ("decide", "--trigger", "nix", "--facts", "-"), ("list", "more")):
        code, out, err = run(*args, text="{}")
        expect(code == 2 and not out and err, "wrong usage: %s" % (args,))
    bad = ("", "[1]", "{\"emergency\": \"x\"}", "{\"nix\": 1}", "{\"a\":" * 5000)
    for text in bad:
        code, out, err = run("decide", "--trigger", "outbound.sms", "--facts", "-", text=text)
        expect(code == 1 and not out and err.startswith("weft rules: "), "bad facts %s" % text[:20])
    code, _, err = run("decide", "--trigger", "outbound.sms", "--facts", "/does/not/exist")
    expect(code == 1 and "cannot open" in err, "no such file")
    code, out, _ = run("--help")
    expect(code == 0 and "example" in out, "help has an example")


if __name__ == "__main__":
    listing()
    deciding()
    mistakes()
