import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawChart } from './chart.ts'
import { formatMilliseconds, formatRatio } from './format.ts'
import { formatTable } from './table.ts'

test('a table is aligned: the first column to the left, the others to the right', () => {
  const columns = ['', 'read']
  const rows = [
    ['bare', '1'],
    ['ours', '0.42'],
  ]
  const lines = formatTable({ title: 'T', columns, rows, notes: ['n'] }).split('\n')
  assert.deepEqual(lines, [
    'T',
    '',
    '      read',
    '────  ────',
    'bare     1',
    'ours  0.42',
    '  n',
    '',
  ])
})

test('a small ratio keeps a third digit, and what was not measured is a dash', () => {
  assert.equal(formatRatio(0.424), '0.42')
  assert.equal(formatRatio(0.0424), '0.042')
  assert.equal(formatRatio(Number.NaN), '–')
  assert.equal(formatMilliseconds(0.426), '0.43')
  assert.equal(formatMilliseconds(1234.5), '1,235')
})

test('the bars of a chart are as long as their values, and text is escaped', () => {
  const bars = [
    { label: 'a < b', group: 'peer', value: 1, text: '1' },
    { label: 'c', group: 'ours', value: 0.25, text: '0.25' },
    { label: 'd', group: 'ours', value: Number.NaN, text: '–' },
  ] as const
  const chart = { title: 'T', subtitle: 'S', footer: 'F', panels: [{ title: 'P', bars }] }
  const widths = (svg: string): number[] =>
    [...svg.matchAll(/<rect class="(?:peer|ours)" x="212" .*? width="([\d.]+)"/g)].map(
      ([, width]) => Number(width),
    )
  const [longest = 0, quarter, none] = widths(drawChart(chart))
  assert.equal(quarter, longest / 4)
  assert.equal(none, 1)
  assert.equal(widths(drawChart({ ...chart, full: 2 }))[0], longest / 2)
  assert.match(drawChart(chart), /a &lt; b/)
})
