/** What tests do with a page of any browser; a `Page` of Playwright is one. */
export type WebPage = {
  evaluate<T>(script: string): Promise<T>;
  locator(selector: string): {
    click(): Promise<void>;
    fill(text: string): Promise<void>;
    textContent(): Promise<string | null>;
    waitFor(): Promise<void>;
  };
  close(): Promise<void>;
};

/** A browser that opens pages. */
export type PageOpener<P extends WebPage> = {
  /** `script` runs before the page's scripts. */
  open(url: string, script: string): Promise<P>;
  /** Closes the pages. */
  clear(): Promise<void>;
  close(): Promise<void>;
};
