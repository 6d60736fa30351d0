// Writes config/postern.env.example from the settings table. Run after `npm run build`.
import { writeFileSync } from 'node:fs'
import { renderExample } from '../dist/index.js'

writeFileSync(new URL('../../../config/postern.env.example', import.meta.url), renderExample())
