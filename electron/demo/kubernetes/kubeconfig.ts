// The kubeconfig of the demo cluster: one cluster, three ways in (administrator by token or by certificate, researcher
// by token). Its text is a secret and goes into the draft only.
import { stringify } from 'yaml'

export interface KubeconfigParts {
  clusterName: string
  server: string
  caPem: string
  adminToken: string
  researcherToken: string
  adminCertPem: string
  adminKeyPem: string
}

export interface KubeconfigContexts {
  admin: string
  certificate: string
  researcher: string
}

export const contextNames = (clusterName: string): KubeconfigContexts => ({
  admin: clusterName,
  certificate: `${clusterName}-certificate`,
  researcher: `${clusterName}-researcher`,
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** YAML, with the administrator's token as the current context. */
export function writeKubeconfig(parts: KubeconfigParts): string {
  const { clusterName, server } = parts
  const contexts = contextNames(clusterName)
  const context = (name: string, user: string, namespace?: string) => ({
    name,
    context: { cluster: clusterName, user, ...(namespace === undefined ? {} : { namespace }) },
  })
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: clusterName, cluster: { server, 'certificate-authority-data': base64(parts.caPem) } }],
    users: [
      { name: 'lab-admin', user: { token: parts.adminToken } },
      {
        name: 'system-admin',
        user: {
          'client-certificate-data': base64(parts.adminCertPem),
          'client-key-data': base64(parts.adminKeyPem),
        },
      },
      { name: 'lab-researcher', user: { token: parts.researcherToken } },
    ],
    contexts: [
      context(contexts.admin, 'lab-admin'),
      context(contexts.certificate, 'system-admin'),
      context(contexts.researcher, 'lab-researcher', 'desi-voids'),
    ],
    'current-context': contexts.admin,
  })
}
