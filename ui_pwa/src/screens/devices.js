// Printers and scanners: what was found, what is in use, what is ill; and how one is put to use.

import { html, nothing } from '../../vendor/lit.js';
import { isAddress } from '../core/addresses.js';
import { byId } from '../painter.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { chip, empty, row } from '../parts/rows.js';
import { age, card, facts, field, strip } from '../parts/sheets.js';
import { addCard, radios, takeAddress } from './device_add.js';

const HEARS = /^(device|station)\.|^status$/;
const KINDS = ['printer', 'scanner'];
const LANGUAGES = ['tspl', 'zpl', 'escpos'];
const NAME_CHARS_MAX = 40;
const LOST = ['stale', 'gone'];

export const devices = {
  hears: HEARS,
  reads: () => ({ devices: '/devices' }),
  /** @param {App} app */
  view(app) {
    const { t, state } = app;
    /** @type {{devices: DeviceView[], problems: Record<string, string>}} */
    const { devices: all, problems } = state.seen.devices ?? { devices: [], problems: {} };
    const ill = all.filter(isIll);
    const well = all.filter((d) => d.adopted && !isIll(d));
    const found = all.filter((d) => !d.adopted && !isIll(d) && d.state !== 'gone');
    return html`${header(app, t('screen.devices'))}
      <section class="fill list">
        ${Object.entries(problems).map(
          ([source, text]) => strip(`${source}: ${text}`, 'bad'),
        )}
        ${group(app, 'ill', ill)}${group(app, 'found', found)}${group(app, 'adopted', well)}
        ${all.length ? nothing : empty(t('devices.none'))}
        <div class="stack narrow">${addCard(app)}</div>
      </section>${notice(app)}`;
  },
  scan,
};

/** Whether somebody should look: it is in use and does not work, or contradicts another. */
/** @param {DeviceView} d */
const isIll = (d) =>
  d.conflicts.length > 0 || (d.adopted && (d.fault !== '' || LOST.includes(d.state)));

/** @param {App} app @param {string} name @param {DeviceView[]} all */
const group = (app, name, all) =>
  all.length
    ? html`<h2>${app.t(`devices.${name}`)} (${all.length})</h2>
      ${all.map((each) => deviceRow(app, each))}`
    : nothing;

/** @param {DeviceView} d */
const named = (d) => d.name || [d.make, d.model].filter(Boolean).join(' ') || d.url || d.id;

/** What ails it, in words that say what to do. @param {App} app @param {DeviceView} d */
const ailments = (app, d) => [
  ...(d.adopted && (d.fault || LOST.includes(d.state))
    ? [app.t(d.kind === 'scanner' ? 'devices.scanner_lost' : `job_reason.${d.fault || 'offline'}`)]
    : []),
  ...d.conflicts.map((each) => app.t(`device_clash.${each.clash}`, each)),
];

/** @param {App} app @param {DeviceView} d */
function deviceRow(app, d) {
  const { t } = app;
  const where = d.stations.length ? `${t('word.station')} ${d.stations.join(' ')}` : d.url;
  const tests = d.adopted && d.kind === 'printer' && d.test.due;
  return row({
    main: named(d),
    sub: [...ailments(app, d), t(`device_kind.${d.kind}`), where].filter(Boolean).join(' · '),
    behind: tests ? chip(t('devices.test_due'), 'bad') : nothing,
    tone: isIll(d) ? 'stopped' : '',
    onPress: () => app.go('device', d.id),
  });
}

export const device = {
  hears: HEARS,
  /** @param {App} app */
  reads: (app) => ({
    device: `/devices/${encodeURIComponent(app.state.about)}`,
    devices: '/devices',
    stations: '/stations',
  }),
  /** @param {App} app */
  view(app) {
    const { t, state } = app;
    /** @type {DeviceView | undefined} */
    const d = state.seen.device?.id === state.about ? state.seen.device : undefined;
    const back = action(app, { text: t('act.back'), onPress: () => app.go('devices') });
    const test = d?.adopted && d.kind === 'printer' ? testAction(app, d) : nothing;
    return html`${header(app, d ? named(d) : t('screen.device'))}
      <section class="fill list">${d ? sheet(app, d) : empty(t('devices.reading'))}</section>
      ${notice(app)}${footer(back, test)}`;
  },
  scan,
};

/** @param {App} app @param {DeviceView} d */
function sheet(app, d) {
  const { t } = app;
  const { kind: device_kind, make, model, language, note, url, jobs } = d;
  return html`${ailments(app, d).map((text) => strip(text, 'bad'))}
    ${d.adopted ? nothing : adoption(app, d)}
    ${d.adopted && d.kind === 'printer' ? testCard(app, d) : nothing}
    ${d.adopted ? stations(app, d) : nothing}
    ${card({
      title: t('devices.facts'),
      behind: chip(t(`device_state.${d.state}`), LOST.includes(d.state) ? 'bad' : ''),
      body: html`${facts(app, { device_kind, make, model, language, url, note, jobs: jobs || '' })}
        ${d.adopted ? forgetAction(app, d) : nothing}`,
    })}
    ${d.adopted && d.kind === 'printer' ? stickers(app, d) : nothing}`;
}

/** The site's labels that this printer can print: the box's, each station's, other devices'. */
/** @param {App} app @param {DeviceView} d */
function stickers(app, d) {
  const { t, state } = app;
  /** @type {StationView[]} */
  const places = state.seen.stations?.stations ?? [];
  /** @type {DeviceView[]} */
  const others = (state.seen.devices?.devices ?? []).filter(
    (/** @type {DeviceView} */ each) => each.adopted && each.id !== d.id,
  );
  const labels = [
    { code: '', main: t('devices.label_box'), sub: t('devices.label_box_size') },
    ...places.map((each) => ({ code: each.sticker, main: app.name(each.name), sub: each.id })),
    ...others.map((each) => ({
      code: each.sticker,
      main: named(each),
      sub: t(`device_kind.${each.kind}`),
    })),
  ];
  return card({
    title: t('devices.stickers'),
    body: html`<p>${t('devices.stickers_how')}</p>${labels.map((each) =>
      stickerRow(app, d, each),
    )}`,
  });
}

/** @type {(app: App, d: DeviceView, of: {code: string, main: string, sub: string}) => unknown} */
function stickerRow(app, d, { code, main, sub }) {
  const { t } = app;
  const newest = d.label?.code === code ? d.label : null;
  const tone = { asked: '', sent: '', confirmed: 'good', failed: 'bad' }[newest?.state ?? 'asked'];
  const advice = newest?.reason
    ? t(`job_reason.${newest.reason}`)
    : newest?.state === 'sent' && t('devices.label_look');
  const why = app.why('device.label');
  return row({
    main,
    sub: [sub, advice].filter(Boolean).join(' · '),
    behind: newest ? chip(t(`device_label.${newest.state}`), tone) : nothing,
    onPress: () => (why ? app.refuse(why) : app.send('device.label', { device: d.id, code })),
  });
}

/** What discovery could not tell, a person says. @param {App} app @param {DeviceView} d */
function adoption(app, d) {
  const { t } = app;
  const clash = d.conflicts.some((each) => each.clash === 'language');
  const adopt = () => {
    const said = new FormData(/** @type {HTMLFormElement} */ (byId('adopt')));
    const why = app.why('device.adopt');
    if (why) app.refuse(why);
    else app.send('device.adopt', { device: d.id, ...Object.fromEntries(said) });
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    adopt();
  };
  return card({
    title: t('devices.adopt'),
    body: html`<form id="adopt" class="stack" @submit=${submit}>
      ${field(
        t('devices.name'),
        html`<input type="text" name="name" maxlength=${NAME_CHARS_MAX} autocomplete="off"
          value=${named(d)}>`,
      )}
      ${d.kind === 'unknown' ? radios(app, 'kind', KINDS, 'device_kind') : nothing}
      ${
        d.kind !== 'scanner' && (!d.language || clash)
          ? radios(app, 'language', LANGUAGES, 'language')
          : nothing
      }
      ${action(app, {
        tone: 'main',
        text: t('act.adopt'),
        why: app.why('device.adopt'),
        onPress: adopt,
      })}</form>`,
  });
}

/** @param {App} app @param {DeviceView} d */
const testAction = (app, d) =>
  action(app, {
    tone: d.test.due && d.test.state !== 'printed' ? 'main' : '',
    text: app.t('act.device_test'),
    why: app.why('device.test'),
    onPress: () => app.send('device.test', { device: d.id }),
  });

/** @param {App} app @param {DeviceView} d */
function testCard(app, d) {
  const { t, state } = app;
  const { state: at, reason, proved_at: proved, due } = d.test;
  const station = state.session?.station?.id;
  return card({
    title: t('devices.test'),
    behind: chip(t(due ? 'devices.test_due' : 'devices.test_good'), due ? 'bad' : 'good'),
    body: html`<p class="lead">${t(`device_test.${at}`)}</p>
      ${reason ? html`<p>${t(`job_reason.${reason}`)}</p>` : nothing}
      ${
        at === 'printed'
          ? html`<p>${t(station ? 'devices.scan_here' : 'devices.scan', { station })}</p>`
          : nothing
      }
      ${proved ? html`<p class="sub">${t('devices.proved')} ${age(app, proved)}</p>` : nothing}`,
  });
}

/** @param {App} app @param {DeviceView} d */
function stations(app, d) {
  const { t, state } = app;
  const station = state.session?.station?.id;
  return card({
    title: t('devices.stations'),
    body: html`<p>${
      station ? t('devices.bind_here', { station }) : t('devices.bind_where')
    }</p>${d.stations.map((each) =>
      action(app, {
        text: t('act.unbind', { station: each }),
        why: fixed(d) ?? app.why('device.unbind'),
        onPress: () => app.send('device.unbind', { station: each, device: d.id }),
      }),
    )}`,
  });
}

/** What the configuration file names is changed there. @param {DeviceView} d */
const fixed = (d) => (d.configured ? { code: 'device_configured', facts: { device: d.id } } : null);

/** @param {App} app @param {DeviceView} d */
const forgetAction = (app, d) =>
  action(app, {
    text: app.t('act.forget'),
    why: fixed(d) ?? app.why('device.forget'),
    onPress: () =>
      app.askSure(
        { title: app.t('act.forget'), text: app.t('devices.sure', { name: named(d) }) },
        () => app.send('device.forget', { device: d.id }),
      ),
  });

/**
 * A sticker at a station binds its device there, and a test label proves it too. Elsewhere a test
 * label only proves, and a plain sticker leads to the device. An address fills the form below the
 * list.
 * @param {App} app
 * @param {Scan} scan
 */
function scan(app, scan) {
  const { session, seen } = app.state;
  const kind = session?.station ? 'device.bind' : 'device.prove';
  /** @type {DeviceView[]} */
  const known = seen.devices?.devices ?? [];
  const plain = known.find((d) => d.sticker === scan.code);
  const why = app.why(kind);
  if (app.state.screen === 'devices' && isAddress(scan.code)) {
    takeAddress(scan.code);
    app.tell('info', 'devices.address_read');
  } else if (scan.type !== 'sticker') app.tell('wrong', 'devices.scan_sticker');
  else if (plain && !session?.station) app.go('device', plain.id);
  else if (why) app.refuse(why);
  else app.send(kind, { code: scan.code });
}
