// Evidence of an order: a photo, or a film that begins with the camera and ends by a press, a card
// or itself.

import { html } from '../../vendor/lit.js';
import { Film } from '../io/film.js';
import { keep, take } from '../io/photos.js';
import { action, footer } from '../parts/parts.js';
import { title } from './dialogs.js';

/** How often the time that is left is looked at, ms. */
const LOOK_MS = 250;

/** @type {Film | null} */
let film = null;
/** Why the camera does not work; '' while it does. */
let fault = '';

/** The ways to show how an order was; what they make may wait on the PDA. */
/** @param {App} app @param {string} order */
export function evidence(app, order) {
  const n = app.state.photos;
  const note = n ? app.t('pack.photos_wait', { n }) : '';
  return html`<div class="pair">
    ${action(app, { text: app.t('act.photo'), note, onPress: () => take(app, order) })}
    ${action(app, { text: app.t('act.film'), onPress: () => begin(app, order) })}</div>`;
}

/** @param {App} app @param {string} order */
async function begin(app, order) {
  const own = new Film();
  film = own;
  fault = '';
  app.open({ kind: 'film', order });
  const look = setInterval(() => {
    if (own.over) clearInterval(look);
    else if (film !== own || !dialogOf(app)) own.drop(); // it was closed, or another one begun
    else if (!own.leftS || document.hidden) finish(app);
    else app.paint();
  }, LOOK_MS);
  try {
    await own.start();
  } catch (error) {
    own.drop();
    const denied = error instanceof DOMException && error.name === 'NotAllowedError';
    if (film === own) fault = denied ? 'denied' : 'none';
  }
  app.paint();
}

/** @param {App} app */
const dialogOf = (app) => (app.state.dialog?.kind === 'film' ? app.state.dialog : null);

/** End the film and keep it. @param {App} app */
export async function finish(app) {
  const order = dialogOf(app)?.order;
  const own = film;
  const shot = own?.stop();
  if (!order || !own?.over) return; // the camera is still coming
  app.close();
  const blob = await shot;
  if (blob?.size) await keep(app, order, () => blob);
  else app.refuse({ code: 'photo_unkept' }); // ended before its first picture
}

/** @param {App} app */
export function view(app) {
  const { t } = app;
  if (fault)
    return html`${title(app, t('act.film'))}
      <p class="fill lead">${t(`film.fault_${fault}`)}</p>
      ${footer(action(app, { text: t('act.back'), onPress: () => app.close() }))}`;
  const left = film?.begunMs ? t('film.left', { n: film.leftS }) : t('film.begins');
  return html`${title(app, t('act.film'))}
    <div class="fill film">${film?.video}
      <p class="lead" role="status">${left}</p><p class="sub">${t('film.card')}</p></div>
    ${footer(
      action(app, { text: t('act.film_drop'), onPress: () => app.close() }),
      action(app, {
        tone: 'main',
        text: t('act.film_keep'),
        why: film?.begunMs ? null : { code: 'film_not_begun' },
        onPress: () => finish(app),
      }),
    )}`;
}
