// A device's address as a person writes or scans it, and the URL that a driver takes.

const SCHEME = /^(tcp|tcp-listen|serial|usb|ipps?|hid):\/\/\S+$/;
/** What a printer's page or status label says: 192.168.7.40, with a port, as a web address. */
const HOST = /^(?:https?:\/\/)?(\d{1,3}(?:\.\d{1,3}){3})(:\d{1,5})?\/?$/;
const OWN_LANGUAGE = /^(ipps?|tcp-listen|hid):|[?&]lang=/;

/** Whether a scanned code names a device's address. @param {string} code */
export const isAddress = (code) => SCHEME.test(code) || HOST.test(code);

/**
 * The URL of an address; what is no address stays as it is, and the box says so.
 * @param {{address: string, kind: string, language?: string}} of
 */
export function deviceUrl({ address, kind, language = '' }) {
  const text = address.trim();
  const [, host, port = ''] = HOST.exec(text) ?? [];
  const isPrinter = kind === 'printer';
  if (host && isPrinter && language === 'ipp') return `ipp://${host}${port}/ipp/print`;
  const url = host ? `tcp://${host}${port}` : text;
  if (!isPrinter || !language || language === 'ipp' || OWN_LANGUAGE.test(url)) return url;
  return `${url}${url.includes('?') ? '&' : '?'}lang=${language}`;
}

/** Whether the printer's language has to be said beside its address. @param {string} address */
export const needsLanguage = (address) => !OWN_LANGUAGE.test(address.trim());
