// Where codes come from when the scanner is broken: the camera, or a person's fingers. Whichever is
// chosen, a scanner works as well: nobody is ever locked out.

import { html, nothing } from '../../vendor/lit.js';
import { classify, normalise } from '../core/codes.js';
import { Camera, hasCamera } from '../io/camera.js';
import { byId } from '../painter.js';
import { action } from '../parts/parts.js';

/** @type {Camera | null} */
let camera = null;
/** Why the camera does not work; '' while it does. */
let fault = '';

/** What stands above every screen while the scanner is not trusted. @param {App} app */
export function strip(app) {
  const { intake } = app.state;
  if (intake !== 'camera' && camera) stop();
  if (intake === 'camera') return finder(app);
  return intake === 'manual' ? typing(app) : nothing;
}

/** @param {App} app */
function finder(app) {
  const { t } = app;
  if (!camera) start(app);
  const torch = camera?.hasTorch
    ? action(app, {
        text: t('act.torch'),
        pressed: camera.torch,
        onPress: () => camera?.toggleTorch().then(() => app.paint()),
      })
    : nothing;
  return html`<aside class="intake" aria-label=${t('intake.camera')}>
    ${fault ? html`<p class="banner">${t(`intake.fault_${fault}`)}</p>` : camera?.video}
    <div class="pair">${torch}${back(app)}</div></aside>`;
}

/** @param {App} app */
function typing(app) {
  const { t } = app;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (byId('typed-code'));
    if (take(app, field.value)) field.value = '';
  };
  return html`<aside class="intake" aria-label=${t('intake.manual')}>
    <form @submit=${submit}><label class="field">${t('intake.type')}
      <input id="typed-code" type="text" autocomplete="off" autocapitalize="characters"
        spellcheck="false" maxlength="120"></label>
      <div class="pair"><button type="submit" class="act main"><span class="act-text">${t(
        'act.take_code',
      )}</span></button>${back(app)}</div></form></aside>`;
}

/** @param {App} app */
const back = (app) =>
  action(app, { text: app.t('act.scanner_again'), onPress: () => app.set('intake', 'wedge') });

/** A badge is scanned, never typed: who knows its number need not have it. */
/** @param {App} app @param {string} text */
function take(app, text) {
  const read = normalise(text);
  if (read.ok && classify(read.code).type === 'badge') {
    app.tell('wrong', 'intake.badge', {}, 'hint.intake_badge');
    return false;
  }
  app.wedge?.read(text);
  return read.ok;
}

/** @param {App} app */
async function start(app) {
  const own = new Camera((text) => app.wedge?.read(text));
  camera = own;
  fault = '';
  try {
    if (!hasCamera()) throw new DOMException('', 'NotFoundError');
    await own.start();
  } catch (error) {
    const denied = error instanceof DOMException && error.name === 'NotAllowedError';
    if (camera === own) fault = denied ? 'denied' : 'none';
  }
  app.paint();
}

function stop() {
  camera?.stop();
  camera = null;
}

/** Let go of the camera while nobody looks. */
document.addEventListener('visibilitychange', () => document.hidden && stop());
