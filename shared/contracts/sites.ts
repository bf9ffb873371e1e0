// Sites and their connections: kept in the store without secrets, tested step by step.
import { z } from 'zod'
import { connection, connectionDraft, connectionId, secretInput, site, siteId } from '../model/connection.ts'
import { wireError } from '../errors.ts'
import { command, events, query } from './kernel.ts'

export const testStepNames = ['dns', 'tcp', 'tls', 'authentication', 'permission', 'version'] as const
export const testStep = z.object({
  step: z.enum(testStepNames),
  state: z.enum(['running', 'passed', 'failed', 'skipped']),
  /** What was found, as a sentence: the address, the certificate, the version. */
  finding: z.string(),
  elapsedMs: z.number(),
  error: wireError.optional(),
})
export type TestStep = z.infer<typeof testStep>

export const certificateSummary = z.object({
  subject: z.string(),
  issuer: z.string(),
  validFrom: z.string(),
  validTo: z.string(),
  fingerprint256: z.string(),
  subjectAltName: z.string(),
  isTrustedBySystem: z.boolean(),
  /** Why the system does not trust it, as a sentence. */
  distrustReason: z.string().nullable(),
})
export type CertificateSummary = z.infer<typeof certificateSummary>

export const kubeconfigContext = z.object({
  name: z.string(),
  cluster: z.string(),
  server: z.string(),
  user: z.string(),
  namespace: z.string().nullable(),
  authKind: z.enum(['client-certificate', 'token', 'exec', 'basic', 'none']),
  /** The program an exec plugin needs, and where it was found. */
  execCommand: z.string().nullable(),
  execFoundAt: z.string().nullable(),
  isCurrent: z.boolean(),
})
export type KubeconfigContext = z.infer<typeof kubeconfigContext>

export const sites = {
  list: query({ output: site.array() }),
  watch: events({ event: site.array() }),
  create: command({ title: 'Create a site', input: z.object({ name: site.shape.name }), output: site }),
  update: command({
    title: 'Change a site',
    input: z.object({ siteId, name: site.shape.name.optional(), isReadOnly: z.boolean().optional() }),
    output: site,
  }),
  duplicate: command({ title: 'Duplicate a site', input: z.object({ siteId }), output: site }),
  remove: command({
    title: 'Remove a site',
    danger: 'destructive',
    /** `confirmation` is the site's name, typed. */
    input: z.object({ siteId, confirmation: z.string() }),
  }),
  exportSite: query({ input: z.object({ siteId }), output: z.object({ filename: z.string(), text: z.string() }) }),
  importSite: command({
    title: 'Import a site',
    input: z.object({ text: z.string().max(5_000_000) }),
    output: site,
  }),
  addConnection: command({
    title: 'Add a connection',
    input: z.object({ siteId, draft: connectionDraft }),
    output: connection,
  }),
  updateConnection: command({
    title: 'Change a connection',
    input: z.object({ connectionId, draft: connectionDraft }),
    output: connection,
  }),
  duplicateConnection: command({
    title: 'Duplicate a connection',
    input: z.object({ connectionId }),
    output: connection,
  }),
  removeConnection: command({ title: 'Remove a connection', input: z.object({ connectionId }) }),
  /** Runs the steps of a stored connection, or of a draft (its missing secrets come from `connectionId`). */
  testConnection: events({
    input: z.object({ connectionId: connectionId.optional(), draft: connectionDraft.optional() }),
    event: testStep,
  }),
  /** Stores the host key that a person has compared, where none is confirmed yet; `conflict` otherwise. */
  confirmHostKey: command({
    title: 'Confirm a host key',
    input: z.object({ connectionId, fingerprint256: z.string().max(100) }),
    output: connection,
  }),
  inspectCertificate: query({
    input: z.object({ host: z.string().max(253), port: z.number().int().min(1).max(65_535), startTls: z.enum(['postgres']).optional() }),
    output: certificateSummary,
  }),
  readKubeconfig: query({ input: z.object({ text: secretInput }), output: kubeconfigContext.array() }),
}
