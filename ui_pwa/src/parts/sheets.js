// The pieces of screens that are read rather than worked on: facts, cards, moments.

import { html, nothing } from '../../vendor/lit.js';
import { clock, shortOrder } from '../core/text.js';

/** Ids that the box made; their end tells them apart. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Facts within facts are shown this deep. */
const DEPTH_MAX = 3;

/**
 * What is known, name by name; whatever a rule or a request brings along can be shown.
 * @param {App} app
 * @param {Facts} of
 * @param {number} [depth]
 * @returns {unknown}
 */
export function facts(app, of, depth = 0) {
  const shown = Object.entries(of).filter(([name, v]) => name !== 'id' && !isEmpty(v));
  return html`<dl class="facts">${shown.map(
    ([name, v]) => html`<div class=${isDeep(v) ? 'deep' : ''}><dt>${label(app, name)}</dt>
      <dd>${value(app, name, v, depth)}</dd></div>`,
  )}</dl>`;
}

/** @param {App} app @param {string} name */
const label = (app, name) => known(app, `fact.${name}`, name);

/** The text of a key that may be nobody's. */
/** @param {App} app @param {string} key @param {string} bare */
function known(app, key, bare) {
  const text = app.t(key);
  return text === key ? bare : text;
}

/** @type {(app: App, name: string, v: any, depth: number) => unknown} */
function value(app, name, v, depth) {
  if (/_(us|at)$/.test(name) && typeof v === 'number') return when(app, v);
  if (name.endsWith('_fen')) return `¥${(v / 100).toFixed(2)}`;
  if (name.endsWith('_pm')) return `${(v / 10).toFixed(1)} %`;
  if (typeof v === 'boolean') return app.t(`word.${v ? 'yes' : 'no'}`);
  if (UUID.test(v)) return `…${v.slice(-6)}`;
  if (typeof v !== 'object') return known(app, `${name}.${v}`, String(v));
  if (v.zh !== undefined) return app.name(v);
  if (depth >= DEPTH_MAX) return JSON.stringify(v);
  if (!Array.isArray(v)) return facts(app, v, depth + 1);
  return v.map((each) => html`<div class="each">${value(app, name, each, depth + 1)}</div> `);
}

/** Whether a value is shown below its name rather than beside it. @param {any} v */
const isDeep = (v) =>
  typeof v === 'object' &&
  v.zh === undefined &&
  Object.values(v).some((x) => typeof x === 'object');

/** @param {any} v */
const isEmpty = (v) =>
  v === null ||
  v === undefined ||
  v === '' ||
  (typeof v === 'object' && Object.keys(v).length === 0);

/** A time of the box, with its day where that is not today. @param {App} app @param {number} us */
export function when(app, us) {
  if (!us) return '—';
  const day = (/** @type {number} */ at) => new Date(at / 1000).toLocaleDateString('sv');
  const time = clock(us, app.state.lang);
  return day(us) === day(app.nowUs()) ? time : `${day(us).slice(5)} ${time}`;
}

/** A value of a document in a few words. @param {App} app @param {any} v @returns {string} */
export function brief(app, v) {
  if (v === null || v === '') return '—';
  if (typeof v === 'boolean') return app.t(`word.${v ? 'yes' : 'no'}`);
  if (Array.isArray(v)) return v.map((each) => brief(app, each)).join(' ');
  return app.name(v);
}

/** How long ago, in the largest unit. @param {App} app @param {number} us */
export function age(app, us) {
  const s = Math.floor((app.nowUs() - us) / 1e6);
  return span(app, Math.max(0, s) * 1e6);
}

/** How long, in the largest unit. @param {App} app @param {number} us */
export function span(app, us) {
  const s = us / 1e6;
  if (s > 0 && s < 1) return app.t('age.ms', { n: Math.ceil(us / 1000) });
  if (s < 60) return app.t('age.s', { n: Math.floor(s) });
  if (s < 3600) return app.t('age.min', { n: Math.floor(s / 60) });
  return s < 86_400
    ? app.t('age.h', { n: Math.floor(s / 3600) })
    : app.t('age.d', { n: Math.floor(s / 86_400) });
}

/**
 * A titled part of a screen; `tone` colours its rim.
 * @param {{title: unknown, body: unknown, tone?: string, behind?: unknown}} of
 */
export const card = ({ title, body, tone = '', behind = nothing }) =>
  html`<section class="card ${tone}"><header class="card-head"><h2>${title}</h2>${behind}</header>
    ${body}</section>`;

/**
 * How something stands, in one line or two.
 * @param {unknown} body
 * @param {'' | 'now' | 'good' | 'bad'} [tone]
 */
export const strip = (body, tone = '') => html`<div class="strip ${tone}">${body}</div>`;

/**
 * A number that leads to its list.
 * @param {{n: number, text: string, tone?: string, onPress: () => void}} of
 */
export const figure = ({ n, text, tone = '', onPress }) =>
  html`<button type="button" class="figure ${tone}" @click=${onPress}>
    <b>${n}</b><span>${text}</span></button>`;

/** Something to type, under its name. @param {string} label @param {unknown} input */
export const field = (label, input) => html`<label class="field">${label} ${input}</label>`;

/**
 * What to take or where to go, as large as the room allows; `now` is the one thing to do next.
 * @param {{now: boolean, label: string, code?: string, text?: string, small?: string,
 *   behind?: unknown}} of
 */
export const block = ({ now, label, code, text, small, behind = nothing }) =>
  html`<div class="place ${now ? 'now' : ''}"><span class="label">${label}</span>
    ${code ? html`<strong class="code ${code.length > 8 ? 'long' : ''}">${code}</strong>` : nothing}
    ${text ? html`<strong class="name">${text}</strong>` : nothing}
    ${small ? html`<span class="sku">${small}</span>` : nothing}${behind}</div>`;

/** "Order …1001", to be pressed. @param {App} app @param {string} order */
export const orderLink = (app, order) =>
  html`<button type="button" class="to-order" @click=${() => app.go('order', order)}>
    ${app.t('word.order')} ${shortOrder(order)}</button>`;

/**
 * Something that happened: when, what, by whom, under which rules, on what data.
 * @param {App} app
 * @param {{at: number, what: unknown, by?: string, rules?: string, data?: Facts, tone?: string}} of
 */
export const moment = (app, { at, what, by = '', rules = '', data = {}, tone = '' }) =>
  html`<li class="moment ${tone}"><details>
    <summary><time>${when(app, at)}</time><b>${what}</b>
      <span class="sub">${[by, rules].filter(Boolean).join(' · ')}</span></summary>
    ${facts(app, data)}</details></li>`;
