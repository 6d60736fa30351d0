"""imaplib and STARTTLS: what the server offers before and after, and that no password goes out in clear."""

import imaplib
import json
import ssl
import sys

port, ca_file, user, password = sys.argv[1:]
trust = ssl.create_default_context(cafile=ca_file)
said = {}

with imaplib.IMAP4("localhost", int(port)) as client:
    said["before"] = list(client.capabilities)
    try:
        client.login(user, password)
    except imaplib.IMAP4.error as error:
        said["inClear"] = str(error)
    said["starttls"] = client.starttls(trust)[0]
    said["version"] = client.sock.version()
    said["after"] = list(client.capabilities)
    said["login"] = client.login(user, password)[0]
    said["selected"] = client.select("INBOX")[1][0].decode()
    try:
        client.starttls(trust)
    except imaplib.IMAP4.error as error:
        said["twice"] = str(error)

print(json.dumps(said))
