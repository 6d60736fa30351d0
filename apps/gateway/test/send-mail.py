# One message by implicit TLS and one by STARTTLS, as Python's guides print it: tls-port starttls-port ca user secret
import smtplib
import ssl
import sys
from email.message import EmailMessage

tls_port, starttls_port, ca, user, secret = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)


def message(subject):
    made = EmailMessage()
    made["From"] = user
    made["To"] = user
    made["Bcc"] = user
    made["Subject"] = subject
    made.set_content("Grüße\n.\n..dots\n")
    return made


with smtplib.SMTP_SSL("localhost", int(tls_port), context=context) as server:
    server.login(user, secret)
    server.send_message(message("smtplib SMTP_SSL"))

with smtplib.SMTP("localhost", int(starttls_port)) as server:
    try:
        server.login(user, secret)
        print("logged in in clear")
    except smtplib.SMTPException as error:
        print(type(error).__name__)
    server.starttls(context=context)
    server.login(user, secret)
    server.send_message(message("smtplib starttls"))
    try:
        server.sendmail("eve@elsewhere.test", [user], "From: eve@elsewhere.test\r\n\r\nx\r\n")
    except smtplib.SMTPSenderRefused as error:
        print(error.smtp_code, error.smtp_error.decode())
    try:
        server.sendmail(user, ["eve@elsewhere.test"], "From: " + user + "\r\n\r\nx\r\n")
    except smtplib.SMTPRecipientsRefused as error:
        print(error.recipients["eve@elsewhere.test"][0])
