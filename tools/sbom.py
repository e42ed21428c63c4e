#!/usr/bin/env python3
"""The bill of materials of a built weft, as CycloneDX 1.5 JSON on stdout: what the binary is linked with, by
Debian package and version, and what the two web apps carry, from the lock file.
usage: sbom.py BINARY"""
import hashlib
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def said(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def owners(paths):
    """The packages that libraries came with; the loader may name one by the link /lib instead of /usr/lib."""
    spelled = {p: (p, os.path.realpath(p), p.removeprefix("/usr")) for p in paths}
    every = sorted({s for several in spelled.values() for s in several})
    found = subprocess.run(("dpkg-query", "-S", *every), capture_output=True, text=True, check=False).stdout
    package = {line.split(": ", 1)[1]: line.split(":", 1)[0] for line in found.splitlines() if ": " in line}
    for path, several in spelled.items():
        name = next((package[s] for s in several if s in package), None)
        if not name:
            raise SystemExit(f"sbom: no Debian package has {path}; build with Debian's libraries")
        yield name


def debian(binary):
    release = dict(x.split("=", 1) for x in open("/etc/os-release", encoding="utf-8").read().split("\n") if "=" in x)
    names = set(owners(re.findall(r"(/\S+\.so\S*) \(", said("ldd", binary))))
    for name in sorted(names):
        version, arch = said("dpkg-query", "-W", "-f", "${Version} ${Architecture}\n", name).split("\n", 1)[0].split()
        yield {"type": "library", "name": name, "version": version,
               "purl": f"pkg:deb/debian/{name}@{version}?arch={arch}&distro=debian-{release['VERSION_ID'].strip(chr(34))}"}


def npm():
    """What is compiled into web/dist; tools that only build and check are left out, fonts are in."""
    with open(os.path.join(HERE, "../web/package-lock.json"), encoding="utf-8") as f:
        packages = json.load(f)["packages"]
    for path, p in sorted(packages.items()):
        name = path.removeprefix("node_modules/")
        if not path or p.get("dev") and not name.startswith("@fontsource"):
            continue
        one = {"type": "library", "name": name, "version": p["version"],
               "purl": f"pkg:npm/{name.replace('@', '%40', 1)}@{p['version']}"}
        if "license" in p:
            one["licenses"] = [{"license": {"id": p["license"]}}]
        yield one


def main():
    binary = sys.argv[1]
    with open(binary, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    version = said(binary, "version").split()
    weft = {"type": "application", "name": "weft", "version": version[1] if len(version) > 1 else "0",
            "licenses": [{"license": {"id": "Apache-2.0"}}], "hashes": [{"alg": "SHA-256", "content": digest}]}
    json.dump({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": weft},
               "components": [*debian(binary), *npm()]}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
