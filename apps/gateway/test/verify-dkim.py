# Says for each DKIM-Signature of the message on standard input which algorithm it has and whether it holds; records come as
# arguments: name=value
import re
import sys

import dkim

records = dict(argument.split("=", 1) for argument in sys.argv[1:])
message = sys.stdin.buffer.read()


def answer(name, timeout=5):
    return records[name.decode().rstrip(".")].encode()


algorithms = re.findall(rb"^DKIM-Signature:[^:]*?a=([\w-]+)", message, re.MULTILINE)
for number, algorithm in enumerate(algorithms):
    print(algorithm.decode(), dkim.DKIM(message).verify(idx=number, dnsfunc=answer))
