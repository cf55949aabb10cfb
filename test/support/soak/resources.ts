import { createHook } from 'node:async_hooks'

const SOCKETS = /^(TCP|PIPE)(SERVER)?WRAP$/
const timers = new Set<number>()
const sockets = new Set<number>()

// `process.getActiveResourcesInfo()` leaves out what is unref()ed, which all is that lives long here.
createHook({
  init(id, type) {
    if (type === 'Timeout') timers.add(id)
    else if (SOCKETS.test(type)) sockets.add(id)
  },
  destroy(id) {
    timers.delete(id)
    sockets.delete(id)
  },
}).enable()

/**
 * Timers that have neither fired for the last time nor been cleared, and sockets (of TCP and of Unix,
 * those that listen among them) that are not closed, of this process since this module was loaded.
 */
export function countResources(): { readonly timers: number; readonly sockets: number } {
  return { timers: timers.size, sockets: sockets.size }
}
