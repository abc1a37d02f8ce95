/* How a reader wants to see the pages. It is kept in this browser and never sent; it runs before the first paint. */
(function () {
  var root = document.documentElement;
  function kept(name, value) {
    try {
      if (value === undefined) return localStorage.getItem("look-" + name);
      if (value) localStorage.setItem("look-" + name, value);
      else localStorage.removeItem("look-" + name);
    } catch (refused) { /* a browser that keeps nothing shows this page as asked, and the next one as usual */ }
    return value;
  }
  ["size", "contrast", "scheme"].forEach(function (name) {
    var value = kept(name);
    if (value) root.dataset[name] = value;
  });
  function tell() {
    document.querySelectorAll("button[data-look]").forEach(function (button) {
      button.hidden = false;
      button.setAttribute("aria-pressed", String((root.dataset[button.dataset.look] || "") === button.value));
    });
  }
  document.addEventListener("DOMContentLoaded", tell);
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("button[data-look]");
    if (!button) return;
    var name = button.dataset.look;
    var value = root.dataset[name] === button.value ? "" : button.value;
    if (value) root.dataset[name] = value;
    else delete root.dataset[name];
    kept(name, value);
    tell();
  });
})();
