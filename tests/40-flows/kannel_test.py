"""Texts through a real Kannel (bearerbox, smsbox, its fake centre): handed over, receipted by dlr-url, answered by
post-url; nothing without its token is believed."""
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from flows import FlowCase, free_port, main, wait_for

if not (shutil.which("bearerbox") and shutil.which("smsbox")):
    print("skipped: kannel is not installed")
    sys.exit(77)

KEY = "the-key-of-this-test"


class Kannel:
    def __init__(self, folder, webhook):
        """Its boxes find no way around a port that somebody else took meanwhile: others are tried."""
        for more in (True, True, False):
            try:
                self.start(folder, webhook)
                break
            except AssertionError:
                self.stop()
                if not more:
                    raise
        self.centre = socket.create_connection(("127.0.0.1", self.at))
        self.lines = []
        threading.Thread(target=self.listen, daemon=True).start()

    def start(self, folder, webhook):
        self.port, admin, box, centre = (free_port() for _ in range(4))
        self.at = centre
        conf = os.path.join(folder, "kannel.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f"""group = core
admin-port = {admin}
smsbox-port = {box}
admin-password = unused1
admin-interface = 127.0.0.1
smsbox-interface = 127.0.0.1

group = smsc
smsc = fake
smsc-id = fake
port = {centre}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {self.port}
sendsms-interface = 127.0.0.1
global-sender = 15035550100

group = sendsms-user
username = weft
password = secret-of-kannel

group = sms-service
keyword = default
catch-all = true
accept-x-kannel-headers = true
max-messages = 0
send-sender = true
post-url = "{webhook}?k={KEY}&i=%I"
""")
        self.processes = []
        for program, port in (("bearerbox", centre), ("smsbox", self.port)):
            self.processes.append(subprocess.Popen([program, conf], stdout=subprocess.DEVNULL,
                                                   stderr=subprocess.DEVNULL, cwd=folder))
            wait_for(lambda: self.listens(port), f"{program} to listen")

    @staticmethod
    def listens(port):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def listen(self):
        try:
            for line in self.centre.makefile(encoding="utf-8"):
                self.lines.append(line.rstrip("\n"))
        except OSError:
            pass

    def stop(self):
        for p in reversed(self.processes):
            p.terminate()
        for p in self.processes:
            p.wait(20)

    def close(self):
        self.stop()
        self.centre.close()


class ByKannel(FlowCase):
    @classmethod
    def prepare(cls):
        folder, cls.port = cls.house.folder, free_port()
        for name, text in (("password", "secret-of-kannel"), ("key", KEY)):
            with open(os.path.join(folder, "kannel." + name), "w", encoding="utf-8") as f:
                f.write(text + "\n")
        cls.house.listen_at = f"127.0.0.1:{cls.port}"
        cls.kannel = Kannel(folder, f"http://127.0.0.1:{cls.port}/webhooks/kannel")
        cls.house.configure("sms.channel = kannel\nsms.route = us_10dlc\nsms.campaign_approved = true\n"
                            "outreach.undo_seconds = 0\nkannel.user = weft\n"
                            f"public_url = http://127.0.0.1:{cls.port}\n"
                            f"kannel.url = http://127.0.0.1:{cls.kannel.port}\n"
                            f"kannel.password_file = {folder}/kannel.password\nkannel.key_file = {folder}/kannel.key\n")

    @classmethod
    def tearDownClass(cls):
        cls.kannel.close()
        super().tearDownClass()

    def hook(self, query, body=None, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.house.port}/webhooks/kannel?{query}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as a:
                return a.status
        except urllib.error.HTTPError as e:
            e.close()
            return e.code

    def test_there_and_back(self):
        id = self.expect(201, self.send("p0002")).json["id"]
        c = self.message(id, "completed")
        line = wait_for(lambda: [m for m in self.kannel.lines if self.phone("p0002") in m], "the text")
        self.assertEqual(1, len(line), line)
        self.assertEqual(f"+15035550100 {self.phone('p0002')} text {c['payload'][0]['contentString']}", line[0])
        mine = "/fhir/Communication?subject=Patient/p0004&sender=Patient/p0004&_count=50"
        self.kannel.centre.sendall(f"{self.phone('p0004').lstrip('+')} 15035550100 text Hello\n".encode())
        self.assertEqual(["Hello"], [m["payload"][0]["contentString"] for m in
                                     wait_for(lambda: self.found(mine), "the reply")])

    def test_nothing_without_its_token(self):
        for query in (f"m=abc&k={KEY}&d=1", "m=abc&k=&d=1", "d=1", f"k={KEY}&d=1"):
            self.assertEqual(403, self.hook(query), query)
        for query in ("k=&i=1", "i=1", f"k={KEY}x&i=1"):
            self.assertEqual(403, self.hook(query, b"STOP", **{"X-Kannel-From": "1"}), query)

    def test_the_gateway_is_down_and_back(self):
        box = self.kannel.processes[1]
        box.terminate()
        box.wait(20)
        id = self.expect(201, self.send("p0008")).json["id"]
        time.sleep(1)
        self.assertEqual("preparation", self.get(f"/fhir/Communication/{id}")["status"])
        self.kannel.processes[1] = subprocess.Popen(box.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                                    cwd=self.house.folder)
        self.message(id, "completed", "in-progress", timeout=60)
        self.assertEqual(1, len([m for m in self.kannel.lines if self.phone("p0008") in m]))


if __name__ == "__main__":
    main()
