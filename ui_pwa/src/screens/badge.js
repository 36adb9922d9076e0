// A badge that was just made: shown for ten minutes, saved as a page, or sent to a label printer.

import { html, nothing } from '../../vendor/lit.js';
import { BoxError, call } from '../io/box.js';
import { action } from '../parts/parts.js';
import { card } from '../parts/sheets.js';

/** @param {App} app @param {IssuedBadge} made */
export function badgeCard(app, made) {
  const { t, state } = app;
  if (made.expires_at < app.nowUs()) return nothing;
  const at = `/api/v1/badges/${made.ticket}`;
  /** @type {PrinterState[]} */
  const printers = state.seen.printers?.printers ?? [];
  return card({
    title: t('people.fresh'),
    tone: 'now',
    body: html`<img class="badge-picture" src="${at}.png" alt=${t('people.fresh')}>
      <p class="sub">${t('people.fresh_hint')}</p>
      <div class="stack">
        <a class="act" href="${at}.pdf" download="badge.pdf">
          <span class="act-text">${t('act.badge_pdf')}</span></a>
        ${printers.map((each) =>
          action(app, {
            text: t('act.badge_print', { printer: each.name }),
            why: each.ok ? null : { code: 'printer_ill', facts: { printer: each.name } },
            onPress: () => print(app, made, each.id),
          }),
        )}
      </div>`,
  });
}

/** @param {App} app @param {IssuedBadge} made @param {string} printer */
async function print(app, made, printer) {
  try {
    await call('POST', `/badges/${made.ticket}/print`, { printer });
    app.tell('good', 'notice.badge_printed');
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    app.refuse(error.refusal);
  }
}
