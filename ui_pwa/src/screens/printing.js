// Labels on their way: the print queue with its proof, and orders whose waybill cannot be printed.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import { action, header, notice, reason } from '../parts/parts.js';
import { chip, empty } from '../parts/rows.js';
import { age, card, orderLink, strip } from '../parts/sheets.js';

export const prints = {
  hears: /^(print|slip|waybill)\./,
  reads: () => ({ prints: '/print-jobs', printers: '/printers' }),
  /** @param {App} app */
  view(app) {
    const { t, state } = app;
    /** @type {PrintRow[]} */
    const jobs = state.seen.prints?.jobs ?? [];
    return html`${header(app, t('screen.prints'))}
      <section class="fill list">
        ${printers(app)}
        ${jobs.length ? jobs.map((job) => jobCard(app, job)) : empty(t('prints.none'))}
      </section>${notice(app)}`;
  },
  /** A slip, or a fresh label. @param {App} app @param {Scan} scan */
  scan(app, scan) {
    const kind = scan.type === 'label' ? 'waybill.prove' : 'slip.scan';
    const why = app.why(kind);
    if (scan.type === 'command') app.tell('wrong', 'prints.scan');
    else if (why) app.refuse(why);
    else app.send(kind, { code: scan.code });
  },
};

/** The printers and what ails them. @param {App} app */
export function printers(app) {
  /** @type {PrinterState[]} */
  const all = app.state.seen.printers?.printers ?? [];
  const ill = all.filter((p) => !p.ok);
  if (!all.length) return nothing;
  if (!ill.length) return strip(app.t('prints.all_well', { n: all.length }), 'good');
  return strip(
    ill.map((p) => html`<p><b>${p.name}</b> ${app.t(`job_reason.${p.fault || 'offline'}`)}</p>`),
    'bad',
  );
}

/** @param {App} app @param {PrintRow} job */
function jobCard(app, job) {
  const { t } = app;
  const bad = ['unknown', 'slip', 'failed'].includes(job.state);
  return card({
    title: html`${job.waybill} ${job.n > 1 ? chip(t('label.copy', { n: job.n }), 'tag') : nothing}`,
    behind: chip(t(`state.${job.state}`), bad ? 'bad' : ''),
    tone: bad ? 'bad' : '',
    body: html`${orderLink(app, job.order)}
      <p class="lead">${t(`label.${job.state}`, { printer: job.printer })}</p>
      <p>${job.reason ? t(`job_reason.${job.reason}`) : nothing}</p>
      <p class="sub">${t('word.station')} ${job.station} · ${t(`grade.${job.grade}`)} · ${
        age(app, job.queued_at)
      } · ${t('prints.attempts', { n: job.attempts })}</p>
      ${job.slip ? slipPicture(app, job) : nothing}
      ${resolve(app, job)}`,
  });
}

/** The slip's QR, large enough for a scanner at arm's length. */
/** @param {App} app @param {PrintRow} job */
const slipPicture = (app, job) => slip(app, job.id, job.slip ?? '');

/** @param {App} app @param {string} job @param {string} text */
export const slip = (app, job, text) =>
  html`<figure class="slip"><img src="/api/v1/print-jobs/${job}/slip.svg" alt=${text}>
    <figcaption>${app.t('prints.slip')}</figcaption></figure>`;

/** Only a person can say what became of a label that nobody saw. */
/** @param {App} app @param {PrintRow} job */
function resolve(app, job) {
  if (!job.actions.includes('waybill.resolve')) return nothing;
  const why = app.why('waybill.resolve');
  const say = (/** @type {boolean} */ printed) =>
    app.send('waybill.resolve', { job_id: job.id, printed });
  return html`<div class="pair">
    ${action(app, { text: app.t('act.not_printed'), why, onPress: () => say(false) })}
    ${action(app, { text: app.t('act.printed'), why, onPress: () => say(true) })}</div>`;
}

export const fixes = {
  hears: /^(label|order|carrier)\./,
  reads: () => ({ fixes: '/labels/fix-queue' }),
  /** @param {App} app */
  view(app) {
    const { t } = app;
    /** @type {FixRow[]} */
    const all = app.state.seen.fixes?.orders ?? [];
    return html`${header(app, t('screen.fixes'))}
      <section class="fill list">${
        all.length
          ? all.map((each) => fixCard(app, each))
          : empty(t('fixes.none'), html`<p class="sub">${t('fixes.none_hint')}</p>`)
      }</section>${notice(app)}`;
  },
};

/** @param {App} app @param {FixRow} each */
function fixCard(app, each) {
  const { t } = app;
  const offers = each.suggest.map(
    (s) => html`<li>${app.name(s.carrier_name)} · ${app.name(s.service_name)}</li>`,
  );
  return card({
    title: html`${t('word.order')} ${shortOrder(each.order)}`,
    behind: each.lane === '24h' ? chip('24H', 'rush') : nothing,
    tone: 'bad',
    body: html`<p class="lead">${reason(app, each)}</p>
      <p>${each.rule_name ? app.name(each.rule_name) : nothing}</p>
      <p>${t(`hint.${each.code}`, each.facts)}</p>
      ${
        offers.length
          ? html`<p>${t('fixes.suggest')}</p><ul class="plain-list">${offers}</ul>`
          : nothing
      }
      <p class="sub">${age(app, each.since)}</p>${orderLink(app, each.order)}`,
  });
}
