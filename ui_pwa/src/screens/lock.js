// The lock layer: nobody used this PDA for long. What was on the screen stays as it is behind it,
// and the badge of whoever left it there leads back to the exact step.

import { html, nothing } from '../../vendor/lit.js';
import { notice } from '../parts/parts.js';

/** @param {State} state */
export const isLocked = (state) => state.session?.locked === true;

/** @param {App} app */
export function lockView(app) {
  const { t, state } = app;
  if (!isLocked(state) || !state.session) return nothing;
  const n = state.outbox.length;
  return html`<div class="fill centre">
      <div class="badge-art" aria-hidden="true"><span></span></div>
      <h2 id="lock-title">${t('lock.title')}</h2>
      <p class="lead">${t('lock.resume', { name: state.session.person.name })}</p>
      <p class="sub">${t('lock.other')}</p>
      <p class="sub strong">${n ? t('lock.waiting', { n }) : nothing}</p>
    </div>
    ${notice(app)}`;
}

/** Whatever is scanned but a badge is refused aloud. @param {App} app */
export const refuseScan = (app) =>
  app.tell('stop', 'refusal.session_locked', {}, 'hint.session_locked');
