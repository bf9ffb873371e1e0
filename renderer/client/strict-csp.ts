// Must be imported before anything that builds a schema: zod would otherwise try `new Function` once, which the page's
// security policy refuses and reports.
import { z } from 'zod'

z.config({ jitless: true })
