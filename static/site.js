/* The little that htmx leaves to do. Every page works without this file. */

/* Fields left empty do not belong in the address. */
document.addEventListener("htmx:configRequest", function (event) {
  var fields = event.detail.formData;
  Array.from(fields.keys()).forEach(function (name) {
    if (!fields.getAll(name).some(Boolean)) fields.delete(name);
  });
});

/* What a reader sees change, a listener hears. */
document.addEventListener("htmx:afterSwap", function (event) {
  var heading = document.querySelector("#results h2");
  var names = document.querySelector("#suggestions ul");
  var said = event.detail.target.id !== "suggestions" ? heading && heading.textContent : names && names.dataset.said;
  document.getElementById("said").textContent = said || "";
});

/* Suggestions: up and down go through them, Escape and the search itself put them away. */
var asked = null;
function putAway() {
  var list = document.getElementById("suggestions");
  if (list) list.replaceChildren();
}
document.addEventListener("submit", function (event) {
  var box = event.target.querySelector("#q");
  asked = box && box.value;
  putAway();
});
document.addEventListener("htmx:beforeSwap", function (event) {
  var box = document.getElementById("q");
  if (event.detail.target.id === "suggestions" && box.value === asked) event.detail.shouldSwap = false;
});
document.addEventListener("keydown", function (event) {
  var search = event.target.closest(".search");
  var stops = search ? [search.querySelector("#q")].concat(Array.from(search.querySelectorAll("#suggestions a"))) : [];
  if (stops.length < 2 || event.isComposing) return;
  if (event.key === "Escape") {
    stops[0].focus();
    putAway();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    var at = stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
    (stops[at] || stops[0]).focus();
  } else return;
  event.preventDefault();
});

/* What htmx cannot swap (an error, no network) is opened as an ordinary page, so that nobody is left without an answer. */
["htmx:responseError", "htmx:sendError"].forEach(function (name) {
  document.addEventListener(name, function (event) {
    if (event.detail.target && event.detail.target.id === "suggestions") return;
    if (event.detail.requestConfig && event.detail.requestConfig.verb === "get") {
      window.location.assign(event.detail.pathInfo.finalRequestPath || event.detail.pathInfo.requestPath);
    }
  });
});
