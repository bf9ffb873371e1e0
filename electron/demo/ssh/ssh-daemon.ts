// The SSH daemon of a well-kept machine: the effective settings (`sshd -T`) of the clean lab, made from the lived-in ones.
import { isClean, type DemoSite } from '../world/site.ts'

const corrected: Record<string, string> = {
  passwordauthentication: 'no',
  kbdinteractiveauthentication: 'no',
  permitemptypasswords: 'no',
}

/** As they are in the lived-in lab; keys only, and named groups only, in the clean one. */
export function daemonSettings(site: DemoSite, settings: string): string {
  if (!isClean(site)) return settings
  const lines = settings.trimEnd().split('\n').map((line) => {
    const [name = ''] = line.split(' ')
    return corrected[name] === undefined ? line : `${name} ${corrected[name]}`
  })
  return `${[...lines, 'allowgroups ssh-users'].join('\n')}\n`
}
