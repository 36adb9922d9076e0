// Sets language and colours before the first paint.
(function () {
  'use strict';
  var root = document.documentElement;
  var saved = {};
  try { saved = JSON.parse(localStorage.getItem('demo.look') || '{}'); } catch (e) { saved = {}; }
  var system = matchMedia('(prefers-color-scheme: dark)').matches;
  var dark = saved.theme ? saved.theme === 'dark' : system;
  root.setAttribute('data-theme', dark ? 'dark' : 'light');
  root.lang = saved.lang || (/^zh/.test(navigator.language) ? 'zh-CN' : 'en');
})();
