"""python-socketio, another stock client of Socket.IO, against the running server."""

import json
import os
import queue
import re
import subprocess
import tempfile
import unittest
import urllib.request
import uuid

import socketio

BINARY = os.environ["CHAT_SERVER_BIN"]
WAYS = (["polling"], ["websocket"], ["polling", "websocket"])


def setUpModule():
    global server, url, folder
    folder = tempfile.TemporaryDirectory()
    options = ["--addr", "127.0.0.1:0", "--dev", "--db", os.path.join(folder.name, "chat.db")]
    server = subprocess.Popen([BINARY, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    url = re.search(r"http://\S+$", server.stdout.readline().strip()).group()


def tearDownModule():
    server.terminate()
    server.wait(15)
    server.stdout.close()
    folder.cleanup()


def call(method, path, body=None, token=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/api{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


class Person:
    def __init__(self, name):
        self.id = f"{name}-{uuid.uuid4().hex[:10]}"
        self.token = call("POST", "/auth/dev-token", {"userUuid": self.id})["accessToken"]

    def group(self, others):
        new = {"type": "GROUP", "participantUuids": [other.id for other in others]}
        return call("POST", "/chat/rooms", new, self.token)["roomUuid"]


class Chat:
    """A connection whose events can be waited for."""

    def __init__(self, person, transports):
        self.events = queue.Queue()
        self.client = socketio.Client(reconnection=False)
        self.client.on("*", lambda name, *args: self.events.put((name, args)), namespace="/chat")
        self.client.connect(
            url,
            transports=transports,
            namespaces=["/chat"],
            auth={"token": person.token},
            wait_timeout=10,
        )

    def next(self, wanted):
        while True:
            name, args = self.events.get(timeout=10)
            if name == wanted:
                # Handlers get every argument: one that nobody asked for would trip them up.
                assert len(args) == 1, args
                return args[0]

    def ask(self, name, payload):
        return self.client.call(name, payload, namespace="/chat", timeout=10)


class PythonSocketIO(unittest.TestCase):
    def test_messages_typing_and_read_marks_reach_the_other(self):
        for transports in WAYS:
            ana, ben = Person("ana"), Person("ben")
            room = ana.group([ben])
            anas, bens = Chat(ana, transports), Chat(ben, transports)
            self.assertEqual(anas.next("connected")["userUuid"], ana.id)
            bens.next("connected")
            for n in range(20):
                anas.client.emit("sendMessage", {"roomUuid": room, "message": {"type": "TEXT", "content": f"안녕 {n}"}}, namespace="/chat")
            got = [bens.next("newMessage") for _ in range(20)]
            self.assertEqual([message["content"] for message in got], [f"안녕 {n}" for n in range(20)])
            self.assertEqual([message["seq"] for message in got], list(range(1, 21)))
            self.assertEqual(anas.ask("typing", {"roomUuid": room, "isTyping": True}), {"ok": True})
            self.assertEqual(bens.next("userTyping")["userUuid"], ana.id)
            self.assertTrue(bens.ask("markAsRead", {"roomUuid": room})["ok"])
            self.assertEqual(anas.next("messagesRead")["seq"], 20)
            for chat in (anas, bens):
                chat.client.disconnect()

    def test_a_burst_as_large_as_a_polling_payload_may_be_comes_in_order(self):
        # python-engineio refuses more than 16 packets in one payload.
        ana, ben = Person("ana"), Person("ben")
        room = ana.group([ben])
        bens, anas = Chat(ben, ["polling"]), Chat(ana, ["websocket"])
        for n in range(200):
            anas.client.emit("sendMessage", {"roomUuid": room, "message": {"type": "TEXT", "content": str(n)}}, namespace="/chat")
        got = [bens.next("newMessage")["content"] for _ in range(200)]
        self.assertEqual(got, [str(n) for n in range(200)])
        for chat in (anas, bens):
            chat.client.disconnect()

    def test_a_refused_token_is_told_with_its_reason(self):
        for transports in WAYS:
            client, told = socketio.Client(reconnection=False), queue.Queue()
            client.on("connect_error", told.put, namespace="/chat")
            with self.assertRaises(socketio.exceptions.ConnectionError):
                auth = {"token": "nonsense"}
                client.connect(url, transports=transports, namespaces=["/chat"], auth=auth, wait_timeout=10)
            reason = told.get(timeout=10)
            self.assertIn("token", reason["message"])
            self.assertEqual(reason["data"]["code"], "UNAUTHENTICATED")

    def test_failures_are_answered(self):
        for transports in WAYS:
            chat = Chat(Person("ana"), transports)
            self.assertEqual(chat.ask("dance", {})["error"]["code"], "INVALID_INPUT")
            self.assertEqual(chat.ask("joinRoom", {"roomUuid": "x"})["ok"], False)
            chat.client.emit("dance", {}, namespace="/chat")
            self.assertEqual(chat.next("error")["code"], "INVALID_INPUT")
            chat.client.disconnect()


if __name__ == "__main__":
    unittest.main()
