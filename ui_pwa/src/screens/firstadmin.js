// The first admin: the code of the box's console, a name, a PIN; then a badge to print. Nothing of
// it is kept on the PDA.

import { html } from '../../vendor/lit.js';
import { BoxError, call } from '../io/box.js';
import { byId } from '../painter.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { badgeCard } from './badge.js';
import { lookAtDoorstep } from './sign_in.js';

const CODE_CHARS_MAX = 12;
const NAME_CHARS_MAX = 40;
const PIN_CHARS = 6;

/** @type {IssuedBadge | null} */
let made = null;

/** @param {App} app */
export function view(app) {
  const { t } = app;
  const back = action(app, {
    text: t(made ? 'act.to_signin' : 'act.back'),
    tone: made ? 'main' : '',
    onPress: () => leave(app),
  });
  return html`${header(app, t('screen.firstadmin'))}
    <section class="fill list">${made ? badgeCard(app, made) : form(app)}</section>
    ${notice(app)}
    ${
      made
        ? footer(back)
        : footer(
            back,
            action(app, { tone: 'main', text: t('act.admin_claim'), onPress: () => claim(app) }),
          )
    }`;
}

/** @param {App} app */
function form({ t }) {
  /** @type {(name: string, type: string, max: number) => unknown} */
  const field = (name, type, max) =>
    html`<label class="field">${t(`firstadmin.${name}`)}
      <input type=${type} name=${name} maxlength=${max} autocomplete="off"
        inputmode=${type === 'password' ? 'numeric' : 'text'}></label>`;
  return html`<p class="lead">${t('firstadmin.how')}</p>
    <form id="claim" class="stack" @submit=${(/** @type {Event} */ e) => e.preventDefault()}>
      ${field('code', 'text', CODE_CHARS_MAX)}
      ${field('name_zh', 'text', NAME_CHARS_MAX)}
      ${field('name_en', 'text', NAME_CHARS_MAX)}
      ${field('pin', 'password', PIN_CHARS)}
      ${field('again', 'password', PIN_CHARS)}
    </form>`;
}

/** @param {App} app */
async function claim(app) {
  const form = /** @type {HTMLFormElement} */ (byId('claim'));
  const { again, ...asked } = Object.fromEntries(new FormData(form));
  if (asked.pin !== again) {
    app.refuse({ code: 'pin_differs' });
    return;
  }
  try {
    made = await call('POST', '/first-admin', asked);
    form.reset();
    const printers = await call('GET', '/printers').catch(() => null);
    app.dispatch({ type: 'seen', what: 'printers', value: printers });
    app.tell('good', 'notice.admin_made');
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    app.refuse(error.refusal);
  }
}

/** @param {App} app */
function leave(app) {
  made = null;
  app.go('signin');
  lookAtDoorstep(app);
}
