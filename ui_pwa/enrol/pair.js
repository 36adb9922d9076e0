// Pairing: this PDA makes its key, and gives the public half to the box with a one-time code.
// The code comes behind `#` of the scanned address, or is typed.

import { BoxError, call } from '../src/io/box.js';
import * as db from '../src/io/db.js';
import { makeKey, prove, publicKey } from '../src/io/device_key.js';

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

const NAME_CHARS_MAX = 40;
const WHY = /** @type {Record<string, string>} */ ({
  pair_code: '配对码不对、用过或过期了：请组长重新出码。 Wrong, used or expired: ask for a new code.',
  device_proof: '这个编号属于另一把密钥：请先注销旧的。 Another key has this id: revoke it first.',
  too_many: '试得太多了：等半分钟再试。 Too many tries: wait half a minute.',
  box_away: '连不上边缘盒：靠近 Wi-Fi 再试。 The box is out of reach: go nearer to Wi-Fi.',
});
const OTHER = '没有配对成功：请 IT 看边缘盒日志。 Not paired: ask IT to read the log of the box. ';

let scanned = location.hash.slice(1);
if (scanned) {
  byId('typed').hidden = true;
  history.replaceState(null, '', location.pathname);
}
addEventListener('hashchange', () => location.reload()); // scanned by the camera, on this very page

/** The PDA's own scanner types the whole address into whatever has the focus. */
function takeScan() {
  for (const id of ['name', 'code']) {
    const found = /pair\.html#([\w-]+)/.exec(byId(id).value);
    if (!found) continue;
    scanned = found[1];
    byId(id).value = '';
    byId('typed').hidden = true;
  }
}

/** @param {Record<string, any>} saved what this PDA knows of itself */
async function pair(saved) {
  const device = saved.device ?? crypto.randomUUID();
  if (!saved.device) await db.save({ device });
  const key = await publicKey(await makeKey());
  const code = scanned || byId('code').value.trim();
  await call('POST', '/pair', {
    code,
    device,
    name: byId('name').value.trim().slice(0, NAME_CHARS_MAX) || device.slice(-4),
    key,
    proof: await prove(device),
    engine: (/Chrom(?:e|ium)\/[\d.]+/.exec(navigator.userAgent) ?? [''])[0],
    persisted: (await navigator.storage?.persist?.()) ?? false,
  });
}

byId('form').addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const said = byId('said');
  said.hidden = true;
  const before = scanned;
  takeScan();
  if (scanned !== before && !byId('name').value.trim()) {
    byId('name').focus();
    return;
  }
  try {
    const { saved } = await db.load();
    await pair(saved);
    byId('form').hidden = true;
    byId('next').hidden = Boolean(saved.profile); // its scanner is known from before
    byId('done').hidden = false;
  } catch (error) {
    const failed = error instanceof BoxError ? error.refusal.code : String(error);
    said.textContent = WHY[failed] ?? OTHER + failed;
    said.hidden = false;
    if (failed !== 'pair_code') return;
    scanned = ''; // it is good for nothing any more; the next one may be typed
    byId('typed').hidden = false;
  }
});
document.documentElement.dataset.ready = '';
