export type Block = { readonly language: string; readonly text: string };

/** Returns the fenced blocks of a page that name a language. */
export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({ language, text }));
}

/** The page without its fenced blocks, which may contain text that looks like links and headings. */
const prose = (page: string): string => page.replaceAll(/^```[\s\S]*?^```$/gm, '');

/** Targets of links, such as `PAGE#bodies` or `#values`. */
export function linksOf(page: string): string[] {
  return [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const text = heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '');
    const anchor = text.replaceAll(' ', '-');
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  });
  return new Set(anchors);
}
