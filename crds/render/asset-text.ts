/** The text of a credential, without the trailing newline that editors and `echo` add. */
export function assetText(content: Buffer | undefined): string {
  return content?.toString('utf8').replace(/\r?\n$/, '') ?? '';
}
