#!/usr/bin/env python3
"""A whole server on a disk that fills up and gets room again: what was acknowledged stays, what was not
is not there, refusals say so (503 or 507), looks are shown only with their line in the trail, and the
service resumes by itself. The disk is a small tmpfs in a mount namespace of this test's own."""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-http"))
import weft_http  # noqa: E402

INSIDE = "WEFT_DISK_FULL_INSIDE"
SIZE = "24m"
TRIES = 40


def enter():
    """This program again, where it may mount; exit code 77 where nobody lets it."""
    for how in (["unshare", "--map-root-user", "--mount"], ["unshare", "--mount"]):
        probe = how + ["mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
        if shutil.which("unshare") and subprocess.run(probe, capture_output=True).returncode == 0:
            env = dict(os.environ, **{INSIDE: "1"})
            sys.exit(subprocess.run(how + [sys.executable, os.path.abspath(__file__)], env=env).returncode)
    print("SKIPPED: no mount namespace may be made here, so no small disk either")
    sys.exit(77)


class Disk:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="weft-disk-")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + SIZE, "tmpfs", self.folder], check=True)
        self.filler = os.path.join(self.folder, "filler")

    def fill(self):
        with open(self.filler, "wb", buffering=0) as f:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        f.write(b"x" * size)
                except OSError:
                    pass

    def clear(self):
        os.unlink(self.filler)

    def close(self):
        subprocess.run(["umount", self.folder], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Ward:
    """The server, and what it said yes to."""

    def __init__(self, disk):
        tempfile.tempdir = disk.folder
        self.s = weft_http.Server()
        tempfile.tempdir = None
        self.log = tempfile.mkdtemp(prefix="weft-disk-log-")
        self.s.log_path = os.path.join(self.log, "log")
        self.nurse, self.system, self.admin = (self.s.token(role) for role in ("nurse", "system", "admin"))
        self.kept, self.n = [], 0

    def refused(self, a, what):
        assert a.status in (503, 507), f"{what}: {a.status} {a.body[:300]}"
        said = a.issues()[0].get("details", a.issues()[0]).get("text", "")
        assert a.json["resourceType"] == "OperationOutcome" and said, a.body
        assert self.s.folder not in said, said
        return True

    def write(self):
        self.n += 1
        a = self.s.call("POST", "/fhir/Patient", {"resourceType": "Patient", "language": "en",
                                                  "name": [{"text": f"p{self.n}" * 200}]}, self.system)
        if a.status == 201:
            self.kept.append(a.json["id"])
            return True
        return not self.refused(a, "a write")

    def look(self, id):
        a = self.s.call("GET", "/fhir/Patient/" + id, token=self.nurse)
        return a.status == 200 or not self.refused(a, "a look")

    def check(self):
        for id in self.kept:
            assert self.look(id), "what was acknowledged cannot be read"
        a = self.s.call("GET", "/fhir/Patient?_summary=count", token=self.system)
        assert a.json["total"] == len(self.kept), f"{a.json['total']} there, {len(self.kept)} acknowledged"


def soon(what, say):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.1)
    raise AssertionError(say)


def firmware_file(disk, ward):
    """A firmware's file that finds no room is not kept in part; with room again it is taken whole."""
    s, admin, file = ward.s, ward.admin, os.urandom(2 << 20)
    model = s.call("POST", "/fhir/DeviceDefinition", {
        "resourceType": "DeviceDefinition", "modelNumber": "F1",
        "extension": [{"url": "https://weft.health/fhir/StructureDefinition/implantable", "valueCode": "no"}]}, admin)
    one = s.call("POST", "/fleet/firmware", {"model": model.json["id"], "version": "1.0", "size": len(file),
                                             "digest": hashlib.sha256(file).hexdigest()}, admin)
    assert one.status == 201, one.body
    path = f"/fleet/firmware/{one.json['id']}"
    bring = lambda: s.call("PUT", path + "/file", file, admin)
    disk.fill()
    ward.refused(bring(), "a firmware's file")
    disk.clear()
    soon(ward.write, "writes do not resume")
    assert s.call("GET", path, token=admin).json["file"] == {}, "half a file is kept"
    soon(lambda: bring().status == 200, "a firmware's file is not taken")
    assert "at" in s.call("GET", path, token=admin).json["file"]


def run(disk, ward):
    s = ward.s
    s.start()
    for _ in range(10):
        assert ward.write() and ward.look(ward.kept[0])
    for _ in range(2):
        disk.fill()
        written = sum(ward.write() for _ in range(TRIES))
        shown = sum(ward.look(ward.kept[0]) for _ in range(TRIES))
        assert written < TRIES, "the disk was not full"
        assert s.call("GET", "/healthz").status == 200
        disk.clear()
        soon(ward.write, "writes do not resume")
        soon(lambda: ward.look(ward.kept[0]), "looks do not resume")
        ward.check()
        print(f"full: {written} of {TRIES} writes and {shown} of {TRIES} looks found room; then it went on")
    firmware_file(disk, ward)
    disk.fill()
    code = s.stop()
    assert code == 0, s.read_log()[-2000:]
    disk.clear()
    s.start()
    ward.check()
    assert s.stop() == 0
    told = weft_http.weft("audit", "verify", "--data", s.data)
    looks = int(told.stdout.split()[0])
    assert looks >= len(ward.kept), told.stdout
    log = s.read_log()
    assert "Sanitizer" not in log and "runtime error" not in log, log[-3000:]


def main():
    disk = Disk()
    try:
        ward = Ward(disk)
        try:
            run(disk, ward)
        finally:
            ward.s.close()
            shutil.rmtree(ward.log, ignore_errors=True)
    finally:
        disk.close()


if __name__ == "__main__":
    if not os.environ.get(INSIDE):
        enter()
    main()
