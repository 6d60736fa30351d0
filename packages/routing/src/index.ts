export type { DirectRoute, NoRoute, ResendRoute, Route, SesRoute, SmartHost, SmartHostTls } from './route.js'
