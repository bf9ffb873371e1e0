// The two words by which a desktop page gets its ports. The page posts `connectRequest` to itself, the preload
// script asks the main process by the same name, and the ports come back to the page under `portsAnswer`:
// the first for calls, the second ("doors") for handing over one port per byte channel as `{ channelId }`.

export const connectRequest = 'meridian:connect'
export const portsAnswer = 'meridian:ports'
