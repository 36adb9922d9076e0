// What io/decoder.js uses of zxing-wasm.
export interface Found { text: string; isValid: boolean; format: string }
export function prepareZXingModule(options: {
  overrides: { locateFile(path: string): string };
}): void;
export function readBarcodes(picture: ImageData, options: object): Promise<Found[]>;
