// Sends one of each call with Segment's unmodified Node client: `node send.mjs URL KEY`.
import { Analytics } from '@segment/analytics-node'

const [host, writeKey] = process.argv.slice(2)
const analytics = new Analytics({ host, writeKey, flushAt: 4, maxRetries: 0 })
analytics.on('error', (error) => {
  console.error(error)
  process.exitCode = 1
})

const who = { userId: 'node-user', anonymousId: 'node-anonymous' }
const at = new Date('2026-01-05T17:03:00Z')
analytics.identify({ ...who, traits: { plan: 'gold' }, messageId: 'n-identify', timestamp: at })
analytics.track({
  ...who,
  event: 'Product Viewed',
  properties: { product_id: 'p-7' },
  messageId: 'n-track',
  timestamp: at,
})
analytics.page({ ...who, name: 'Home', messageId: 'n-page', timestamp: at })
analytics.screen({ ...who, name: 'Start', messageId: 'n-screen', timestamp: at })
analytics.group({ ...who, groupId: 'node-group', messageId: 'n-group', timestamp: at })
analytics.alias({ userId: 'node-user', previousId: 'node-before', messageId: 'n-alias' })
for (let number = 0; number < 20; number++) {
  analytics.track({ ...who, event: 'Counted', properties: { number }, messageId: `n-${number}` })
}
await analytics.closeAndFlush({ timeout: 20000 })
