// Runs before everything else and in any engine: sets the theme before the first paint, and tells
// in plain words when this browser or this address cannot work. No modern syntax here on purpose.
(function () {
  'use strict';
  var root = document.documentElement;
  /** @type {any} */
  var saved = {};
  try {
    saved = JSON.parse(localStorage.getItem('floor.look') || '{}');
  } catch (e) {
    saved = {};
  }
  var dark = matchMedia('(prefers-color-scheme: dark)');

  // A practice floor (docs/PDA_PROTOCOL.md, Training): another box, other data, another look.
  window.floorPractice = /^\?practice\b/.test(location.search);
  if (window.floorPractice) root.setAttribute('data-practice', '');

  window.floorLook = function (lang, theme) {
    saved = { lang: lang, theme: theme };
    try {
      localStorage.setItem('floor.look', JSON.stringify(saved));
    } catch (e) {
      /* private mode */
    }
    paint();
  };
  function paint() {
    var theme =
      saved.theme === 'light' || saved.theme === 'dark'
        ? saved.theme
        : dark.matches
          ? 'dark'
          : 'light';
    root.setAttribute('data-theme', theme);
    root.lang = saved.lang === 'en' ? 'en' : 'zh-CN';
  }
  paint();
  // The texts of the first paint, while the modules are still coming.
  var name = (saved.lang === 'en' ? 'en' : 'zh') + '.start';
  if ('fetch' in window)
    window.floorTexts = {
      name: name,
      dict: fetch('locales/' + name + '.json')
        .then(function (answer) {
          return answer.json();
        })
        .catch(function () {
          return null;
        }),
    };
  if (dark.addEventListener) dark.addEventListener('change', paint);

  // Chromium 97 is the floor: the newest thing it brought that tells it from 96.
  var modern =
    'noModule' in document.createElement('script') &&
    'findLast' in Array.prototype &&
    'indexedDB' in window &&
    typeof HTMLDialogElement === 'function';
  var engine =
    (/Chrom(?:e|ium)\/([\d.]+)/.exec(navigator.userAgent) || [])[1] || navigator.userAgent;
  if (!modern) {
    tell(
      '浏览器太旧',
      'This browser is too old',
      '现在是 ' +
        engine +
        '，需要 Chromium 97 或更新。请让 IT 更新 Chrome 或 Android System WebView。',
      'This is ' +
        engine +
        '; Chromium 97 or newer is needed. Ask IT to update Chrome or Android System WebView.',
    );
  } else if (window.isSecureContext === false) {
    tell(
      '连接不安全，不能在这里登录',
      'This address is not secure, signing in is off',
      '用 http 打开时没有离线保存和安全登录。请改用 https 地址：',
      'Over plain http there is no offline store and no safe sign-in. Use the https address:',
      'https://' + location.hostname + '/',
    );
  }

  /** @type {(zhTitle: string, enTitle: string, zh: string, en: string, link?: string) => void} */
  function tell(zhTitle, enTitle, zh, en, link) {
    window.floorStopped = true;
    document.addEventListener('DOMContentLoaded', function () {
      var page = document.getElementById('main') || document.body;
      while (page.firstChild) page.removeChild(page.firstChild);
      page.className = 'plain';
      add(page, 'h1', zhTitle);
      add(page, 'p', zh);
      add(page, 'h2', enTitle);
      add(page, 'p', en);
      if (link) {
        var a = add(page, 'a', link);
        a.href = link;
      }
    });
  }
  /** @type {(parent: Element, tag: string, text: string) => any} */
  function add(parent, tag, text) {
    var node = document.createElement(tag);
    node.appendChild(document.createTextNode(text));
    parent.appendChild(node);
    return node;
  }
})();
