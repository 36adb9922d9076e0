// The link to the box, on a socket that does what a test says.
import assert from 'node:assert/strict';
import test from 'node:test';

/** Sockets in the order in which they were opened. */
const opened = [];
class Socket {
  static OPEN = 1;
  readyState = 0;
  sent = [];

  constructor() {
    opened.push(this);
  }

  open() {
    this.readyState = Socket.OPEN;
  }

  say(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 2;
  }
}

const page = new EventTarget();
Object.assign(globalThis, {
  WebSocket: Socket,
  addEventListener: page.addEventListener.bind(page),
  document: page,
  location: { protocol: 'https:', host: 'box.lan' },
});
const { Link } = await import('../src/io/box.js');

test('nothing goes before the hello of each socket: what waits is sent in order (PICK-5)', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const heard = [];
  const link = new Link({
    since: () => 0,
    onFrame: ({ t: kind }) => heard.push(kind),
    onDown: () => heard.push('down'),
  });
  link.start();
  for (const wake of ['first', 'again']) {
    const socket = opened.at(-1);
    socket.open();
    assert.equal(link.send({ t: 'cmd', of: wake }), false);
    socket.say({ t: 'hello' });
    assert.equal(link.send({ t: 'cmd', of: wake }), true);
    assert.deepEqual(socket.sent, [{ t: 'cmd', of: wake }]);
    socket.close(); // the page is told later; until then it believes in the link
    page.dispatchEvent(new Event('online'));
  }
  assert.deepEqual([opened.length, heard], [3, ['hello', 'hello']]);
  link.stop();
});

test('a box that comes back is found within 3 s, at once where the Wi-Fi says so (PDA-1)', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const link = new Link({ since: () => 0, onFrame: () => {}, onDown: () => {} });
  link.start();
  const before = opened.length;
  for (let n = 1; n <= 20; n += 1) {
    opened.at(-1).onclose(); // nobody answers
    t.mock.timers.tick(3000);
    assert.equal(opened.length, before + n);
  }
  opened.at(-1).onclose();
  page.dispatchEvent(new Event('online'));
  assert.equal(opened.length, before + 21);
  link.stop();
});
