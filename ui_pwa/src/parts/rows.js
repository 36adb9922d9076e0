// The pieces of lists: rows, marks, counts.

import { html, nothing } from '../../vendor/lit.js';

/**
 * Done by the box (full tick), kept on the PDA (hollow tick), or open.
 * @param {App} app
 * @param {'done' | 'kept' | 'open' | 'short' | 'stopped'} what
 */
export function tick(app, what) {
  const sign = { done: '✔', kept: '✓', open: '', short: '−', stopped: '✕' }[what];
  const label = app.t(`tick.${what}`);
  return html`<span class="tick ${what}" role="img" aria-label=${label}>${sign}</span>`;
}

/** @param {string} text @param {string} [tone] */
export const chip = (text, tone = '') => html`<span class="chip ${tone}">${text}</span>`;

/**
 * A gift or service mark.
 * @param {App} app
 * @param {{gift?: boolean, service?: boolean}} line
 */
export const marks = (app, line) =>
  html`${line.gift ? chip(app.t('word.gift'), 'gift') : nothing}${
    line.service ? chip(app.t('word.service'), 'service') : nothing
  }`;

/** @param {number} slot */
export const slotMark = (slot) => html`<span class="slot">${slot}</span>`;

/** A count, as large as the room allows. @param {number} done @param {number} want */
export const count = (done, want) =>
  html`<span class="count ${want > 99 ? 'long' : ''}"><b>${done}</b><i>/</i>${want}</span>`;

/** @param {number} done @param {number} want @param {string} label */
export const bar = (done, want, label) => html`<div class="progress">
  <progress max=${Math.max(1, want)} value=${done} aria-label=${label}></progress>
  <span>${label}</span></div>`;

/** The one thing to do next, over the list of what is there. @param {string} text */
export const todo = (text) => html`<p class="lead now">${text}</p>`;

/** @param {string} text @param {unknown} [more] */
export const empty = (text, more) =>
  html`<div class="empty"><p>${text}</p>${more ?? nothing}</div>`;

/**
 * A row of a list: a mark before, two lines, something behind; a button if it can be pressed.
 * @param {{main: unknown, sub?: unknown, before?: unknown, behind?: unknown, tone?: string,
 *   onPress?: () => void, pressed?: boolean}} of
 */
export function row({ main, sub = nothing, before, behind, tone = '', onPress, pressed }) {
  const inside = html`${before ?? nothing}
    <span class="row-main"><b>${main}</b><span class="sub">${sub}</span></span>
    ${behind ?? nothing}`;
  if (!onPress) return html`<div class="row ${tone}">${inside}</div>`;
  const state = pressed === undefined ? nothing : String(pressed);
  return html`<button type="button" class="row ${tone}" aria-pressed=${state} @click=${onPress}>
    ${inside}</button>`;
}
