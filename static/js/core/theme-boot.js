/* Runs before the first paint, so a chosen theme never flashes. Not a module on purpose. */
(function () {
  try {
    var theme = localStorage.getItem("lea-theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
    if (localStorage.getItem("lea-contrast") === "more")
      document.documentElement.dataset.contrast = "more";
  } catch (error) {
    /* Storage may be switched off: the system's theme holds. */
  }
  // A page change that the browser skips (another size, another page in between) is no error.
  function quiet(event) {
    var change = event.viewTransition;
    if (!change) return;
    [change.ready, change.finished, change.updateCallbackDone].forEach(function (promise) {
      if (promise) promise.catch(function () {});
    });
  }
  addEventListener("pageswap", quiet);
  addEventListener("pagereveal", quiet);
})();
