// Who works here: the list, and one person with what a superior can do for them.

import { html, nothing } from '../../vendor/lit.js';
import { newId } from '../app.js';
import { BoxError, call } from '../io/box.js';
import { byId } from '../painter.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { chip, empty, row } from '../parts/rows.js';
import { age, card, facts } from '../parts/sheets.js';
import { badgeCard } from './badge.js';

const HEARS = /^(people|person|badge|pin|session|shift)\./;
const ROLES = ['picker', 'packer', 'keeper', 'leader', 'supervisor', 'admin'];
const NAME_CHARS_MAX = 40;
const NUMBER_CHARS_MAX = 20;

/** @param {App} app @returns {StaffView[]} */
const staff = (app) => app.state.seen.people?.people ?? [];
const reads = () => ({ people: '/people', printers: '/printers' });

export const people = {
  hears: HEARS,
  reads,
  /** @param {App} app */
  view(app) {
    const { t } = app;
    const all = staff(app);
    const ill = all.filter(isHeld);
    const here = all.filter((p) => p.active && !isHeld(p));
    const gone = all.filter((p) => !p.active && !isHeld(p));
    return html`${header(app, t('screen.people'))}
      <section class="fill list">
        ${nameless(app, all.filter((p) => p.active && !p.named))}
        ${group(app, 'locked', ill)}${group(app, 'here', here)}${group(app, 'gone', gone)}
        ${all.length ? nothing : empty(t('people.none'))}
      </section>${notice(app)}
      ${footer(
        action(app, { text: t('screen.newcomer'), onPress: () => app.go('newcomer') }),
      )}`;
  },
};

/** @param {StaffView} p */
const isHeld = (p) => p.locked || p.tries.some((each) => each.held);

/** @param {App} app @param {string} name @param {StaffView[]} all */
const group = (app, name, all) =>
  all.length
    ? html`<h2>${app.t(`people.${name}`)} (${all.length})</h2>${all.map((p) => personRow(app, p))}`
    : nothing;

/** Those whose name only a box had that is no more: each gets one in one go. */
/** @param {App} app @param {StaffView[]} all */
const nameless = (app, all) =>
  all.length
    ? html`<h2>${app.t('people.nameless')} (${all.length})</h2>
      <p class="sub">${app.t('people.nameless_hint')}</p>${all.map((p) => naming(app, p))}`
    : nothing;

/** @param {App} app @param {StaffView} p */
function naming(app, p) {
  const { t } = app;
  const id = `name-${p.id}`;
  const save = (/** @type {Event} */ event) => {
    event.preventDefault();
    const said = new FormData(/** @type {HTMLFormElement} */ (byId(id)));
    app.send('person.rename', { person: p.id, name_zh: said.get('zh'), name_en: '' });
  };
  return card({
    title: p.id,
    behind: html`<span class="sub">${roles(app, p)}</span>`,
    body: html`<form id=${id} class="stack" @submit=${save}>
      <label class="field">${t('people.name')}
        <input type="text" name="zh" maxlength=${NAME_CHARS_MAX} autocomplete="off"></label>
      ${action(app, {
        text: t('act.rename'),
        why: app.why('person.rename'),
        onPress: () => /** @type {HTMLFormElement} */ (byId(id)).requestSubmit(),
      })}</form>`,
  });
}

/** @param {App} app @param {StaffView} p */
function personRow(app, p) {
  const { t } = app;
  const places = p.seats.map((seat) => seat.station || t('people.signed_in'));
  return row({
    main: app.name(p.name),
    sub: [p.id, roles(app, p), ...new Set(places)].join(' · '),
    behind: html`${isHeld(p) ? chip(t('people.is_locked'), 'bad') : nothing}${
      p.active && !p.badge ? chip(t('people.no_badge'), 'tag') : nothing
    }${p.active && p.badge && !p.pin ? chip(t('people.no_pin'), 'tag') : nothing}`,
    tone: isHeld(p) ? 'stopped' : '',
    onPress: () => app.go('person', p.id),
  });
}

/** @param {App} app @param {StaffView} p */
const roles = (app, p) => p.roles.map((role) => app.t(`roles.${role}`)).join(' ');

export const person = {
  hears: HEARS,
  reads,
  /** @param {App} app */
  view(app) {
    const { t, state } = app;
    const p = staff(app).find((each) => each.id === state.about);
    const back = action(app, { text: t('act.back'), onPress: () => app.go('people') });
    return html`${header(app, p ? app.name(p.name) : t('screen.person'))}
      <section class="fill list">${p ? sheet(app, p) : empty(t('people.none'))}</section>
      ${notice(app)}${footer(back)}`;
  },
};

/** @param {App} app @param {StaffView} p */
function sheet(app, p) {
  const { t } = app;
  const { badge = null, pin = '' } = given(app, p) ?? {};
  return html`
    ${isHeld(p) ? locks(app, p) : nothing}
    ${badge ? badgeCard(app, badge) : nothing}
    ${pin ? pinCard(app, pin) : nothing}
    ${card({
      title: t('people.badge'),
      behind: chip(t(p.badge ? 'people.has_badge' : 'people.no_badge'), p.badge ? 'good' : 'bad'),
      body: html`${
        p.badge_at
          ? html`<p class="sub">${t('people.issued', { age: age(app, p.badge_at) })}</p>`
          : nothing
      }
        <div class="stack">${badgeActions(app, p)}</div>`,
    })}
    ${card({
      title: t('people.seats'),
      body: p.seats.length
        ? p.seats.map((seat) => html`<p>${seat.station || `…${seat.device.slice(-6)}`} ·
            ${age(app, seat.since)}${seat.locked ? html` · ${t('lock.title')}` : nothing}</p>`)
        : html`<p class="sub">${t('people.nowhere')}</p>`,
    })}
    ${record(app, p)}`;
}

/** Wrong PINs that closed a badge, and what opens it. @param {App} app @param {StaffView} p */
const locks = (app, p) =>
  card({
    title: app.t('people.is_locked'),
    tone: 'stopped',
    body: html`<p>${app.t(p.locked ? 'people.locked_all' : 'people.locked_here')}</p>
      ${facts(app, Object.fromEntries(p.tries.map((t) => [`…${t.device.slice(-6)}`, t.today])))}
      ${action(app, {
        tone: 'main',
        text: app.t('act.badge_unlock'),
        why: app.why('badge.unlock'),
        onPress: () =>
          app.askReason('badge_unlock', (reason) => {
            app.close();
            app.send('badge.unlock', { person: p.id, reason });
          }),
      })}`,
  });

/** @param {App} app @param {StaffView} p */
function badgeActions(app, p) {
  const { t } = app;
  const off = p.active ? null : { code: 'person_disabled', facts: { person: p.id } };
  const sure = (/** @type {string} */ act, /** @type {() => unknown} */ then) =>
    app.askSure({ title: t(`act.${act}`), text: t(`people.sure_${act}`) }, then);
  return html`${action(app, {
    tone: 'choice',
    text: t(p.badge ? 'act.badge_again' : 'act.badge_issue'),
    why: off ?? app.why('badge.issue'),
    onPress: () => (p.badge ? sure('badge_again', () => issue(app, p)) : issue(app, p)),
  })}
  ${action(app, {
    text: t('act.pin_give'),
    why: off ?? app.why('pin.set'),
    onPress: () => sure('pin_give', () => givePin(app, p)),
  })}
  ${action(app, {
    text: t('act.badge_revoke'),
    why: p.badge ? app.why('badge.revoke') : { code: 'badge_missing' },
    onPress: () =>
      app.askReason('badge_revoke', (reason) => {
        app.close();
        app.send('badge.revoke', { person: p.id, reason });
      }),
  })}
  ${action(app, {
    text: t(p.active ? 'act.person_disable' : 'act.person_enable'),
    why: app.why('person.disable'),
    onPress: () =>
      p.active
        ? sure('person_disable', () => app.send('person.disable', { person: p.id }))
        : app.send('person.disable', { person: p.id, disabled: false }),
  })}`;
}

/** @param {App} app @param {StaffView} p */
const issue = (app, p) =>
  asked(app, async () => {
    /** @type {IssuedBadge} */
    const badge = await call('POST', `/people/${encodeURIComponent(p.id)}/badge`, { id: newId() });
    give(app, { person: p.id, badge, pin: badge.pin ?? '' });
  });

/** @param {App} app @param {StaffView} p */
const givePin = (app, p) =>
  asked(app, async () => {
    const { pin } = await call('POST', `/people/${encodeURIComponent(p.id)}/pin`, { id: newId() });
    give(app, { person: p.id, badge: given(app, p)?.badge ?? null, pin });
  });

/** What this person was just given, if anything. @param {App} app @param {StaffView} p */
const given = ({ state }, p) => (state.given?.person === p.id ? state.given : null);

/** Show it, unless its screen was left meanwhile. @param {App} app @param {Given} given */
const give = (app, given) =>
  app.state.about === given.person && app.dispatch({ type: 'given', given });

/** @param {App} app @param {() => Promise<unknown>} work */
async function asked(app, work) {
  app.close();
  try {
    await work();
    app.tell('good', 'notice.saved');
    app.refresh('seen');
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    app.refuse(error.refusal);
  }
}

/** What a person begins with; it is shown once. @param {App} app @param {string} text */
const pinCard = (app, text) =>
  card({
    title: app.t('people.pin_given'),
    tone: 'now',
    body: html`<output class="shown">${text}</output><p>${app.t('people.pin_once')}</p>`,
  });

/** Name and roles, as a form. @param {App} app @param {StaffView} p */
function record(app, p) {
  const { t } = app;
  const rename = () => {
    const said = new FormData(/** @type {HTMLFormElement} */ (byId('person')));
    app.send('person.rename', { person: p.id, name_zh: said.get('zh'), name_en: said.get('en') });
  };
  const regroup = () => {
    const said = new FormData(/** @type {HTMLFormElement} */ (byId('person')));
    app.send('person.roles', { person: p.id, roles: said.getAll('roles') });
  };
  return card({
    title: t('people.record'),
    behind: html`<span class="sub">${p.id}</span>`,
    body: html`<form id="person" class="stack"
      @submit=${(/** @type {Event} */ e) => e.preventDefault()}>
      ${names(app, p.name)}
      ${action(app, { text: t('act.rename'), why: app.why('person.rename'), onPress: rename })}
      ${checks(app, p.roles)}
      ${action(app, { text: t('act.roles'), why: app.why('person.roles'), onPress: regroup })}
    </form>`,
  });
}

/** @param {App} app @param {Name} [name] */
const names = ({ t }, name) => html`<label class="field">${t('people.name_zh')}
    <input type="text" name="zh" maxlength=${NAME_CHARS_MAX} autocomplete="off"
      value=${name?.zh ?? ''}></label>
  <label class="field">${t('people.name_en')}
    <input type="text" name="en" maxlength=${NAME_CHARS_MAX} autocomplete="off"
      value=${name?.en ?? ''}></label>`;

/** @param {App} app @param {string[]} [held] */
const checks = ({ t }, held = []) => html`<fieldset class="radios">
  <legend>${t('people.roles')}</legend>
  ${ROLES.map(
    (role) => html`<label class="radio">
      <input type="checkbox" name="roles" value=${role} ?checked=${held.includes(role)}>
      ${t(`roles.${role}`)}</label>`,
  )}</fieldset>`;

export const newcomer = {
  reads,
  /** @param {App} app */
  view(app) {
    const { t } = app;
    return html`${header(app, t('screen.newcomer'))}
      <section class="fill list"><form id="newcomer" class="stack"
        @submit=${(/** @type {Event} */ e) => e.preventDefault()}>
        <label class="field">${t('people.number')}
          <input type="text" name="person" maxlength=${NUMBER_CHARS_MAX} autocomplete="off"></label>
        ${names(app)}${checks(app)}
      </form></section>
      ${notice(app)}
      ${footer(
        action(app, { text: t('act.back'), onPress: () => app.go('people') }),
        action(app, {
          tone: 'main',
          text: t('act.person_add'),
          why: app.why('person.add'),
          onPress: () => add(app),
        }),
      )}`;
  },
};

/** @param {App} app */
function add(app) {
  const said = new FormData(/** @type {HTMLFormElement} */ (byId('newcomer')));
  app.send('person.add', {
    person: String(said.get('person')).trim(),
    roles: said.getAll('roles'),
    name_zh: said.get('zh'),
    name_en: said.get('en'),
  });
}
