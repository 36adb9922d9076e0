// Tells in plain words when this browser cannot work, before a page that it could not run stays
// without an answer. No modern syntax here on purpose.
(function () {
  'use strict';
  // Chromium 97 is the floor: the newest thing it brought that tells it from 96.
  if ('findLast' in Array.prototype && typeof HTMLDialogElement === 'function') return;
  var found = /Chrom(?:e|ium)\/([\d.]+)/.exec(navigator.userAgent);
  var engine = found ? found[1] : navigator.userAgent;
  document.addEventListener('DOMContentLoaded', function () {
    var page = document.querySelector('main') || document.body;
    while (page.firstChild) page.removeChild(page.firstChild);
    add(page, 'h1', '浏览器太旧');
    add(
      page,
      'p',
      '现在是 ' +
        engine +
        '，需要 Chromium 97 或更新。请让 IT 更新 Chrome 或 Android System WebView。',
    );
    add(page, 'h2', 'This browser is too old');
    add(
      page,
      'p',
      'This is ' +
        engine +
        '; Chromium 97 or newer is needed. Ask IT to update Chrome or Android System WebView.',
    );
  });

  /** @type {(parent: Element, tag: string, text: string) => void} */
  function add(parent, tag, text) {
    var node = document.createElement(tag);
    node.appendChild(document.createTextNode(text));
    parent.appendChild(node);
  }
})();
