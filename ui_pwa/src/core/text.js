// Texts for people. A key and its facts in, a sentence out; the box sends no prose.

/** `{n:order|orders}`: the first word for one, the second for any other number. */
const PLURAL = /\{(\w+):([^|}]*)\|([^}]*)\}/g;

/** Keeps what is before it and what is after it on one line. */
export const JOINER = '\u2060';

/**
 * @param {Dict} dict
 * @param {'zh' | 'en'} lang
 * @returns {Translate}
 */
export function translator(dict, lang) {
  return (key, facts = {}) => {
    const text = dict[key] ?? dict[`${key.slice(0, key.indexOf('.'))}.other`] ?? key;
    /** @type {Facts} */
    const all = { ...facts, code: facts.code ?? key.slice(key.indexOf('.') + 1) };
    const counted = text.replace(PLURAL, (_, name, one, many) => (all[name] === 1 ? one : many));
    return counted.replace(/\{(\w+)\}/g, (_, name) => fact(dict, lang, name, all));
  };
}

/**
 * The last four characters of an order's id, as people call it: `…1001`, never broken in two.
 * @param {string} order
 */
export function shortOrder(order) {
  return order.length > 5 ? `…${JOINER}${order.slice(-4)}` : order;
}

/**
 * A clock time of the box, in the PDA's time zone.
 * @param {number} us
 * @param {'zh' | 'en'} lang
 */
export function clock(us, lang) {
  return new Intl.DateTimeFormat(lang === 'zh' ? 'zh-CN' : 'en-GB', {
    hour: '2-digit',
    minute: '2-digit',
  }).format(us / 1000);
}

/** @type {(dict: Dict, lang: 'zh' | 'en', name: string, facts: Facts) => string} */
function fact(dict, lang, name, facts) {
  if (name === 'order4') return shortOrder(String(facts.order ?? ''));
  const value = facts[name];
  if (value === undefined || value === null || value === '') return '—';
  if (Array.isArray(value)) {
    return value
      .map((v) => fact(dict, lang, name, { [name]: v }))
      .join(lang === 'zh' ? '、' : ', ');
  }
  if (name.endsWith('_at') && typeof value === 'number') return clock(value, lang);
  return dict[`${name}.${value}`] ?? show(lang, value);
}

/** @type {(lang: 'zh' | 'en', value: any) => string} */
function show(lang, value) {
  if (value && typeof value === 'object') return value[lang] ?? value.zh ?? JSON.stringify(value);
  return String(value);
}
