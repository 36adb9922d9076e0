// What lies over a screen when asked for: menu, help, a quantity, a reason, a film.

import { html, nothing } from '../../vendor/lit.js';
import { pageOf, turns } from '../core/choosing.js';
import { isInHand } from '../core/task.js';
import { signal } from '../io/signals.js';
import { choices } from '../parts/choices.js';
import { action, footer, keypad, notice } from '../parts/parts.js';
import { QTY_CHARS_MAX, title, typed } from './dialogs.js';
import * as film from './film.js';
import { MENU, PRACTISED, SCREENS, worksAt } from './registry.js';

/** @param {App} app */
export function view(app) {
  const { dialog } = app.state;
  if (dialog?.kind === 'qty') return qty(app, dialog);
  if (dialog?.kind === 'reason') return reasons(app, dialog);
  if (dialog?.kind === 'sure') return sure(app, dialog);
  if (dialog?.kind === 'film') return film.view(app);
  return dialog?.kind === 'help' ? help(app) : places(app);
}

/** Where somebody can go: what is theirs, part by part, then what is for others. */
/** @param {App} app */
function places(app) {
  const { t, state } = app;
  const roles = state.session?.person.roles ?? [];
  const all = Object.entries(SCREENS).filter(([id, place]) => place.menu && isHere(state, id));
  const own = all.filter(([, place]) => worksAt(place, roles));
  const parts = MENU.map((menu) =>
    part(app, menu, [
      ...own.filter(([, place]) => place.menu === menu).map(([id]) => to(app, id)),
      ...(menu === 'work' ? [releaseAction(app)] : []),
      ...(menu === 'device' ? [helpAction(app)] : []),
    ]),
  );
  const others = all.filter(([, place]) => !worksAt(place, roles));
  const shut = others.map(([id, place]) =>
    to(app, id, { code: 'role_missing', facts: { roles: place.roles } }),
  );
  return html`${title(app, t('act.menu'))}
    <div class="fill places">${parts}${part(app, 'others', shut)}</div>
    ${footer(
      state.practice
        ? nothing
        : action(app, {
            text: t('act.shift_over'),
            why: app.why('session.close'),
            onPress: () => app.send('session.close', { shift_over: true }),
          }),
      action(app, {
        text: t(state.practice ? 'act.leave_training' : 'act.sign_out'),
        why: app.why('session.close'),
        onPress: () => app.signOut(),
      }),
    )}`;
}

/** Whether the floor has a screen: a practice floor has some, and one of its own. */
/** @param {State} state @param {string} id */
const isHere = ({ practice }, id) => (practice ? PRACTISED.includes(id) : id !== PRACTISED[0]);

/** @param {App} app @param {string} name @param {unknown[]} actions */
const part = (app, name, actions) =>
  actions.some((each) => each !== nothing)
    ? html`<h2>${app.t(`menu.${name}`)}</h2><div class="tiles">${actions}</div>`
    : nothing;

/** @param {App} app @param {ScreenName} screen @param {Refusal | null} [why] */
const to = (app, screen, why = null) =>
  action(app, {
    text: app.t(`screen.${screen}`),
    onPress: () => goTo(app, screen),
    pressed: app.state.screen === screen || (screen === 'tasks' && app.state.screen === 'pick'),
    why,
  });

/** @param {App} app */
const releaseAction = (app) =>
  isInHand(app.state)
    ? action(app, {
        text: app.t('act.release'),
        why: app.why('task.release'),
        onPress: () => release(app),
      })
    : nothing;

/** @param {App} app */
const helpAction = (app) =>
  action(app, { text: app.t('screen.help'), onPress: () => app.open({ kind: 'help' }) });

/** Give the task back, with a reason. @param {App} app */
export function release(app) {
  const { task } = app.state;
  app.askReason('release', (reason) => {
    app.close();
    if (task) app.send('task.release', { task_id: task.id, reason });
  });
}

/** @param {App} app @param {ScreenName} screen */
function goTo(app, screen) {
  app.go(screen === 'tasks' && isInHand(app.state) ? 'pick' : screen);
}

/** @param {App} app */
function help(app) {
  const { t, state } = app;
  const lines = t(`help.${state.screen}`).split('|');
  return html`${title(app, t('screen.help'))}<div class="fill help" tabindex="0">
    <ol>${lines.map((line) => html`<li>${line}</li>`)}</ol>
    <p class="sub">${t('help.cards')}</p></div>`;
}

/** @param {App} app @param {Extract<Dialog, {kind: 'qty'}>} dialog */
function qty(app, dialog) {
  const { t } = app;
  const shown = String(entered(dialog));
  return html`${title(app, dialog.title)}
    <p class="name">${dialog.label}</p>
    ${keypad(app, {
      shown,
      label: dialog.title,
      onDigit: (d) => app.open({ ...dialog, text: (dialog.text + d).slice(0, QTY_CHARS_MAX) }),
      onBack: () => app.open({ ...dialog, text: dialog.text.slice(0, -1) }),
    })}
    ${notice(app)}
    ${footer(
      action(app, {
        tone: 'main',
        text: t('act.ok_qty', { qty: shown }),
        onPress: () => takeQty(app, dialog, entered(dialog)),
      }),
    )}`;
}

/**
 * The typed number, or what OK means before a digit is typed.
 * @param {Extract<Dialog, {kind: 'qty'}>} dialog
 */
const entered = (dialog) => (dialog.text ? Number(dialog.text) : dialog.preset);

/** @param {App} app @param {Extract<Dialog, {kind: 'qty'}>} dialog @param {number} value */
function takeQty(app, dialog, value) {
  if (value <= dialog.max) app.onQty(value);
  else app.tell('wrong', 'refusal.qty_mismatch', { expected: `≤ ${dialog.max}`, got: value });
}

/** @param {App} app @param {Extract<Dialog, {kind: 'reason'}>} dialog */
function reasons(app, dialog) {
  const { t, state } = app;
  const list = state.reasons?.[dialog.list] ?? [];
  return html`${title(app, t(`reason.${dialog.list}`))}<div class="stack fill">
    ${choices(
      app,
      list,
      (each) => ({ text: app.name(each), onPress: () => app.onReason(each.code) }),
      { turned: dialog.turned, onTurn: () => turn(app, dialog) },
    )}
    ${list.length ? nothing : html`<p class="sub">${t('reason.none')}</p>`}</div>`;
}

/** @param {App} app @param {Extract<Dialog, {kind: 'reason'}>} dialog */
const turn = (app, dialog) => app.open({ ...dialog, turned: (dialog.turned ?? 0) + 1 });

/** @param {App} app @param {Extract<Dialog, {kind: 'sure'}>} dialog */
function sure(app, dialog) {
  return html`${title(app, dialog.title)}<p class="name fill">${dialog.text}</p>${notice(app)}
    ${footer(
      action(app, { text: app.t('act.back'), onPress: () => app.close() }),
      action(app, { tone: 'main', text: dialog.title, onPress: () => takeSure(app) }),
    )}`;
}

/** @param {App} app */
function takeSure(app) {
  app.close();
  app.onSure();
}

/**
 * Ask a supervisor for a gift of equal value in place of one that is short.
 * @param {App} app
 * @param {string} order
 * @param {{no: number} | undefined} line of a gift, if there is one
 */
export function askGift(app, order, line) {
  const why = line ? app.why('gift.substitute') : { code: 'not_a_gift' };
  if (why) app.refuse(why);
  else
    app.askReason('gift', (reason) => {
      app.close();
      app.send('gift.substitute', { order_id: order, line: line?.no, reason });
    });
}

/** @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  const { dialog } = app.state;
  if (dialog?.kind === 'menu' || dialog?.kind === 'help') {
    app.close();
    app.onScan(scan.code);
    return;
  }
  if (dialog?.kind === 'qty' && scan.type === 'command') {
    if (scan.name === 'OK') takeQty(app, dialog, entered(dialog));
    else if (scan.digit !== null) {
      typed(app, scan.digit);
      signal('kept');
    } else if (scan.qty !== null) takeQty(app, dialog, scan.qty);
    else {
      app.close();
      app.onScan(scan.code);
    }
    return;
  }
  if (dialog?.kind === 'reason' && scan.type === 'command') {
    if (turns(scan)) {
      turn(app, dialog);
      return;
    }
    const { shown } = pageOf(app.state.reasons?.[dialog.list] ?? [], dialog.turned);
    const picked = shown[scan.name === 'OK' ? 0 : scan.nth - 1];
    if (picked) {
      app.onReason(picked.code);
      return;
    }
  }
  if (dialog?.kind === 'sure' && scan.type === 'command' && scan.name === 'OK') {
    takeSure(app);
    return;
  }
  if (dialog?.kind === 'film' && scan.type === 'command' && scan.name === 'OK') {
    film.finish(app);
    return;
  }
  app.tell('wrong', 'notice.dialog_first');
}
