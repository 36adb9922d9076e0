// What holds the files together: texts in both languages, contrast, size, the vendored library.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { translator } from '../src/core/text.js';
import { MENU, SCREENS, worksAt } from '../src/screens/registry.js';

const file = (path) => readFileSync(new URL(`../${path}`, import.meta.url));
const text = (path) => file(path).toString();
const part = (name) => JSON.parse(text(`locales/${name}.json`));
const dict = (lang) => ({ ...part(`${lang}.start`), ...part(lang) });
const sources = readdirSync(new URL('../src', import.meta.url), { recursive: true })
  .map(String)
  .filter((p) => p.endsWith('.js'))
  .map((p) => `src/${p}`);

test('both languages have the same keys and take the same facts', () => {
  const [zh, en] = [dict('zh'), dict('en')];
  assert.deepEqual(Object.keys(zh), Object.keys(en));
  const facts = (s) => [...new Set(s.match(/\{\w+\}/g) ?? [])].sort();
  for (const key of Object.keys(zh)) assert.deepEqual(facts(zh[key]), facts(en[key]), key);
  const early = Object.keys(part('zh.start'));
  assert.deepEqual(early.filter((key) => key in part('zh')), []);
});

test('every text that the page names exists', () => {
  const zh = dict('zh');
  const groups = [
    'act',
    'screen',
    'word',
    'link',
    'signin',
    'tasks',
    'pick',
    'tick',
    'qty',
    'reason',
    'pack',
    'label',
    'handover',
    'putback',
    'said',
    'notice',
    'test',
    'status',
    'refusal',
    'hint',
    'alarm',
    'urgent',
  ];
  const quoted = new RegExp(`['"\`]((?:${groups.join('|')})\\.[a-z_]+)['"\`]`, 'g');
  for (const path of sources) {
    for (const [, key] of text(path).matchAll(quoted)) {
      const isKind =
        text(path).includes(`app.why('${key}')`) ||
        text(path).includes(`send('${key}'`) ||
        text(path).includes(`judge(task, '${key}'`) ||
        /^(pick|pack|handover|putback|alarm)\.(scan|qty|short|open|finish|ack)$/.test(key);
      assert.ok(key in zh || isKind, `${path}: ${key}`);
    }
    for (const [, key] of text(path).matchAll(/\bt\(\s*['"]([a-z_]+\.[a-z_]+)['"]/g)) {
      assert.ok(key in zh, `${path}: ${key}`);
    }
    for (const [, list] of text(path).matchAll(/askReason\('(\w+)'/g)) {
      assert.ok(`reason.${list}` in zh, `${path}: reason.${list}`);
    }
  }
});

test('every screen has its texts, its place, and a module that is there', () => {
  const known = dict('zh');
  for (const [id, { menu, load }] of Object.entries(SCREENS)) {
    assert.ok(`screen.${id}` in known && `help.${id}` in known, id);
    assert.ok(menu === undefined || MENU.includes(menu), id);
    const [, module] = /import\('\.\/(\w+\.js)'\)/.exec(String(load));
    assert.ok(sources.includes(`src/screens/${module}`), module);
  }
  for (const part of [...MENU, 'others']) assert.ok(`menu.${part}` in known, part);
});

test('every screen that another leads to is there', () => {
  for (const path of sources) {
    for (const [, id] of text(path).matchAll(/\.go\(\s*'(\w+)'/g)) {
      assert.ok(id in SCREENS || id === 'signin', `${path}: ${id}`);
    }
  }
});

test('who works somewhere may go there, and so may superiors', () => {
  for (const [name, { roles }] of Object.entries(SCREENS))
    assert.notEqual(roles?.length, 0, `${name}: who may not go there is told who may`);
  assert.equal(worksAt(SCREENS.pack, ['packer']), true);
  assert.equal(worksAt(SCREENS.pack, ['picker']), false);
  assert.equal(worksAt(SCREENS.pack, ['leader']), true);
  assert.equal(worksAt(SCREENS.status, []), true);
});

test('facts fill a text; names, lists and codes are shown in the reader’s language', () => {
  const t = translator(
    {
      'a.b': '{order4} {by} {missing} {state} {none}',
      'state.picked': '已拣齐',
      'a.other': '? {code}',
    },
    'zh',
  );
  const facts = {
    order: 'WEB-20101',
    by: { zh: '王', en: 'W' },
    missing: [{ zh: '甲', en: 'A' }, '乙'],
    state: 'picked',
  };
  assert.equal(t('a.b', facts), '…\u20600101 王 甲、乙 已拣齐 —');
  assert.equal(t('a.strange'), '? strange');
  const counted = translator({ 'a.n': '{n} {n:order|orders}' }, 'en');
  assert.deepEqual([counted('a.n', { n: 1 }), counted('a.n', { n: 2 })], ['1 order', '2 orders']);
});

test('every pair of colours reaches 7:1, light and dark (PDA-3)', () => {
  const css = text('css/tokens.css');
  const roots = [...css.matchAll(/:root(?:\[data-theme=dark\])? \{([^}]*)\}/g)].map((m) => m[1]);
  assert.equal(roots.length, 2);
  for (const root of roots) {
    const colours = Object.fromEntries(
      [...root.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map((m) => [m[1], m[2]]),
    );
    for (const [role, on] of Object.entries(colours).filter(([name]) => name.startsWith('on-'))) {
      const ratio = contrast(colours[role.slice(3)], on);
      assert.ok(ratio >= 7, `${role} ${ratio.toFixed(1)}`);
    }
    assert.ok(contrast(colours.soft, colours['on-page']) >= 7);
    assert.ok(contrast(colours.page, colours['on-soft']) >= 7);
    assert.ok(contrast(colours.kept, colours['on-page']) >= 7);
  }
});

/** WCAG 2.2 contrast ratio of two colours. */
function contrast(a, b) {
  const luminance = (hex) => {
    const [r, g, bl] = [1, 3, 5]
      .map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  };
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (hi + 0.05) / (lo + 0.05);
}

test('the vendored libraries are those that their table names', () => {
  const table = text('vendor/README.md');
  const zxing = ['reader/index.js', 'share.js', 'reader/zxing_reader.wasm'];
  for (const path of ['lit.js', ...zxing.map((each) => `zxing/${each}`)]) {
    const sha256 = createHash('sha256').update(file(`vendor/${path}`)).digest('hex');
    assert.ok(table.includes(sha256), path);
  }
});

test('nothing inline stands in the page, and no address of elsewhere (SEC-4)', () => {
  const page = text('index.html');
  assert.doesNotMatch(page, /<style|style=|\son\w+=|<script(?![^>]*src=)|https?:\/\//);
});
