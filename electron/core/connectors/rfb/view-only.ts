// Lets through what a viewer needs to see a screen, and nothing that could change it. A client's messages have no
// common length, so each known kind is measured; an unknown one cannot be skipped and ends the console.

/** Kinds that type, point, paste, resize or switch off; the others only ask for pictures. */
const acting = new Set([4, 5, 6, 250, 251, 252, 255])
/** ClientInit, the one byte before the first message. */
const clientInitBytes = 1
const largestMessage = 1024 * 1024

export interface ViewOnlyFilter {
  /** What of these bytes may go to the server. Throws a RangeError on what cannot be understood. */
  pass(bytes: Uint8Array): Uint8Array
}

export function createViewOnlyFilter(): ViewOnlyFilter {
  let held: Buffer = Buffer.alloc(0)
  let isInitialised = false
  return {
    pass(bytes) {
      held = Buffer.concat([held, bytes])
      const passed: Buffer[] = []
      if (!isInitialised && held.length >= clientInitBytes) {
        isInitialised = true
        passed.push(held.subarray(0, clientInitBytes))
        held = held.subarray(clientInitBytes)
      }
      for (let length = lengthOf(held); length !== undefined && length <= held.length; length = lengthOf(held)) {
        if (!acting.has(held[0]!)) passed.push(held.subarray(0, length))
        held = held.subarray(length)
      }
      return Buffer.concat(passed)
    },
  }
}

/** Of the message that begins here; undefined while too little of it is there to tell. */
function lengthOf(bytes: Buffer): number | undefined {
  if (bytes.length === 0) return undefined
  const length = measure(bytes)
  if (length !== undefined && length > largestMessage) throw new RangeError('A message of the viewer is too long.')
  return length
}

function measure(bytes: Buffer): number | undefined {
  const from = (at: number, width: number, read: () => number): number | undefined =>
    bytes.length >= at + width ? read() : undefined
  switch (bytes[0]) {
    case 0:
      return 20
    case 2:
      return from(2, 2, () => 4 + 4 * bytes.readUInt16BE(2))
    case 3:
    case 150:
      return 10
    case 4:
      return 8
    case 5:
      return 6
    case 6:
      // A negative length marks the extended clipboard.
      return from(4, 4, () => 8 + Math.abs(bytes.readInt32BE(4)))
    case 248:
      return from(8, 1, () => 9 + bytes[8]!)
    case 250:
    case 252:
      return 4
    case 251:
      return from(6, 1, () => 8 + 16 * bytes[6]!)
    case 255:
      return from(1, 1, () => (bytes[1] === 0 ? 12 : 4))
    default:
      throw new RangeError(`The viewer sent a message of the unknown kind ${bytes[0]}.`)
  }
}
