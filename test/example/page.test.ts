import test from 'ava'
import { html } from '../../example/html.ts'
import { formatDuration } from '../../example/page.ts'

test('what is put into markup is escaped, markup itself is not', (t) => {
  const name = `<b>"Tom" & 'Jerry'</b>`
  t.is(
    html`<p title="${name}">${html`<i>${1}</i>`}</p>`.toString(),
    '<p title="&lt;b&gt;&quot;Tom&quot; &amp; &#39;Jerry&#39;&lt;/b&gt;"><i>1</i></p>',
  )
  t.is(html`${[html`<i>`, '<', undefined, false, 0]}`.toString(), '<i>&lt;0')
})

test('a duration is told in its two largest units', (t) => {
  for (const [milliseconds, expected] of [
    [86_399_999, '23 h 59 min'],
    [86_400_000, '1 d'],
    [1_296_000_000, '15 d'],
    [61_000, '1 min 1 s'],
    [999, '0 s'],
    [-5, '0 s'],
  ] as const) {
    t.is(formatDuration(milliseconds), expected)
  }
})
