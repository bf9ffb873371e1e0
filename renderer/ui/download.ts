// Handing the user a file: from a stream ticket (the core's bytes) or from text and pictures made in the page.

/** The shell turns it into its own way of saving: a save dialog, or the browser's downloads. */
export function downloadUrl(url: string, filename?: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = filename ?? ''
  document.body.append(link)
  link.click()
  link.remove()
}

export function downloadBlob(blob: Blob, filename: string): void {
  const url = URL.createObjectURL(blob)
  downloadUrl(url, filename)
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

export const downloadText = (text: string, filename: string, contentType = 'text/plain'): void =>
  downloadBlob(new Blob([text], { type: `${contentType};charset=utf-8` }), filename)
