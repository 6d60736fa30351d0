/**
 * Finds the programs that tests talk to, and installs those that are missing where that can be done without a question: as
 * root, on a Debian or Ubuntu. Elsewhere it says what to install.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** `tools` must all be in one folder. The first one says its version, with `versionWords` if it needs other ones. */
export const programs = {
  redis: { tools: ['redis-server'], debianPackage: 'redis-server' },
  postgres: { tools: ['postgres', 'initdb'], debianPackage: 'postgresql' },
  mbsync: { tools: ['mbsync'], debianPackage: 'isync' },
  swaks: { tools: ['swaks'], debianPackage: 'swaks libnet-ssleay-perl' },
  msmtp: { tools: ['msmtp'], debianPackage: 'msmtp' },
  dkimpy: { tools: ['dkimverify'], debianPackage: 'python3-dkim python3-nacl', versionWords: ['--help'] },
  gpg: { tools: ['gpg', 'gpgconf'], debianPackage: 'gnupg' },
  haproxy: { tools: ['haproxy'], debianPackage: 'haproxy', versionWords: ['-v'] },
  postfix: { tools: ['postconf', 'postfix'], debianPackage: 'postfix', versionWords: ['-h', '-d', 'mail_version'] },
  dovecot: { tools: ['dovecot'], debianPackage: 'dovecot-imapd' },
  mutt: { tools: ['mutt'], debianPackage: 'mutt', versionWords: ['-v'] },
}

/** The folder that holds the program's tools, or undefined. */
export function find(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin', '/usr/sbin', ...postgresFolders()]
  return folders.find(
    (folder) => folder !== '' && programs[name].tools.every((tool) => isExecutable(join(folder, tool))),
  )
}

/** `Redis server v=7.0.15 …` as the program itself says it. */
export function versionOf(name, folder) {
  const { tools, versionWords = ['--version'] } = programs[name]
  return execFileSync(join(folder, tools[0]), versionWords, { encoding: 'utf8' }).trim().split('\n')[0]
}

/**
 * Folders of all the named programs; those that are missing are installed, or the error says how. Those in `wished` are
 * installed with them where that can be done; a test that doesn't find its program says so itself.
 */
export function findOrInstall(names, { wished = [] } = {}) {
  const missing = names.filter((name) => find(name) === undefined)
  const also = mayInstall() ? wished.filter((name) => find(name) === undefined) : []
  try {
    if (missing.length + also.length > 0) install([...missing, ...also].map((name) => programs[name].debianPackage))
  } catch (error) {
    if (missing.length > 0) throw error
    console.error(`services: ${error.message}`)
  }
  return Object.fromEntries(names.map((name) => [name, find(name) ?? notThere([programs[name].debianPackage])]))
}

const mayInstall = () => process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get')

function install(packages) {
  if (!mayInstall()) notThere(packages)
  console.error(`services: installing ${packages.join(' and ')}`)
  aptGet('update')
  aptGet('install', '-y', '--no-install-recommends', ...packages.flatMap((each) => each.split(' ')))
}

function aptGet(...words) {
  const { status, stdout, stderr } = spawnSync('apt-get', ['-qq', ...words], {
    encoding: 'utf8',
    // With run level 1 the packages' own servers are not started.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  })
  if (status !== 0) throw new Error(`apt-get ${words.join(' ')} failed:\n${stdout}${stderr}`)
}

function notThere(packages) {
  throw new Error(
    `Not on this machine: ${packages.join(', ')}. Install it (Debian: apt-get install ${packages.join(' ')}), ` +
      'or set REDIS_URL and DATABASE_URL to servers that tests may write to.',
  )
}

/** Debian keeps initdb out of PATH, in a folder for each version; the newest comes first. */
function postgresFolders() {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return []
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(root, version, 'bin'))
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
