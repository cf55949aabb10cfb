import express from 'express'
import Koa from 'koa'
import { visit } from '../visit.ts'
import type { CreateApp } from './app.ts'

/** Koa without sessions: the same handler, on an object that lives as long as the request. */
export const createBareKoa: CreateApp = (_spec, items) => {
  const app = new Koa()
  app.use((ctx) => {
    ctx.body = visit(ctx.path, { count: 0 }, items)
  })
  return { listener: app.callback() }
}

/** Express without sessions. */
export const createBareExpress: CreateApp = (_spec, items) => {
  const app = express()
  app.use((request, response) => {
    response.send(visit(request.path, { count: 0 }, items))
  })
  return { listener: app }
}
