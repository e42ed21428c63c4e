#!/usr/bin/env python3
"""The command line: every verb's help has an example, wrong usage exits 2 and says why, and token,
user and audit work the same with the server stopped and running."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

WEFT = os.environ["WEFT"]


def run(*args, code=0, text=""):
    p = subprocess.run([WEFT, *args], capture_output=True, text=True, input=text)
    if p.returncode != code:
        sys.exit(f"weft {' '.join(args)}: exit {p.returncode}, not {code}\n{p.stdout}{p.stderr}")
    return p


def usage(folder):
    verbs = re.findall(r"^  (\w+)", run("--help").stdout, re.M)
    if len(verbs) < 10:
        sys.exit(f"only {verbs}")
    for v in verbs:
        out = run(v, "--help").stdout
        if "example:" not in out or f"weft {v}" not in out:
            sys.exit(f"weft {v} --help has no example")
        p = run(v, "--no-such-option", code=2)
        if not p.stderr:
            sys.exit(f"weft {v} does not say what is wrong")
    for wrong in (["nonsense"], [], ["init"], ["token", "--data", folder], ["user"], ["user", "add"],
                  ["audit"], ["audit", "verify"], ["export"], ["import", "--data", folder],
                  ["import", "--data"], ["version", "x"]):
        run(*wrong, code=2)
    run("init", "--data", folder, code=1)  # one is there


def accounts(folder, n):
    """All that must work whether or not a server runs."""
    run("user", "add", "--data", folder, "--user", f"nurse.{n}", "--role", "nurse", "--name", "N",
        text="a good long phrase\n")
    run("user", "add", "--data", folder, "--user", "x", "--role", "nurse", text="short\n", code=1)
    run("user", "add", "--data", folder, "--user", "x", "--role", "king", text="a good long phrase\n", code=1)
    run("user", "add", "--data", folder, "--user", "x", "--role", "nurse", code=1)
    listed = run("user", "list", "--data", folder).stdout
    if f"nurse.{n}" not in listed or "phrase" in listed:
        sys.exit(f"user list: {listed}")
    run("token", "--data", folder, "--role", "patient", code=1)
    run("token", "--data", folder, "--role", "nurse", "--ttl", "0", code=1)
    token = run("token", "--data", folder, "--role", "nurse").stdout.strip()
    mine = run("token", "--data", folder, "--user", f"nurse.{n}").stdout.strip()
    run("user", "disable", "--data", folder, "--user", f"nurse.{n}")
    if "disabled" not in run("user", "list", "--data", folder).stdout:
        sys.exit("not disabled")
    if not re.match(r"\d+ entries, whole; \d+ signed heads; head [0-9a-f]{64}\n", run("audit", "verify", "--data", folder).stdout):
        sys.exit("audit verify")
    sentence, trace = run("audit", "explain", "--data", folder, "1").stdout.splitlines()
    if "because" not in sentence or json.loads(trace)["entry"] != "1":
        sys.exit(f"audit explain: {sentence} {trace}")
    run("audit", "explain", "--data", folder, "999999", code=1)
    run("audit", "explain", "--data", folder, code=2)
    return token, mine


def status(url, token):
    rq = urllib.request.Request(url + "/fhir/Patient", headers={"Authorization": f"Bearer {token}"})
    try:
        return urllib.request.urlopen(rq, timeout=10).status
    except urllib.error.HTTPError as e:
        return e.code


def running(folder, before):
    log = open(os.path.join(folder, "..", "log"), "w+", encoding="utf-8")
    server = subprocess.Popen([WEFT, "serve", "--data", folder, "--listen", "127.0.0.1:0"], stderr=log)
    try:
        url = None
        for _ in range(300):
            log.seek(0)
            found = re.search(r"weft serves (http\S+)", log.read())
            if found:
                url = found.group(1)
                break
            time.sleep(0.05)
        if not url:
            sys.exit("the server did not start")
        token, disabled = accounts(folder, "two")
        for t, want in ((before, 200), (token, 200), (disabled, 401), ("forged", 401)):
            if status(url, t) != want:
                sys.exit(f"a token gave {status(url, t)}, not {want}")
        p = run("import", "--data", folder, log.name, code=1)
        if f"process {server.pid}" not in p.stderr:
            sys.exit(f"who holds the folder is not said: {p.stderr}")
    finally:
        server.terminate()
        if server.wait(30) != 0:
            sys.exit("the server did not end well")
    if os.path.exists(os.path.join(folder, "control")):
        sys.exit("the control socket was left behind")


def main():
    root = tempfile.mkdtemp(prefix="weft-cli-")
    try:
        folder = os.path.join(root, "data")
        run("init", "--data", folder)
        usage(folder)
        token, _ = accounts(folder, "one")
        running(folder, token)
        run("audit", "verify", "--data", folder)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
