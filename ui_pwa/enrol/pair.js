// Pairing: this PDA makes its key, and gives the public half to the box with a one-time code.
// The code comes behind `#` of the scanned address, or is typed.

import { BoxError, call } from '../src/io/box.js';
import * as db from '../src/io/db.js';
import { makeKey, prove, publicKey } from '../src/io/device_key.js';

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

const WHY = /** @type {Record<string, string>} */ ({
  pair_code: '配对码不对、用过或过期了：请班长重新出码。 Wrong, used or expired: ask for a new code.',
  device_proof: '这个编号属于另一把密钥：请先注销旧的。 Another key has this id: revoke it first.',
  box_away: '连不上边缘盒：靠近 Wi-Fi 再试。 The box is out of reach: go nearer to Wi-Fi.',
});
const OTHER = '没有配对成功：请 IT 看边缘盒日志。 Not paired: ask IT to read the log of the box. ';

const scanned = location.hash.slice(1);
if (scanned) {
  byId('typed').hidden = true;
  history.replaceState(null, '', location.pathname);
}

async function pair() {
  const saved = await db.saved();
  const device = saved.device ?? crypto.randomUUID();
  if (!saved.device) await db.save({ device });
  const key = await publicKey(await makeKey());
  const code = scanned || byId('code').value.trim();
  await call('POST', '/pair', {
    code,
    device,
    name: byId('name').value.trim() || device.slice(-4),
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
  try {
    await pair();
    byId('form').hidden = true;
    byId('done').hidden = false;
  } catch (error) {
    const failed = error instanceof BoxError ? error.refusal.code : String(error);
    said.textContent = WHY[failed] ?? OTHER + failed;
    said.hidden = false;
  }
});
document.documentElement.dataset.ready = '';
