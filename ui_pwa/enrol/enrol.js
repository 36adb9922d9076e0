// The test button of the enrolment page: try HTTPS before going there, so that a browser which does
// not trust the box yet says so here, in plain words. No modern syntax on purpose.
(function () {
  'use strict';
  var MS_MAX = 6000;
  var probe = document.getElementById('probe');
  var modern = 'findLast' in Array.prototype && typeof HTMLDialogElement === 'function';
  if (!modern) show('old');
  if (!window.fetch || !window.AbortController || !probe) return;
  var address = probe.getAttribute('href') || '/';
  var tried = probe.dataset.probe || address;
  probe.addEventListener('click', function (event) {
    event.preventDefault();
    show('');
    var abort = new AbortController();
    var timer = setTimeout(function () {
      abort.abort();
    }, MS_MAX);
    var options = { mode: 'no-cors', cache: 'no-store', signal: abort.signal };
    fetch(tried, /** @type {RequestInit} */ (options)).then(
      function () {
        clearTimeout(timer);
        location.href = address;
      },
      function () {
        clearTimeout(timer);
        show('no');
      },
    );
  });

  /** @param {string} which */
  function show(which) {
    ['no', 'old'].forEach(function (id) {
      var text = document.getElementById(id);
      if (text) text.hidden = id !== which;
    });
  }
})();
