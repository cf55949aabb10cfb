import express from 'express'
import session from 'express-session'
import createStore from 'session-file-store'
import { visit } from '../visit.ts'
import { type App, type CreateApp, SECRET } from './app.ts'

const FileStore = createStore(session)

/** express-session with session-file-store: a file per session, as JSON. */
export const createFileSessions: CreateApp = ({ directory }, items) => createApp(directory, items)

/** The same, its files encrypted. */
export const createSecretFileSessions: CreateApp = ({ directory }, items) =>
  createApp(directory, items, SECRET)

function createApp(path: string, items: readonly object[], secret?: string): App {
  const store = new FileStore({ path, logFn: () => {}, ...(secret && { secret }) })
  const app = express()
  app.use(session({ store, secret: SECRET, resave: false, saveUninitialized: false }))
  app.use((request, response) => {
    response.send(visit(request.path, request.session, items))
  })
  return { listener: app }
}
