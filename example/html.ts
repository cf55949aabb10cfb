/** Text that is markup already, made by {@link html} alone: everything else is escaped. */
export class Markup {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A tag for template literals: every value put in is escaped, unless it is {@link Markup} or a list of it. */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...values.map(toMarkup)))
}

function toMarkup(value: unknown): string {
  if (value instanceof Markup) return value.toString()
  if (Array.isArray(value)) return value.map(toMarkup).join('')
  if (value === undefined || value === false) return ''
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
