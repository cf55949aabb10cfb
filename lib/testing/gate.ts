/** Something that waits until the case says so. */
export interface Gate {
  /** Resolves when it is open. */
  readonly opened: Promise<void>
  open(): void
  isOpen(): boolean
}

/** A gate that is closed. */
export function createGate(): Gate {
  let open = (): void => {}
  let isOpen = false
  const opened = new Promise<void>((resolve) => {
    open = (): void => {
      isOpen = true
      resolve()
    }
  })
  return { open: () => open(), isOpen: () => isOpen, opened }
}
