/**
 * Bytes as a text, a character a byte: for keeping, since nobody can change a text, and it holds no
 * more memory than its own, where a small `Buffer` holds the block of 8 KiB that it was cut from.
 */
export function bytesToText({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1')
}

/** The opposite of {@link bytesToText}. */
export function textToBytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
