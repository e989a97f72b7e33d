import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorsOf, linksOf } from './harness/markdown.ts';

const root = join(import.meta.dirname, '..');
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && !path.includes('/overlays/') && existsSync(join(root, path)));
const folders = new Set(files.flatMap((path) => parentsOf(path)));

function parentsOf(path: string): string[] {
  const parent = posix.dirname(path);
  return parent === '.' ? [] : [parent, ...parentsOf(parent)];
}

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

const pages = files.filter((path) => path.endsWith('.md'));
const isSource = (path: string): boolean =>
  /\.(ts|js|sh|py|yaml|tpl|json|html)$|(^|\/)(Makefile|Dockerfile(\.sources)?|NOTES\.txt)$/.test(path) &&
  !/^package(-lock)?\.json$/.test(path);
const sources = files.filter(isSource);

/** Null if the target exists: a page, a heading of a page, a file or a folder. */
function missing(target: string): string | null {
  const [path = '', anchor] = target.split('#');
  if (folders.has(path.replace(/\/$/, ''))) return null;
  if (!files.includes(path)) return `${path} does not exist`;
  return anchor === undefined || anchorsOf(textOf(path)).has(anchor) ? null : `${path} has no heading #${anchor}`;
}

/** The target of a link, relative to the root. */
const fromRoot = (page: string, target: string): string =>
  target.startsWith('#') ? `${page}${target}` : posix.join(posix.dirname(page), target);

const isComment = (line: string): boolean => /^\s*(\/\/|\/?\*|#)/.test(line) || /\s\/\/\s/.test(line);

/** References to sections of RFCs and drafts, which number their sections. */
const SECTION = /(RFC \d+|draft-[\w-]+)( §[\d.]+(,| and))* §[\d.]+/g;

/** True for a file that is named by its path, or by the last parts of its path. */
const isNamed = (name: string): boolean => files.some((path) => path === name || path.endsWith(`/${name}`));

/** The same for a folder, or a file without its extension. */
const isPlace = (name: string): boolean =>
  [...folders, ...files].some((path) => `/${path}`.endsWith(`/${name}`) || `/${path}`.endsWith(`/${name}.ts`));

/** File names of upstream projects and examples. */
const FOREIGN = new Set([
  ...['tasks.py', 'dist/config.js', 'x.test.ts'],
  ...['flashphoner.js', 'flashphoner-rest-api.js', 'test/test.js'],
]);

describe('references', () => {
  it.each(pages)('of %s lead to a file and a heading', (page) => {
    const broken = linksOf(textOf(page))
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => missing(fromRoot(page, target)))
      .filter((fault) => fault !== null);
    expect(broken).toEqual([]);
  });

  it('of sources to pages lead to a file and a heading', () => {
    const broken = sources.flatMap((path) =>
      [...textOf(path).matchAll(/(?<![*$}{\w])([\w./-]*\w\.md(?:#[\w-]+)?)/g)]
        .map(([, target = '']) => missing(target.replace(/^\/\/github\.com\/sluice-dev\/sluice\/blob\/main\//, '')))
        .filter((fault) => fault !== null)
        .map((fault) => `${path}: ${fault}`),
    );
    expect(broken).toEqual([]);
  });

  it('of pages to places in the tree lead to a file or a folder', () => {
    const top = [...folders].filter((path) => /^\w[\w-]*$/.test(path)).join('|');
    const place = new RegExp(`\`((?:${top})/[\\w./-]+)\``, 'g');
    const broken = pages.flatMap((path) =>
      [...textOf(path).matchAll(place)]
        .map(([, name = '']) => name.replace(/\/$/, ''))
        .filter((name) => !isPlace(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(broken).toEqual([]);
  });

  it('of comments to sections name an RFC or a draft', () => {
    const broken = sources
      .filter((path) => path !== 'test/references.test.ts')
      .flatMap((path) =>
        textOf(path)
          .split('\n')
          .filter((line) => line.replaceAll(SECTION, '').includes('§'))
          .map((line) => `${path}: ${line.trim()}`),
      );
    expect(broken).toEqual([]);
  });

  it('of comments and pages to files lead to a file', () => {
    const lines = [...sources, ...pages].flatMap((path) =>
      textOf(path)
        .split('\n')
        .filter((line) => (path.endsWith('.md') ? line.includes('`') : isComment(line)))
        .map((line) => ({ path, line })),
    );
    const broken = lines.flatMap(({ line, path }) =>
      [...line.matchAll(/(?<![*$}{\w./-])([\w./-]*\w\.(?:ts|js|sh|py|patch|tpl))(?![\w*])/g)]
        .map(([, name = '']) => name.replace(/^(\.{0,2}\/)+/, ''))
        .filter((name) => !FOREIGN.has(name) && !isNamed(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(broken).toEqual([]);
  });

  it('of the architecture to decisions are all of them, with their titles', () => {
    const decisions = pages.filter((path) => path.startsWith('docs/decisions/'));
    const rows = decisions.map((path) => {
      const [, number, title] = /^# (\d+)\. (.+)/.exec(textOf(path)) ?? [];
      return `| [${number}](${posix.relative('docs', path)}) | ${title} |`;
    });
    const lines = textOf('docs/architecture.md').split('\n');
    expect(lines.filter((line) => /^\| \[\d+\]/.test(line))).toEqual(rows);
  });
});
