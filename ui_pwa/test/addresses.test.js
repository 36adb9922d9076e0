// A device's address by hand or by scan, and the URL that it stands for (DEV-2).
import assert from 'node:assert/strict';
import test from 'node:test';
import { deviceUrl, isAddress, needsLanguage } from '../src/core/addresses.js';

test('an address of a printer becomes a URL of its language', () => {
  for (const [address, language, url] of [
    ['192.168.7.40', 'zpl', 'tcp://192.168.7.40?lang=zpl'],
    [' 192.168.7.40:6101 ', 'tspl', 'tcp://192.168.7.40:6101?lang=tspl'],
    ['http://192.168.7.40/', 'escpos', 'tcp://192.168.7.40?lang=escpos'],
    ['192.168.7.40', 'ipp', 'ipp://192.168.7.40/ipp/print'],
    ['tcp://10.0.0.9?lang=zpl', 'tspl', 'tcp://10.0.0.9?lang=zpl'],
    ['serial:///dev/ttyUSB0?baud=9600', 'zpl', 'serial:///dev/ttyUSB0?baud=9600&lang=zpl'],
    ['ipp://10.0.0.8/ipp/print', '', 'ipp://10.0.0.8/ipp/print'],
    ['by the door', 'zpl', 'by the door?lang=zpl'],
  ])
    assert.equal(deviceUrl({ address, kind: 'printer', language }), url);
});

test('a scanner has no language', () => {
  const url = deviceUrl({ address: '10.0.0.7:23', kind: 'scanner', language: 'zpl' });
  assert.equal(url, 'tcp://10.0.0.7:23');
});

test('what is scanned is an address or it is not', () => {
  for (const code of ['192.168.7.40', '10.0.0.9:9100', 'tcp://10.0.0.9?lang=zpl', 'hid:///dev/x'])
    assert.equal(isAddress(code), true, code);
  for (const code of ['6901234567892', '@D:abc', 'A-01-02', 'tcp://', 'x tcp://10.0.0.9'])
    assert.equal(isAddress(code), false, code);
});

test('a language is asked for where the address does not name one', () => {
  assert.equal(needsLanguage('192.168.7.40'), true);
  assert.equal(needsLanguage('tcp://10.0.0.9?lang=zpl'), false);
  assert.equal(needsLanguage('ipp://10.0.0.8/ipp/print'), false);
});
