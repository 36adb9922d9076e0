// What lies over a screen when asked for: menu, help, a quantity, a reason.

import { html, nothing } from '../../vendor/lit.js';
import { signal } from '../io/signals.js';
import { action, footer, keypad, notice } from '../parts/parts.js';
import { QTY_CHARS_MAX, title, typed } from './dialogs.js';

/** Places, and the roles that work there; the others may go everywhere. */
/** @type {{screen: ScreenName, roles: string[]}[]} */
const PLACES = [
  { screen: 'tasks', roles: ['picker'] },
  { screen: 'pack', roles: ['packer'] },
  { screen: 'handover', roles: ['packer', 'keeper'] },
  { screen: 'putback', roles: ['picker', 'keeper'] },
  { screen: 'counts', roles: ['picker', 'keeper'] },
  { screen: 'orders', roles: ['picker', 'packer', 'keeper'] },
  { screen: 'approvals', roles: ['picker', 'packer', 'keeper'] },
  { screen: 'prints', roles: ['packer', 'keeper'] },
  { screen: 'fixes', roles: ['packer', 'keeper'] },
  { screen: 'lots', roles: ['keeper'] },
  { screen: 'live', roles: ['keeper'] },
  { screen: 'devices', roles: ['keeper'] },
];
const EVERYWHERE = ['leader', 'supervisor', 'admin'];

/** @param {App} app */
export function view(app) {
  const { dialog } = app.state;
  if (dialog?.kind === 'qty') return qty(app, dialog);
  if (dialog?.kind === 'reason') return reasons(app, dialog);
  if (dialog?.kind === 'sure') return sure(app, dialog);
  return dialog?.kind === 'help' ? help(app) : places(app);
}

/** @param {App} app */
function places(app) {
  const { t, state } = app;
  const roles = state.session?.person.roles ?? [];
  const mayAll = roles.some((r) => EVERYWHERE.includes(r));
  const may = (/** @type {typeof PLACES[number]} */ place) =>
    mayAll || place.roles.some((r) => roles.includes(r));
  const place = (/** @type {typeof PLACES[number]} */ each) => {
    const { screen, roles: wanted } = each;
    return action(app, {
      text: t(`screen.${screen}`),
      onPress: () => goTo(app, screen),
      pressed: state.screen === screen || (screen === 'tasks' && state.screen === 'pick'),
      why: may(each) ? null : { code: 'role_missing', facts: { roles: wanted } },
    });
  };
  return html`${title(app, t('act.menu'))}<div class="stack fill places">
    ${[...PLACES].sort((a, b) => Number(may(b)) - Number(may(a))).map(place)}
    ${
      state.task?.state === 'taken'
        ? action(app, {
            text: t('act.release'),
            why: app.why('task.release'),
            onPress: () => release(app),
          })
        : nothing
    }
    ${action(app, { text: t('screen.status'), onPress: () => app.go('status') })}
    ${action(app, { text: t('screen.help'), onPress: () => app.open({ kind: 'help' }) })}
    ${action(app, {
      text: t('act.sign_out'),
      why: app.why('session.close'),
      onPress: () => app.signOut(),
    })}
  </div>`;
}

/** @param {App} app */
function release(app) {
  const { task } = app.state;
  app.askReason('release', (reason) => {
    app.close();
    if (task) app.send('task.release', { task_id: task.id, reason });
  });
}

/** @param {App} app @param {ScreenName} screen */
function goTo(app, screen) {
  const inHand = app.state.task && app.state.task.state !== 'done';
  app.go(screen === 'tasks' && inHand ? 'pick' : screen);
}

/** @param {App} app */
function help(app) {
  const { t, state } = app;
  const lines = t(`help.${state.screen}`).split('|');
  return html`${title(app, t('screen.help'))}<div class="fill help">
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
    ${list.map((each, i) =>
      action(app, {
        text: html`<span class="nth">${i + 1}</span> ${app.name(each)}`,
        onPress: () => app.onReason(each.code),
      }),
    )}
    ${list.length ? nothing : html`<p class="sub">${t('reason.none')}</p>`}</div>`;
}

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
    const list = app.state.reasons?.[dialog.list] ?? [];
    const picked = list[scan.name === 'OK' ? 0 : Number(scan.qty ?? scan.digit ?? 0) - 1];
    if (picked) {
      app.onReason(picked.code);
      return;
    }
  }
  if (dialog?.kind === 'sure' && scan.type === 'command' && scan.name === 'OK') {
    takeSure(app);
    return;
  }
  app.tell('wrong', 'notice.dialog_first');
}
