"""Who only holds connections, or plays with the handshake: bounded, cut off, and others are served."""
import http.client
import os
import socket
import ssl
import subprocess
import threading
import time
import unittest

from tls_test import pair
from weft_http import Server, main

HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # of 512 bytes, the first eleven


class Flood(unittest.TestCase):
    """Forty connections may be open, one may idle for a minute."""
    tls = False

    def setUp(self):
        self.server = Server()
        text = "connections = 40\nhttp.head_s = 60\nthreads = 2\n"
        if self.tls:
            cert, key = pair(self.server.folder, "flood")
            text += f"tls.cert = {cert}\ntls.key = {key}\n"
        with open(self.server.config, "w", encoding="utf-8") as f:
            f.write(text)
        self.auth = {"Authorization": "Bearer " + self.server.token("nurse")}
        self.server.start()
        self.held = []

    def tearDown(self):
        for s in self.held:
            s.close()
        code, log = self.server.stop(), self.server.read_log()
        self.server.close()
        self.assertEqual(0, code)
        self.assertNotRegex(log, "Sanitizer|runtime error")

    def hold(self, data=b""):
        s = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
        s.sendall(data)
        self.held.append(s)
        return s

    def connection(self):
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        context = ssl.create_default_context()
        context.load_verify_locations(os.path.join(self.server.folder, "flood.pem"))
        return http.client.HTTPSConnection("127.0.0.1", self.server.port, timeout=20, context=context)

    def served(self, times=5):
        for _ in range(times):
            c = self.connection()
            c.request("GET", "/healthz")
            self.assertEqual(200, c.getresponse().status)
            c.close()

    def memory(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as f:
            return int(f.read().split("VmRSS:")[1].split()[0])

    def processor(self):
        with open(f"/proc/{self.server.process.pid}/stat", encoding="ascii") as f:
            return sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13])

    def test_silent_connections_keep_nobody_out(self):
        for i in range(200):
            self.hold((b"", HELLO if self.tls else b"GET /heal")[i % 2])
            if i % 20 == 0:
                self.served(1)
        self.served()

    def test_who_is_being_served_is_not_ended_for_others(self):
        stream = self.connection()
        self.addCleanup(stream.close)
        stream.request("GET", "/events", headers=self.auth)
        events = stream.getresponse()
        while b"hello" not in events.readline():
            pass
        for _ in range(100):
            self.hold()
        c = self.connection()
        c.request("POST", "/fhir/Patient", '{"resourceType":"Patient"}',
                  {**self.auth, "Content-Type": "application/fhir+json"})
        self.assertEqual(201, c.getresponse().status)
        c.close()
        while b"change" not in (line := events.readline()):
            self.assertTrue(line, "the stream was ended")


class Tls(Flood):
    tls = True

    def cut(self, s, data, times):
        """Sends until it is cut off; fails when it never is."""
        s.settimeout(20)
        try:
            for _ in range(times):
                s.sendall(data)
            while s.recv(4096):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass

    def test_a_hello_without_end(self):
        before = self.memory()
        for total in (1 << 20, (1 << 24) - 1):
            record = b"\x16\x03\x01\x40\x00" + b"\0" * 16384
            first = (b"\x16\x03\x01\x00\x26\x01" + total.to_bytes(3, "big") + b"\x03\x03" + b"r" * 32)
            self.cut(self.hold(first), record, total // 16384 + 1)
        self.served()
        self.assertLess(self.memory() - before, 300 << 10)  # a sanitizer keeps what was freed

    def test_records_that_say_nothing(self):
        """Empty ones, changes of cipher, warnings: without end, each is cut off."""
        for record in (b"\x16\x03\x01\x00\x00", b"\x14\x03\x03\x00\x01\x01",
                       b"\x15\x03\x01\x00\x02\x01\x5a"):
            self.cut(self.hold(), record * 500, 2000)
        self.served()

    def test_no_second_handshake(self):
        p = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{self.server.port}",
                              "-tls1_2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
        while b"Verify return code" not in (line := p.stdout.readline()):
            self.assertTrue(line, "no handshake at all")
        p.stdin.write(b"R\n")
        p.stdin.flush()
        said = p.stdout.read()
        p.stdin.close()
        p.stdout.close()
        self.assertNotEqual(0, p.wait(20))
        self.assertIn(b"RENEGOTIATING", said)
        self.assertNotIn(b"200 OK", said)
        self.served()

    def test_handshakes_without_end(self):
        """From several at once, each ended before it asks anything: others get through all the time."""
        over = threading.Event()

        def shake():
            while not over.is_set():
                c = self.connection()
                try:
                    c.connect()
                except OSError:
                    pass
                c.close()
        threads = [threading.Thread(target=shake) for _ in range(4)]
        for t in threads:
            t.start()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            self.served(1)
        over.set()
        for t in threads:
            t.join()
        self.served()


if __name__ == "__main__":
    main()
