// How hot the drives of a node are, from the SMART report that Proxmox VE hands on. Drives that do not tell are left
// out. Called by the watching feature, every ten minutes: reading SMART wakes a sleeping drive.
import { z } from 'zod'
import { isAppError } from '#shared/errors.ts'
import type { ProxmoxConnector } from './proxmox-connector.ts'

const drive = z.object({ devpath: z.string().regex(/^\/dev\/[a-zA-Z0-9/]+$/) })
const smart = z.object({
  type: z.string().nullish(),
  text: z.string().nullish(),
  attributes: z.array(z.object({ name: z.string(), raw: z.union([z.string(), z.number()]) })).nullish(),
})

export interface DriveTemperature {
  device: string
  celsius: number
}

/** Empty when this identity may not read SMART. Rejects when the node does not answer. */
export async function readDriveTemperatures(
  connector: Pick<ProxmoxConnector, 'call' | 'rows'>,
  node: string,
  signal: AbortSignal,
): Promise<DriveTemperature[]> {
  const path = `/nodes/${encodeURIComponent(node)}/disks`
  try {
    const drives = await connector.rows(drive, `${path}/list`, signal, { skipsmart: 1 })
    const found: DriveTemperature[] = []
    for (const { devpath } of drives) {
      const report = await connector.call(smart, { path: `${path}/smart`, query: { disk: devpath }, signal })
      const celsius = temperatureIn(report)
      if (celsius !== undefined) found.push({ device: devpath.slice('/dev/'.length), celsius })
    }
    return found
  } catch (error) {
    if (isAppError(error) && (error.code === 'forbidden' || error.code === 'unsupported')) return []
    throw error
  }
}

/** NVMe drives report text (`Temperature: 41 Celsius`), ATA drives attributes (`Temperature_Celsius`). */
export function temperatureIn(report: z.infer<typeof smart>): number | undefined {
  const line = /^Temperature:\s+(\d+(?:\.\d+)?) Celsius/m.exec(report.text ?? '')?.[1]
  const attribute = report.attributes?.find((item) => /^(Temperature_Celsius|Airflow_Temperature_Cel)$/.test(item.name))?.raw
  const text = line ?? (attribute === undefined ? undefined : /^\s*(\d+)/.exec(String(attribute))?.[1])
  return text === undefined ? undefined : Number(text)
}
