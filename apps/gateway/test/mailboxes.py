# Python's own readers and writers of mailboxes: `read mbox|maildir PATH` prints each message's text and flags as JSON, `write
# mbox|maildir PATH` makes one.

import json
import mailbox
import sys

what, kind, path = sys.argv[1:]
box = mailbox.mbox(path) if kind == 'mbox' else mailbox.Maildir(path, create=what == 'write')

if what == 'read':
    found = []
    for key in sorted(box.keys()):
        message = box[key]
        found.append({
            'subject': message['Subject'],
            'text': message.get_payload(),
            'flags': ''.join(sorted(message.get_flags())),
            'from': message.get_from() if kind == 'mbox' else message.get_date(),
        })
    print(json.dumps(found))
else:
    make = mailbox.mboxMessage if kind == 'mbox' else mailbox.MaildirMessage
    for number, flags in enumerate(['', 'RO' if kind == 'mbox' else 'S', 'RAF' if kind == 'mbox' else 'FRS']):
        message = make(f'Subject: p{number}\n\nFrom here\n>From there\nend {number}\n')
        message.set_flags(flags)
        if kind == 'mbox':
            message.set_from(f'a@b Wed Jan  1 10:00:0{number} 2020')
        else:
            message.set_date(1577872800 + number)
            message.set_subdir('cur')
        box.add(message)
    box.close()
