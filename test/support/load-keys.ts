import { KeyFile } from '../../lib/key-file.ts'
import { keyIdOfMaster } from '../../lib/keyring.ts'

/**
 * A process that loads the key file of a directory and prints the ids of the keys, once its standard
 * input ends; so that several can begin at the same time. Arguments: the directory, an octal umask.
 */
const [directory, umask] = process.argv.slice(2)
if (directory === undefined) throw new Error('Give the directory of the keys')
if (umask !== undefined) process.umask(umask)

process.stdout.write('ready\n')
for await (const _ of process.stdin);
const keys = await new KeyFile(directory).load()
process.stdout.write(keys.map((key) => keyIdOfMaster(key).toString('hex')).join(' '))
