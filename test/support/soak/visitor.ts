import { setTimeout as delay } from 'node:timers/promises'
import { Browser } from '../browser.ts'
import type { SoakServer } from './fleet.ts'

/** What all visitors tell. */
export interface SoakReport {
  requests: number
  /** Requests without an answer, since their server was killed. */
  cutOff: number
  acknowledged: number
  signIns: number
  signOuts: number
  /** Must be empty. */
  readonly violations: string[]
}

/** The newest tags that are compared: an unanswered one may stand between them. */
const COMPARED = 12
const LONGEST_PAUSE = 40

let drawn = 0

/** Plays somebody who signs in, comes back, and remembers what was acknowledged. */
export class Visitor {
  readonly #servers: readonly SoakServer[]
  readonly #report: SoakReport
  readonly #isOver: () => boolean
  #cookies: ReadonlyMap<string, string> = new Map()
  #user = ''
  #tags: string[] = []

  constructor(servers: readonly SoakServer[], report: SoakReport, isOver: () => boolean) {
    this.#servers = servers
    this.#report = report
    this.#isOver = isOver
  }

  /** Lives one life after the other until it is over. */
  async live(): Promise<void> {
    while (!this.#isOver()) {
      if (!(await this.#signIn())) continue
      while (!this.#isOver() && (await this.#act())) await delay(Math.random() * LONGEST_PAUSE)
    }
  }

  async #signIn(): Promise<boolean> {
    this.#cookies = new Map()
    this.#user = `u${drawn++}`
    this.#tags = []
    const isIn = (await this.#ask(`/sign-in?user=${this.#user}`)) === 'fine'
    if (isIn) this.#report.signIns++
    else await delay(100)
    return isIn
  }

  /** Resolves to whether there is still a session to come back to. */
  async #act(): Promise<boolean> {
    const dice = Math.random()
    if (dice < 0.5) await this.#check()
    else if (dice < 0.75) await this.#append()
    else if (dice < 0.82) await Promise.all([this.#append(), this.#append(), this.#append()])
    else if (dice < 0.92) await this.#ask(`/note?note=${dice}`)
    else if (dice < 0.96) await this.#ask('/brief', new Map())
    else if (dice < 0.97) await this.#ask('/sweep', new Map())
    else return this.#signOut()
    return true
  }

  async #append(): Promise<void> {
    const tag = `t${drawn++}`
    const answer = await this.#ask(`/append?tag=${tag}`)
    if (answer === undefined) return
    if (answer !== 'appended') return this.#accuse(`an append was answered ${answer}`)
    this.#tags.push(tag)
    this.#report.acknowledged++
  }

  async #check(): Promise<void> {
    const wanted = this.#tags.slice(-COMPARED)
    const found = (await this.#ask('/show')) as { user?: string; tags?: string[] } | undefined
    if (found === undefined) return
    if (found.user !== this.#user) return this.#accuse('a session was lost')
    const lost = wanted.filter((tag) => !found.tags?.includes(tag))
    if (lost.length > 0) this.#accuse(`${lost.length} acknowledged tags were lost`)
    if (new Set(found.tags).size !== found.tags?.length) this.#accuse('a tag came twice')
  }

  async #signOut(): Promise<false> {
    const stolen = new Map(this.#cookies)
    if ((await this.#ask('/sign-out')) === undefined) return false
    this.#report.signOuts++
    for (const [index] of this.#servers.entries()) {
      const found = (await this.#ask('/show', stolen, index)) as { user?: string } | undefined
      if (found?.user !== undefined) this.#accuse('a session was revived')
    }
    return false
  }

  /** The answer, or undefined when there was none. Cookies not our own are left as they are. */
  async #ask(path: string, cookies = this.#cookies, index?: number): Promise<unknown> {
    const servers = this.#servers.filter(({ origin }) => origin !== undefined)
    const at = index ?? Math.floor(Math.random() * servers.length)
    const server = index === undefined ? servers[at] : this.#servers[at]
    const origin = server?.origin
    if (origin === undefined) return undefined
    const browser = new Browser(origin)
    for (const [name, value] of cookies) browser.cookies.set(name, value)
    try {
      const { status, text } = await browser.get(path)
      this.#report.requests++
      if (status !== 200) return this.#accuse(`${path.split('?')[0]} was answered ${status}`)
      if (cookies === this.#cookies) this.#cookies = browser.cookies
      return JSON.parse(text)
    } catch {
      this.#report.cutOff++
      if (server?.origin === origin) await delay(200)
      if (server?.origin === origin && !this.#isOver()) this.#accuse('no answer of a live server')
      return undefined
    }
  }

  #accuse(text: string): void {
    this.#report.violations.push(text)
  }
}
