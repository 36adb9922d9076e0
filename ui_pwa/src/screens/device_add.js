// Naming a device by its address, for what never shows by itself.

import { html } from '../../vendor/lit.js';
import { deviceUrl, needsLanguage } from '../core/addresses.js';
import { byId } from '../painter.js';
import { action } from '../parts/parts.js';
import { card, field } from '../parts/sheets.js';

const KINDS = ['printer', 'scanner'];
const LANGUAGES = ['tspl', 'zpl', 'escpos', 'ipp'];
const ADDRESS_CHARS_MAX = 200;
const NAME_CHARS_MAX = 40;

/** @param {App} app */
export function addCard(app) {
  const { t } = app;
  const add = () => {
    const form = /** @type {HTMLFormElement} */ (byId('add'));
    /** @type {any} */
    const found = Object.fromEntries(new FormData(form));
    /** @type {DeviceForm} */
    const said = found;
    const why = app.why('device.add') ?? lacks(said);
    if (why) app.refuse(why);
    else app.send('device.add', { url: deviceUrl(said), name: said.name, kind: said.kind });
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    add();
  };
  return card({
    title: t('devices.add'),
    body: html`<form id="add" class="stack" @submit=${submit}>
      <p>${t('devices.add_when')}</p>
      ${radios(app, 'kind', KINDS, 'device_kind', 'printer')}
      ${field(
        t('devices.address'),
        html`<input type="text" name="address" maxlength=${ADDRESS_CHARS_MAX} autocomplete="off"
          autocapitalize="off" spellcheck="false" placeholder="192.168.7.40">`,
      )}
      <div class="of-printer">${radios(app, 'language', LANGUAGES, 'language')}</div>
      ${field(
        t('devices.name'),
        html`<input type="text" name="name" maxlength=${NAME_CHARS_MAX} autocomplete="off">`,
      )}
      ${action(app, { text: t('act.device_add'), why: app.why('device.add'), onPress: add })}
    </form>`,
  });
}

/** Take an address that was scanned. @param {string} code */
export function takeAddress(code) {
  const form = /** @type {HTMLFormElement} */ (byId('add'));
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem('address'));
  field.value = code;
  field.scrollIntoView({ block: 'center' });
}

/** What is still to be said, if anything. */
/** @param {Record<string, string>} said @returns {Refusal | null} */
function lacks({ address = '', name = '', kind, language }) {
  if (!address.trim()) return { code: 'device_address_missing', facts: {} };
  if (kind === 'printer' && !language && needsLanguage(address))
    return { code: 'device_language_missing', facts: {} };
  return name.trim() ? null : { code: 'device_name_missing', facts: {} };
}

/** What is one of a few words. */
/** @type {(app: App, name: string, values: string[], texts: string, first?: string) => unknown} */
export const radios = (app, name, values, texts, first) =>
  html`<fieldset class="radios"><legend>${app.t(`devices.${name}`)}</legend>${values.map(
    (value) => html`<label class="radio"><input type="radio" name=${name} value=${value}
      ?checked=${value === first}> ${app.t(`${texts}.${value}`)}</label>`,
  )}</fieldset>`;
