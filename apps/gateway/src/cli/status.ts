// `postern status`: what the store holds and how much room it takes.

import { roleNames } from '@postern/config'
import { type FileSize, sizesIn } from '../data-folder.js'
import { everyItem } from '../pages.js'
import { type RunningGateway, runningGateways } from '../running.js'
import { version } from '../version.js'
import { command } from './command.js'
import { withStore } from './existing-store.js'
import { sizeText } from './quantities.js'

interface Status {
  readonly version: string
  readonly dataFolder: string
  /** Those that run on the folder. */
  readonly gateways: readonly Pick<RunningGateway, 'pid' | 'roles' | 'ports'>[]
  readonly domains: number
  readonly inboxes: number
  readonly messages: number
  readonly messageBytes: number
  readonly files: readonly FileSize[]
}

export const status = command('status', {
  about: 'say what the store holds; works beside a running gateway',
  run: ({ env }) =>
    withStore(env, async ({ store: { directory }, folder: { path, running } }): Promise<Status> => {
      let domains = 0
      for await (const _ of everyItem((page) => directory.listDomains(page))) domains++
      const sum = { inboxes: 0, messages: 0, messageBytes: 0 }
      for await (const { usedMessages, usedBytes } of everyItem((page) => directory.listInboxes(page))) {
        sum.inboxes++
        sum.messages += usedMessages
        sum.messageBytes += usedBytes
      }
      const gateways = (await runningGateways(running)).map(({ pid, roles, ports }) => ({ pid, roles, ports }))
      return { version, dataFolder: path, gateways, domains, ...sum, files: await sizesIn(path) }
    }),
  lines: (result) => [
    `Version      ${result.version}`,
    `Data folder  ${result.dataFolder}`,
    `Gateway      ${result.gateways.map(gatewayText).join('\n             ') || 'none runs'}`,
    `Domains      ${result.domains}`,
    `Inboxes      ${result.inboxes}`,
    `Messages     ${result.messages} (${sizeText(result.messageBytes)})`,
    'Files',
    ...result.files.map(({ name, bytes }) => `  ${name.padEnd(22)}${sizeText(bytes).padStart(10)}`),
  ],
})

/** What it does is said where that isn't everything: a relay alone has no door that would tell. */
const gatewayText = ({ pid, roles, ports }: Status['gateways'][number]): string => {
  const does = roles.length < roleNames.length ? `${roles.join(', ')}: ` : ''
  const doors = Object.entries(ports).map(([door, port]) => `${door} ${port}`)
  return `process ${pid} (${does}${doors.join(', ')})`
}
