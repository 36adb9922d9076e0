// Sets language and colours before the first paint.
(function () {
  'use strict';
  var root = document.documentElement;
  var saved = {};
  try { saved = JSON.parse(localStorage.getItem('demo.look') || '{}'); } catch (e) { saved = {}; }
  var dark = saved.theme ? saved.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.setAttribute('data-theme', dark ? 'dark' : 'light');
  root.lang = saved.lang || (/^zh/.test(navigator.language) ? 'zh-CN' : 'en');
})();
