// Which addresses only servers with SMTPUTF8 may be told (RFC 6531 §3.2): all that aren't ASCII as the client wrote them.

export function needsSmtpUtf8(address: string): boolean {
  return /[^\0-\x7f]/.test(address)
}
