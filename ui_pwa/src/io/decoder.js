// Reads codes from pictures, beside the page: a worker of io/camera.js.

import { prepareZXingModule, readBarcodes } from '../../vendor/zxing/reader/index.js';

const WASM = new URL('../../vendor/zxing/reader/zxing_reader.wasm', import.meta.url).href;
const FORMATS = /** @type {const} */ ([
  'EAN13', 'EAN8', 'UPCA', 'UPCE', 'Code128', 'Code39', 'ITF', 'QRCode', 'DataMatrix', 'PDF417',
]);
const QUICK = { tryHarder: false, tryRotate: false, tryInvert: false, tryDownscale: false };
const THOROUGH = { tryHarder: true, tryRotate: true, tryInvert: true, tryDownscale: true };
const CODES_MAX = 8;

prepareZXingModule({ overrides: { locateFile: () => WASM } });
const canvas = new OffscreenCanvas(1, 1);
const context = canvas.getContext('2d', { willReadFrequently: true });

onmessage = async ({ data: { frame, whole } }) => {
  [canvas.width, canvas.height] = [frame.width, frame.height];
  context?.drawImage(frame, 0, 0);
  frame.close();
  const picture = context?.getImageData(0, 0, canvas.width, canvas.height);
  /** @type {any} */
  const how = whole ? THOROUGH : QUICK;
  const found = picture
    ? await readBarcodes(picture, {
        ...how,
        formats: [...FORMATS],
        maxNumberOfSymbols: CODES_MAX,
        textMode: 'Plain',
      })
    : [];
  postMessage(found.filter((each) => each.isValid && each.text).map((each) => each.text));
};
