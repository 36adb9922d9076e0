// PDAs: who was let in, since when, and still there; letting one in; sending one off.

import { html, nothing } from '../../vendor/lit.js';
import { BoxError, call } from '../io/box.js';
import { byId } from '../painter.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { chip, empty, row } from '../parts/rows.js';
import { age, card, facts } from '../parts/sheets.js';

const HEARS = /^(device\.(paired|renamed|revoked)|session\.)/;
const NAME_CHARS_MAX = 40;
const CODE_US = 300_000_000;
const SECOND_MS = 1000;

/** @param {App} app @returns {PdaView[]} */
const known = (app) => app.state.seen.pdas?.pdas ?? [];

/** Those in use first, by name. @param {PdaView} a @param {PdaView} b */
const inUseFirst = (a, b) =>
  Number(Boolean(a.revoked_at)) - Number(Boolean(b.revoked_at)) || a.name.localeCompare(b.name);

/** When it was here last, in words. @param {App} app @param {PdaView} p */
function presence(app, p) {
  if (p.revoked_at) return app.t('pdas.revoked', { age: age(app, p.revoked_at) });
  if (p.online) return app.t('pdas.online');
  return p.seen_at ? app.t('pdas.seen', { age: age(app, p.seen_at) }) : app.t('pdas.unseen');
}

export const pdas = {
  hears: HEARS,
  reads: () => ({ pdas: '/pdas' }),
  /** @param {App} app */
  view(app) {
    const { t } = app;
    const all = [...known(app)].sort(inUseFirst);
    return html`${header(app, t('screen.pdas'))}
      <section class="fill list">
        ${all.map((each) => pdaRow(app, each))}${all.length ? nothing : empty(t('pdas.none'))}
      </section>${notice(app)}${footer(pairAction(app))}`;
  },
};

/** @param {App} app @param {PdaView} p */
const pdaRow = (app, p) =>
  row({
    main: p.name,
    sub: [presence(app, p), p.engine].filter(Boolean).join(' · '),
    behind: p.id === app.device ? chip(app.t('pdas.this'), 'good') : nothing,
    tone: p.revoked_at ? 'stopped' : '',
    onPress: () => app.go('pda', p.id),
  });

/** @param {App} app @param {string} [text] */
const pairAction = (app, text = 'act.pair') =>
  action(app, {
    tone: 'main',
    text: app.t(text),
    why: app.state.link === 'up' ? null : { code: 'box_away' },
    onPress: () => invite(app),
  });

/** Ask the box for a code, and show it. @param {App} app */
async function invite(app) {
  try {
    const value = await call('POST', '/pairings', {});
    app.dispatch({ type: 'seen', what: 'invitation', value });
    app.go('pairing');
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    app.refuse(error.refusal);
  }
}

export const pairing = {
  hears: HEARS,
  reads: () => ({ pdas: '/pdas' }),
  /** @param {App} app */
  view(app) {
    const { t } = app;
    const back = action(app, { text: t('act.pdas'), onPress: () => app.go('pdas') });
    return html`${header(app, t('screen.pairing'))}
      <section class="fill centre">${step(app)}</section>${notice(app)}
      ${footer(back, pairAction(app, 'act.pair_again'))}`;
  },
};

/** The code while it is good, then what became of it. @param {App} app */
function step(app) {
  const { t, state } = app;
  /** @type {Invitation | undefined} */
  const code = state.seen.invitation;
  if (!code) return empty(t('pairing.none'));
  const joined = known(app).find((p) => p.paired_at >= code.expires_at - CODE_US && !p.revoked_at);
  if (joined) {
    return html`<p class="strip good lead">✓ ${t('pairing.joined', { name: joined.name })}</p>`;
  }
  const left = Math.ceil(Math.min(code.expires_at - app.nowUs(), CODE_US) / 1e6);
  if (left <= 0) return empty(t('pairing.over'));
  app.soon('countdown', SECOND_MS, () => app.paint());
  const shown = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
  return html`<figure class="slip invite"><img src=${code.qr} alt=${t('pairing.qr')}>
      <figcaption>${t('pairing.scan')}</figcaption></figure>
    <p class="sub">${t('pairing.type')}</p>
    <p class="code long">${code.short.slice(0, 4)}-${code.short.slice(4)}</p>
    <p class="sub" role="timer">${t('pairing.left', { time: shown })}</p>`;
}

export const pda = {
  hears: HEARS,
  reads: () => ({ pdas: '/pdas' }),
  /** @param {App} app */
  view(app) {
    const { t } = app;
    const p = known(app).find((each) => each.id === app.state.about);
    const back = action(app, { text: t('act.back'), onPress: () => app.go('pdas') });
    return html`${header(app, p?.name ?? t('screen.pda'))}
      <section class="fill list">${p ? sheet(app, p) : empty(t('devices.reading'))}</section>
      ${notice(app)}${footer(back, p ? offAction(app, p) : nothing)}`;
  },
};

/** @param {App} app @param {PdaView} p */
function sheet(app, p) {
  const { t } = app;
  const { engine, paired_at } = p;
  const paired_by = p.paired_by.startsWith('uid:') ? t('pdas.by_shell') : p.paired_by;
  return html`
    ${
      p.persisted || p.revoked_at
        ? nothing
        : html`<p class="strip">${t('pdas.not_persisted')}</p>`
    }
    ${card({
      title: t('devices.facts'),
      behind: chip(presence(app, p), p.revoked_at ? 'bad' : p.online ? 'good' : ''),
      body: facts(app, { engine, storage: p.persisted, paired_at, paired_by }),
    })}
    ${p.revoked_at ? nothing : naming(app, p)}`;
}

/** @param {App} app @param {PdaView} p */
function naming(app, p) {
  const { t } = app;
  const rename = (/** @type {Event} */ event) => {
    event.preventDefault();
    const said = new FormData(/** @type {HTMLFormElement} */ (byId('naming')));
    const why = app.why('device.rename');
    if (why) app.refuse(why);
    else app.send('device.rename', { pda: p.id, name: String(said.get('name')).trim() || p.name });
  };
  return card({
    title: t('act.rename'),
    body: html`<form id="naming" class="stack" @submit=${rename}>
      <label class="field">${t('devices.name')}
        <input type="text" name="name" maxlength=${NAME_CHARS_MAX} autocomplete="off"
          value=${p.name}></label>
      ${action(app, {
        text: t('act.rename'),
        why: app.why('device.rename'),
        onPress: () => /** @type {HTMLFormElement} */ (byId('naming')).requestSubmit(),
      })}</form>`,
  });
}

/** Send it off, or let it in again. @param {App} app @param {PdaView} p */
const offAction = (app, p) =>
  p.revoked_at
    ? pairAction(app)
    : action(app, {
        text: app.t('act.revoke'),
        why: app.why('device.revoke'),
        onPress: () => {
          const of = { title: app.t('act.revoke'), text: app.t('pdas.sure', { name: p.name }) };
          app.askSure(of, () => app.send('device.revoke', { pda: p.id }));
        },
      });
