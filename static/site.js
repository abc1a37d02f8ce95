/* The little that htmx leaves to do. Every page works without this file. */

/* Fields left empty do not belong in the address. */
document.addEventListener("htmx:configRequest", function (event) {
  var fields = event.detail.formData;
  Array.from(fields.keys()).forEach(function (name) {
    if (!fields.getAll(name).some(Boolean)) fields.delete(name);
  });
});

/* What a reader sees change, a listener hears. */
document.addEventListener("htmx:afterSwap", function () {
  var heading = document.querySelector("#results h2");
  document.getElementById("said").textContent = heading ? heading.textContent : "";
});

/* What htmx cannot swap (an error, no network) is opened as an ordinary page, so that nobody is left without an answer. */
["htmx:responseError", "htmx:sendError"].forEach(function (name) {
  document.addEventListener(name, function (event) {
    if (event.detail.requestConfig && event.detail.requestConfig.verb === "get") {
      window.location.assign(event.detail.pathInfo.finalRequestPath || event.detail.pathInfo.requestPath);
    }
  });
});
