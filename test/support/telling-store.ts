import type { Version } from '../../lib/store.ts'
import { ScriptedStore } from './scripted-store.ts'

/** Plays a store that tells all it can of versions: at once which is current, and to a change which it is given. */
export class TellingStore extends ScriptedStore {
  /** How often it was asked whether a version is current. */
  asked = 0
  override tellsVersions = true

  isCurrent(name: string, version: Version): boolean {
    this.asked += 1
    return this.memory.isCurrent(name, version)
  }
}
