import { type Mutant, mutantsOf } from './mutant.ts'

/** Faults in what is sealed, and in what is taken for an envelope, a frame or a record. */
export const bytesMutants: readonly Mutant[] = [
  ...mutantsOf('lib/envelope.ts', 'test/envelope.test.ts', [
    {
      what: 'the commitment to the key is not compared',
      find: 'if (!timingSafeEqual(commitment, clear.subarray(COMMITMENT))) return undefined',
      replace: '',
    },
    {
      what: 'the tag is not checked, so that anybody can change the body',
      find: '    decipher.final()\n',
      replace: '',
    },
    {
      what: 'the tag has 12 bytes',
      find: 'const TAG_BYTES = 16',
      replace: 'const TAG_BYTES = 12',
    },
    {
      what: 'the name is not authenticated',
      find: "Buffer.concat([clear, Buffer.from(id.name, 'hex')])",
      replace: 'clear',
    },
    {
      what: 'the header is not authenticated',
      find: "Buffer.concat([clear, Buffer.from(id.name, 'hex')])",
      replace: "Buffer.from(id.name, 'hex')",
    },
    {
      what: 'magic, version and reserved bytes are not looked at',
      find: 'if (!envelope.subarray(0, KEY_ID).equals(BEGINNING)) return undefined',
      replace: '',
    },
    {
      what: 'the reserved bytes are not looked at',
      find: 'envelope.subarray(0, KEY_ID).equals(BEGINNING)',
      replace: 'envelope.subarray(0, 5).equals(MAGIC_AND_VERSION)',
    },
    {
      what: 'a body of whatever length is taken',
      find: 'length < 0 || length % BLOCK_BYTES !== 0',
      replace: 'length < 0',
    },
    {
      what: 'fewer bytes than an envelope has are not noticed',
      find: 'length < 0 || length % BLOCK_BYTES !== 0',
      replace: 'length % BLOCK_BYTES !== 0',
    },
    {
      what: 'each envelope of a session has the same key and IV',
      find: 'random(SALT_BYTES)',
      replace: 'Buffer.alloc(SALT_BYTES)',
    },
    {
      what: 'the IV is not that of the salt',
      find: 'return clear.subarray(COMMITMENT - IV_BYTES, COMMITMENT)',
      replace: 'return clear.subarray(SALT, SALT + IV_BYTES)',
    },
    {
      what: 'the length tells how long the record is',
      find: "return text + ' '.repeat(Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES - length)",
      replace: 'return text',
    },
    {
      what: 'a file opens without the cookie',
      find: '[FILE_LABEL, header, id.bytes, FIRST_BLOCK]',
      replace: '[FILE_LABEL, header, FIRST_BLOCK]',
    },
    {
      what: 'the commitment is the key itself, in clear',
      find: 'commitment: block.subarray(32)',
      replace: 'commitment: block.subarray(0, 32)',
    },
    {
      what: 'of two keys with one id only the first is tried',
      find: '    if (body) return { text: unpad(body), key }\n',
      replace: '    return body && { text: unpad(body), key }\n',
    },
    {
      what: 'the key id is read of what is no envelope',
      find: 'return ours ? Buffer.from',
      replace: 'return header.length === BODY ? Buffer.from',
    },
  ]),
  ...mutantsOf('stores/file/frame.ts', 'test/stores/file/frame.test.ts', [
    {
      what: 'a torn slot is taken for a whole one',
      find: 'if (slot.readUInt32BE(4) !== crc32(slot.subarray(8))) return undefined',
      replace: '',
    },
    {
      what: 'of two slots the older one counts',
      find: 'second.sequence > first.sequence',
      replace: 'second.sequence < first.sequence',
    },
    {
      what: 'a slot counts in a file that was cut off',
      find: ' || slot.readUInt32BE(8) !== slot.length',
      replace: '',
    },
    {
      what: 'a frame that is longer than its slot is taken',
      find: ' || start + length > slot.length',
      replace: '',
    },
  ]),
  ...mutantsOf('stores/file/reader.ts', 'test/stores/file/reader.test.ts', [
    {
      what: 'a file that two commits passed while it was read is damage',
      find: "reading.state === 'damaged' ? readOnce(environment, path) : reading",
      replace: 'reading',
    },
    {
      what: 'what is not a file, or is too large, is read',
      find: 'if (!stats.isFile() || stats.size > LARGEST_FILE) return DAMAGED',
      replace: '',
      test: 'test/hostile/damage.test.ts',
    },
    {
      what: 'the sweep takes the beginning of a large file for the whole',
      find: 'number = 2 * DEFAULT_CAPACITY + 1',
      replace: 'number = 2 * DEFAULT_CAPACITY',
    },
    {
      what: 'the sweep takes what is no usual file for damage',
      find: ': readFrame(environment, path)\n}\n\nasync function readUsualFile',
      replace: ": { state: 'damaged' }\n}\n\nasync function readUsualFile",
    },
  ]),
  ...mutantsOf('stores/file/file-system.ts', 'test/hostile/damage.test.ts', [
    {
      what: 'a link in the place of a session is followed',
      find: 'READ_FLAGS: number = O_RDONLY | O_NOFOLLOW | O_NONBLOCK',
      replace: 'READ_FLAGS: number = O_RDONLY | O_NONBLOCK',
    },
    {
      what: 'a pipe in the place of a session is waited for',
      find: 'READ_FLAGS: number = O_RDONLY | O_NOFOLLOW | O_NONBLOCK',
      replace: 'READ_FLAGS: number = O_RDONLY | O_NOFOLLOW',
      test: 'test/stores/file/reader.test.ts',
    },
    {
      what: 'a new session goes over a file that is there',
      find: 'O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW',
      replace: 'O_WRONLY | O_CREAT | O_NOFOLLOW',
      test: 'test/stores/file/overwrite.test.ts',
    },
  ]),
]
