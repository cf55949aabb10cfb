import { bytesMutants } from './mutants/bytes.ts'
import { cookieMutants } from './mutants/cookies.ts'
import { dataMutants } from './mutants/data.ts'
import { fileMutants } from './mutants/files.ts'
import { lockMutants } from './mutants/locks.ts'
import type { Mutant } from './mutants/mutant.ts'
import { sessionMutants } from './mutants/sessions.ts'
import { tenancyMutants } from './mutants/tenancy.ts'
import { tenantMutants } from './mutants/tenants.ts'
import { versionMutants } from './mutants/versions.ts'

/**
 * One fault for each thing that security, durability and exactness hang on. A fault that no user
 * and no attacker could ever notice is not in here: no test can find it.
 */
export const mutants: readonly Mutant[] = [
  ...bytesMutants,
  ...cookieMutants,
  ...sessionMutants,
  ...dataMutants,
  ...lockMutants,
  ...fileMutants,
  ...tenancyMutants,
  ...tenantMutants,
  ...versionMutants,
]
