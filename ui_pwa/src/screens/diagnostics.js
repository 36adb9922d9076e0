// What of this device works, what does not, and what to do about it; a report that a site can send.

import { html, nothing } from '../../vendor/lit.js';
import { hasCamera } from '../io/camera.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { chip } from '../parts/rows.js';
import { card, span } from '../parts/sheets.js';

const ENGINE_MIN = 97;
const SKEW_S_MAX = 30;
const USED_PERCENT_MAX = 80;
const OLDEST_S_MAX = 300;

/** @typedef {{name: string, ok: boolean, value: string | number | boolean | null}} Check */

/** What only an asked browser tells: storage used, kinds of devices. */
let asked = { usedPercent: 0, usedMb: 0, cameras: -1 };
let asking = false;

/** @param {App} app */
export function view(app) {
  const { t } = app;
  if (!asking) ask(app);
  const all = checks(app);
  const ill = all.filter((each) => !each.ok);
  return html`${header(app, t('screen.diagnostics'), () => app.goHome())}
    <section class="fill list" tabindex="0">
      <p class="strip ${ill.length ? 'bad' : 'good'}">${
        ill.length ? t('diagnostics.ill', { n: ill.length }) : t('diagnostics.well')
      }</p>
      ${[...ill, ...all.filter((each) => each.ok)].map((each) => checkCard(app, each))}
    </section>${notice(app)}
    ${footer(
      action(app, { text: t('act.calibrate'), onPress: () => app.go('calibrate') }),
      action(app, { tone: 'main', text: t('act.report'), onPress: () => save(app) }),
    )}`;
}

/** @param {App} app @param {Check} each */
const checkCard = (app, each) =>
  card({
    title: app.t(`diagnostics.${each.name}`),
    tone: each.ok ? '' : 'bad',
    behind: chip(
      app.t(each.ok ? 'diagnostics.good' : 'diagnostics.bad'),
      each.ok ? 'good' : 'bad',
    ),
    body: html`<p class="sub">${shown(app, each) || nothing}</p>
      ${each.ok ? '' : html`<p>${app.t(`diagnostics_do.${each.name}`)}</p>`}`,
  });

/** Checks whose value is a word of the page: where its texts are. @type {Record<string, string>} */
const WORDS = { offline: 'worker', connection: 'link' };

/** What more there is to tell than whether it is well. @param {App} app @param {Check} of */
function shown(app, { name, value }) {
  if (typeof value === 'boolean') return '';
  if (name === 'clock') return skew(app, Number(value));
  if (WORDS[name]) return app.t(`${WORDS[name]}.${value}`);
  return value === null ? app.t('diagnostics.unknown') : String(value);
}

/** How far this device's clock is off, s. @param {App} app @param {number} behindS */
function skew(app, behindS) {
  if (!behindS) return app.t('diagnostics.clock_right');
  const offS = Math.abs(behindS);
  const roundS = offS < 60 ? offS : Math.round(offS / 60) * 60;
  const facts = { span: span(app, roundS * 1e6) };
  return app.t(`diagnostics.clock_${behindS > 0 ? 'behind' : 'ahead'}`, facts);
}

/** @param {App} app @returns {Check[]} */
function checks(app) {
  const { state } = app;
  const { profile, outbox, clockOffsetUs, certificate, shell, link, sound } = state;
  const engine = Number(/Chrom(?:e|ium)\/(\d+)/.exec(navigator.userAgent)?.[1] ?? 0);
  const skewS = Math.round(clockOffsetUs / 1e6);
  const sinceUs = outbox[0]?.cmd.captured_at;
  const oldestS = sinceUs ? Math.round((app.nowUs() - sinceUs) / 1e6) : 0;
  const learnt = profile && `${profile.via} ${profile.prefix}…${profile.end} ${profile.p95} ms`;
  return [
    { name: 'wedge', ok: profile !== null && !profile.faults.length, value: learnt },
    { name: 'sound', ok: sound, value: sound },
    { name: 'vibration', ok: 'vibrate' in navigator, value: 'vibrate' in navigator },
    { name: 'camera', ok: hasCamera() && asked.cameras !== 0, value: Math.max(0, asked.cameras) },
    { name: 'persisted', ok: shell.persisted === true, value: shell.persisted },
    {
      name: 'storage',
      ok: asked.usedPercent < USED_PERCENT_MAX,
      value: `${asked.usedMb} MB, ${asked.usedPercent} %`,
    },
    { name: 'offline', ok: shell.worker === 'ready', value: shell.worker },
    { name: 'secure', ok: isSecureContext, value: isSecureContext },
    {
      name: 'certificate',
      ok: !certificate || certificate.level === 'ok',
      value: certificate && new Date(certificate.expires_at / 1000).toISOString().slice(0, 10),
    },
    { name: 'clock', ok: Math.abs(skewS) <= SKEW_S_MAX, value: skewS },
    { name: 'engine', ok: engine >= ENGINE_MIN, value: engine },
    ...(state.session ? [{ name: 'connection', ok: link === 'up', value: link }] : []),
    {
      name: 'outbox',
      ok: oldestS <= OLDEST_S_MAX && !outbox.some((kept) => kept.parked),
      value: outbox.length,
    },
  ];
}

/** @param {App} app */
async function ask(app) {
  asking = true;
  const estimate = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
  const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const { usage = 0, quota = 0 } = estimate;
  asked = {
    usedMb: Math.round(usage / 1e5) / 10,
    usedPercent: quota ? Math.round((usage / quota) * 100) : 0,
    cameras: devices.filter((each) => each.kind === 'videoinput').length,
  };
  app.paint();
}

/** A file for whoever helps the site; nobody's name, badge or order stands in it. */
/** @param {App} app */
function save(app) {
  const { state, device } = app;
  const { width, height } = screen;
  const report = {
    v: 1,
    device,
    box: state.box,
    page: state.shell.version,
    agent: navigator.userAgent,
    screen: { width, height, ratio: devicePixelRatio, touch: navigator.maxTouchPoints },
    profile: state.profile,
    intake: state.intake,
    checks: checks(app),
  };
  const body = new Blob([JSON.stringify(report, null, 1)], { type: 'application/json' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(body);
  link.download = `floorgate-device-${device.slice(-8)}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
  app.tell('good', 'diagnostics.saved', { file: link.download });
}

/** @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  if (scan.type === 'command' && scan.name === 'OK') save(app);
  else app.tell('good', 'status.scanned', { text: scan.code });
}
