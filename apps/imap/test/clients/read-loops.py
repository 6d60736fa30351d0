"""The loops that guides to reading mail by program print, each with what it saw as JSON on standard output."""

import email
import email.header
import email.policy
import imaplib
import json
import ssl
import sys
import time

loop, port, ca, user, password = sys.argv[1:]


def connect():
    return imaplib.IMAP4_SSL("localhost", int(port), ssl_context=ssl.create_default_context(cafile=ca))


def ok(answer):
    status, data = answer
    assert status == "OK", answer
    return data


def words(data):
    return (data[0] or b"").decode()


def subject_of(raw):
    header = email.message_from_bytes(raw)["Subject"]
    return str(email.header.make_header(email.header.decode_header(str(header))))


def read():
    said = {}
    mail = connect()
    ok(mail.login(user, password))
    said["selected"] = words(ok(mail.select("INBOX")))
    said["recent"] = words(mail.response("RECENT")[1])
    said["all"] = words(ok(mail.search(None, "ALL")))
    said["new"] = words(ok(mail.search(None, "NEW")))
    said["unseenBefore"] = words(ok(mail.search(None, "UNSEEN")))
    said["subjects"] = []
    for number in said["all"].split():
        data = ok(mail.fetch(number, "(RFC822)"))
        for part in data:
            if isinstance(part, tuple):
                said["subjects"].append(email.message_from_bytes(part[1], policy=email.policy.default)["Subject"])
    said["newAfter"] = words(ok(mail.search(None, "NEW")))
    said["recentAfter"] = words(ok(mail.search(None, "RECENT")))
    said["unseenAfter"] = words(ok(mail.search(None, "(UNSEEN)")))
    said["fromBob"] = words(ok(mail.search(None, '(FROM "bob@example.net")')))
    said["noneFound"] = words(ok(mail.search(None, "SUBJECT", '"nothing like it"')))
    said["since"] = words(ok(mail.search(None, "SINCE", "01-Jan-2020", "SENTBEFORE", "01-Jan-2030")))
    said["uids"] = words(ok(mail.uid("search", None, "ALL")))
    ok(mail.store("2", "+FLAGS", "\\Flagged"))
    said["flagged"] = ok(mail.fetch("2", "(FLAGS)"))[0].decode()
    ok(mail.copy("1", "Archive"))
    ok(mail.store("1", "+FLAGS", "(\\Deleted)"))
    said["expunged"] = [number.decode() for number in ok(mail.expunge())]
    said["left"] = words(ok(mail.search(None, "ALL")))
    ok(mail.close())
    said["archived"] = words(ok(mail.select("Archive", readonly=True)))
    mail.logout()
    return said


def folders():
    said = {}
    with connect() as mail:
        ok(mail.login(user, password))
        ok(mail.create('"My Folder"'))
        ok(mail.subscribe('"My Folder"'))
        raw = b"From: me@example.test\r\nSubject: kept\r\n\r\nBody\r\n"
        date = imaplib.Time2Internaldate(1770372672)
        said["appended"] = words(ok(mail.append('"My Folder"', "", date, raw)))
        said["list"] = [line.decode() for line in ok(mail.list())]
        said["lsub"] = words(ok(mail.lsub('""', '"My*"')))
        said["status"] = words(ok(mail.status('"My Folder"', "(MESSAGES UNSEEN)")))
        ok(mail.select('"My Folder"'))
        fetched = ok(mail.fetch("1", "(INTERNALDATE BODY.PEEK[])"))
        said["roundTrip"] = fetched[0][1] == raw
        stamp = imaplib.Internaldate2tuple(fetched[0][0])
        said["date"] = time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(time.mktime(stamp)))
        ok(mail.unselect())
        said["renamed"] = mail.rename('"My Folder"', "Other")[0]
        said["deleted"] = mail.delete("Other")[0]
        said["missing"] = mail.select("Other")[0]
    return said


def sent():
    """What sends by smtplib and then keeps its copy, as guides have it; the copy has the Bcc."""
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Alice Example <alice@example.test>"
    message["To"] = "bob@example.net"
    message["Bcc"] = "carol@example.org"
    message["Subject"] = "Grüße und eine lange Betreffzeile, die der eine so und der andere anders umbricht"
    message["Date"] = "Fri, 20 Nov 2026 13:00:00 +0100"
    message["Message-ID"] = "<from-python@example.test>"
    message.set_content("Hello,\n\nthe report is done.\n")
    with connect() as mail:
        ok(mail.login(user, password))
        stamp = imaplib.Time2Internaldate(1795176000)
        appended = words(ok(mail.append("Sent", "(\\Seen \\Flagged)", stamp, message.as_bytes())))
        again = words(ok(mail.append("Sent", "(\\Seen)", stamp, message.as_bytes())))
        count = words(ok(mail.select("Sent", readonly=True)))
        flags = words(ok(mail.fetch("1", "(FLAGS)")))
    return {"appended": appended, "again": again, "count": count, "flags": flags}


def poll():
    said = {"seen": []}
    try:
        connect().login(user, "wrong")
    except imaplib.IMAP4.error as error:
        said["wrongPassword"] = error.args[0].decode()
    mail = connect()
    ok(mail.login(user, password))
    ok(mail.select("INBOX"))
    deadline = time.time() + 10
    while len(said["seen"]) < 2 and time.time() < deadline:
        ok(mail.noop())
        for number in words(ok(mail.search(None, "UNSEEN"))).split():
            said["seen"].append(subject_of(ok(mail.fetch(number, "(RFC822)"))[0][1]))
            ok(mail.store(number, "+FLAGS", "\\Seen"))
        time.sleep(0.02)
    mail.logout()
    return said


def many():
    mail = connect()
    ok(mail.login(user, password))
    ok(mail.select("INBOX"))
    found = words(ok(mail.search(None, "ALL"))).split()
    headers = ok(mail.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
    big = b"Subject: big\r\n\r\n" + b"x" * 76 + b"\r\n"
    big += b"y" * (3_000_000 - len(big) - 2) + b"\r\n"
    ok(mail.append("Archive", None, None, big))
    ok(mail.select("Archive"))
    whole = ok(mail.fetch("1", "(RFC822)"))[0][1]
    assert whole == big
    mail.logout()
    return {"found": len(found), "headers": len([part for part in headers if isinstance(part, tuple)]), "bigBytes": len(whole)}


print(json.dumps({"read": read, "folders": folders, "poll": poll, "many": many, "sent": sent}[loop]()))
