// What called for people in the last day: what still waits first, then who answered and how soon.

import { html, nothing } from '../../vendor/lit.js';
import { header, notice } from '../parts/parts.js';
import { chip, empty, row } from '../parts/rows.js';
import { age, span, when } from '../parts/sheets.js';
import { alarmText, messageText } from './dialogs.js';

export const hears = /^alarm\./;
export const reads = () => ({ log: '/alarm-log' });

/** @param {App} app */
export function view(app) {
  const { t, state } = app;
  /** @type {AlarmRow[]} */
  const all = state.seen.log?.alarms ?? [];
  const answered = all.filter((each) => each.acked_at !== null);
  const settled = all.filter((each) => each.acked_at === null && each.settled_at !== null);
  const open = all.filter((each) => each.acked_at === null && each.settled_at === null);
  return html`${header(app, t('screen.alarms'))}
    <section class="fill list" tabindex="0">
      ${group(app, 'open', open)}${group(app, 'answered', answered)}
      ${group(app, 'settled', settled)}
      ${
        all.length
          ? nothing
          : empty(t('alarms.none'), html`<p class="sub">${t('alarms.none_hint')}</p>`)
      }
    </section>${notice(app)}`;
}

/** @param {App} app @param {string} name @param {AlarmRow[]} all */
const group = (app, name, all) =>
  all.length
    ? html`<h2>${app.t(`alarms.${name}`)} (${all.length})</h2>
      ${all.map((each) => alarmRow(app, each))}`
    : nothing;

/** @param {App} app @param {AlarmRow} each */
function alarmRow(app, each) {
  const { t } = app;
  const { acked_at: acked, acked_by: by, settled_at: settled, person, roles } = each;
  const raised = each.raised_at;
  const whom = person ? app.name(person.name) : t('alarms.roles', { roles });
  const order = each.facts.order;
  const said = () => {
    if (acked)
      return t('alarms.answered_by', { name: by?.name ?? '—', took: span(app, acked - raised) });
    if (settled) return t('alarms.settled_after', { took: span(app, settled - raised) });
    return `${whom} · ${age(app, raised)} ${messageText(app, each)}`;
  };
  return row({
    main: alarmText(app, each),
    sub: said(),
    behind: chip(when(app, raised), acked || settled ? '' : 'bad'),
    tone: acked || settled ? 'is-done' : 'stopped',
    ...(order ? { onPress: () => app.go('order', order) } : {}),
  });
}
