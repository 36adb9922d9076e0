// Actions of which a printed digit card names one.

import { html, nothing } from '../../vendor/lit.js';
import { pageOf } from '../core/choosing.js';
import { JOINER } from '../core/text.js';
import { action } from './parts.js';

/**
 * A page of a list, each with the number of its card; where there are more pages, 0 turns them.
 * @template T
 * @param {App} app
 * @param {T[]} list
 * @param {(each: T) => Parameters<typeof action>[1]} say
 * @param {{turned?: number, onTurn?: () => void}} [pages]
 */
export function choices(app, list, say, { turned = 0, onTurn = () => undefined } = {}) {
  const { shown, page, pages } = pageOf(list, turned);
  const numbered = (/** @type {number} */ n, /** @type {unknown} */ text) =>
    html`<span class="nth">${n}</span>${JOINER}${text}`;
  const more = { text: numbered(0, app.t('act.more')), note: `${page}/${pages}`, onPress: onTurn };
  return html`${shown.map((each, i) => {
    const said = say(each);
    return action(app, { ...said, text: numbered(i + 1, said.text) });
  })}${pages > 1 ? action(app, more) : nothing}`;
}
