/** The text of a credential. Files and `echo` end with a line feed that nobody means. */
export function assetText(content: Buffer | undefined): string {
  return content?.toString('utf8').replace(/\r?\n$/, '') ?? '';
}
