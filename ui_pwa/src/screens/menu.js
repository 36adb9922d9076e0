// Where to go, and how to do what is on the screen.

import { html } from '../../vendor/lit.js';
import { action } from '../parts/parts.js';
import { title } from './dialogs.js';

/** Places, and the roles that work there; the others may go everywhere. */
/** @type {{screen: ScreenName, roles: string[]}[]} */
const PLACES = [
  { screen: 'tasks', roles: ['picker'] },
  { screen: 'pack', roles: ['packer'] },
  { screen: 'handover', roles: ['packer', 'keeper'] },
  { screen: 'putback', roles: ['picker', 'keeper'] },
];
const EVERYWHERE = ['leader', 'supervisor', 'admin'];

/** @param {App} app */
export function view(app) {
  return app.state.dialog?.kind === 'help' ? help(app) : places(app);
}

/** @param {App} app */
function places(app) {
  const { t, state } = app;
  const roles = state.session?.person.roles ?? [];
  const mayAll = roles.some((r) => EVERYWHERE.includes(r));
  const place = (/** @type {typeof PLACES[number]} */ { screen, roles: wanted }) => action(app, {
    text: t(`screen.${screen}`), onPress: () => goTo(app, screen), pressed: state.screen === screen || (screen === 'tasks' && state.screen === 'pick'),
    why: mayAll || wanted.some((r) => roles.includes(r)) ? null
      : { code: 'role_missing', facts: { roles: wanted } },
  });
  return html`${title(app, t('act.menu'))}<div class="stack fill">
    ${PLACES.map(place)}
    ${action(app, { text: t('screen.status'), onPress: () => app.go('status') })}
    ${action(app, { text: t('screen.help'), onPress: () => app.open({ kind: 'help' }) })}
    ${action(app, { text: t('act.sign_out'), why: app.why('session.close'), onPress: () => app.signOut() })}
  </div>`;
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
