// Words of a command line for a POSIX shell. SSH carries one line of text, not an argument list: whoever builds that
// line from parts that came from outside must pass each part through here.

const plain = /^[A-Za-z0-9_@%+=:,./-]+$/

/** One argument, so that a POSIX shell reads exactly these characters. Throws a RangeError for a NUL character. */
export function quoteArgument(text: string): string {
  if (text.includes('\0')) throw new RangeError('An argument cannot hold a NUL character.')
  return plain.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** A command line that runs `argv[0]` with exactly these arguments. */
export const quoteArguments = (argv: readonly string[]): string => argv.map(quoteArgument).join(' ')
