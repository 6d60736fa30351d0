// One-time codes and links: a row for each kind of mail. A kind that isn't found comes here first.
import { describe, expect, test } from 'vitest'
import { findOtp, findOtpIn, parseMessage } from '../src/index.js'
import { mail } from './mail-bytes.js'

describe('codes', () => {
  test.each<[string, string, string | undefined]>([
    ['Your verification code', 'Your code is 123456.', '123456'],
    ['123456 is your Facebook confirmation code', 'Hi Ada,', '123456'],
    ['Sign in to Example', 'Enter this code to sign in:\n\n  482 913\n\nIt expires in 10 minutes.', '482913'],
    ['Your login code', 'Code: 4829-1374', '48291374'],
    ['G-284719 is your Google verification code', '', '284719'],
    ['Security alert', 'Your one-time password (OTP) is: 7391', '7391'],
    ['PIN', 'Your PIN: 00420', '00420'],
    ['Verify your email', '### 902144 ###\n\nUse this code within 2024 seconds.', '902144'],
    ['Your code', 'Your code is ABCD-EFGH', 'ABCD-EFGH'],
    ['Confirm', 'Verification code: x7Kp2q', 'x7Kp2q'],
    ['GitHub launch code', 'Here is your GitHub launch code!\n\n83719204\n', '83719204'],
    ['Bestätigungscode', 'Ihr Bestätigungscode lautet 553311', '553311'],
    ['Tu código', 'Tu código de verificación es 118822', '118822'],
    ['您的验证码', '验证码：663377，5分钟内有效。', '663377'],
    ['認証コード', '認証コード: 229911', '229911'],
    ['Order confirmed', 'Your order number 48213377 has shipped. Total $1299.', undefined],
    ['Newsletter 2024', 'Copyright 2024 Example Inc, 94105 San Francisco', undefined],
    ['Your invoice', 'Invoice no. 202411, due in 30 days. Account 12345678.', undefined],
    ['Call us', 'Questions? Call +1 555 123 4567 to confirm.', undefined],
    ['Verify', 'Your code is in the app. Visit https://example.com/verify/123456/now', undefined],
    ['Sign-in code', 'Order #998877. Your sign-in code is 445566. Ref: 112233', '445566'],
    ['Hello', 'See you at 1830 in room 4021.', undefined],
    ['', '', undefined],
  ])('%j, %j', (subject, text, code) => {
    expect(findOtp({ subject, text }).code).toBe(code)
  })

  test('in HTML, where the code stands in a block of its own', () => {
    const html =
      '<style>.c{color:#123456}</style><p>Your sign-in code</p><table><tr><td><b>7 7</b></td></tr><tr><td>918273</td></tr></table>'
    expect(findOtp({ subject: 'Sign in', html }).code).toBe('918273')
  })
})

describe('links', () => {
  const token = 'eyJhbGciOiJIUzI1NiJ9abcdef'
  test.each<[string, string, string, string | undefined]>([
    [
      'in text',
      `Confirm your address:\nhttps://x.test/confirm?token=${token}`,
      '',
      `https://x.test/confirm?token=${token}`,
    ],
    ['without the full stop behind it', 'Please verify: https://x.test/verify/abc.', '', 'https://x.test/verify/abc'],
    ['in angle brackets', 'Sign in <https://x.test/magic?t=1>', '', 'https://x.test/magic?t=1'],
    [
      'the button, not the footer',
      '',
      `<a href="https://x.test/unsubscribe?token=${token}">Unsubscribe</a><a class="b" href="https://click.x.test/${token}?a=1&amp;b=2"><b>Verify email</b></a>`,
      `https://click.x.test/${token}?a=1&b=2`,
    ],
    ['single quotes', '', "<a href='https://x.test/reset-password/abc'>here</a>", 'https://x.test/reset-password/abc'],
    ['no link but the home page', 'Visit https://x.test/ or https://x.test/help', '', undefined],
    ['no javascript', '', '<a href="javascript:confirm()">Confirm</a>', undefined],
    ['an image', '', '<a href="https://x.test/confirm/logo.png">logo</a>', undefined],
    ['nothing', '', '', undefined],
  ])('%s', (_, text, html, link) => {
    expect(findOtp({ subject: 'Hello', text, html }).link).toBe(link)
  })
})

test('in the bytes of a message', () => {
  const message = mail(
    'Subject: =?utf-8?q?Your_code_is_135790?=',
    'Content-Type: multipart/alternative; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'Or sign in: https://x.test/login?code=abc',
    '--b',
    'Content-Type: text/html',
    '',
    '<p>135790</p>',
    '--b--',
  )
  expect(findOtpIn(message, parseMessage(message))).toEqual({ code: '135790', link: 'https://x.test/login?code=abc' })
})
