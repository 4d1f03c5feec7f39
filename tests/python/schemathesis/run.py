"""Schemathesis with all its checks against a server of its own."""

import json
import os
import re
import subprocess
import sys
import uuid
import urllib.request

FOLDER = os.path.dirname(os.path.abspath(__file__))
BINARY = os.environ["CHAT_SERVER_BIN"]
SCHEMATHESIS = os.path.join(os.path.dirname(sys.executable), "schemathesis")


def token_of(url, user):
    body = json.dumps({"userUuid": user}).encode()
    request = urllib.request.Request(f"{url}/api/auth/dev-token", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["accessToken"]


def run(url, *options):
    user = f"tester-{uuid.uuid4().hex}"
    command = [
        SCHEMATHESIS, "--config-file", "schemathesis.toml", "run", f"{url}/api/openapi.json",
        # The same cases each time: what fails fails again.
        "--seed", "7",
        "--header", f"Authorization: Bearer {token_of(url, user)}", "--checks", "all", *options,
    ]
    subprocess.run(command, cwd=FOLDER, env={**os.environ, "CHAT_TEST_USER": user}, timeout=400, check=True)


def main():
    options = ["--addr", "127.0.0.1:0", "--dev", "--db", "memory"]
    server = subprocess.Popen([BINARY, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = re.search(r"http://\S+$", server.stdout.readline().strip()).group()
        # Whoever has logged out is refused everything from then on.
        run(url, "--exclude-operation-id", "logOut")
        run(url, "--include-operation-id", "logOut", "--phases", "examples,coverage,fuzzing")
    finally:
        server.terminate()
        server.wait(15)
        server.stdout.close()


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
