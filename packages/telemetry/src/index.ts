export { connectionLogger, createLogger, type Logger, type LoggerOptions, type LogLevel } from './logger.js'
export { createMailLog, type MailEvent, type MailLog } from './mail-log.js'
export { createMetrics, type Metrics, metricList } from './metrics.js'
export { type MetricsSnapshot, snapshotOf, textOfMany, whatStays } from './metrics-of-many.js'
