/* Before a complaint is sent: photos that cannot be taken are said at once, and the work is done that stands in place of a
   puzzle (find the number whose hash is the challenge). Without this file one waits 20 seconds. */
(function () {
  "use strict";
  var LARGEST = 8 * 1024 * 1024;
  var form = document.getElementById("sending"), field = document.getElementById("work");
  var photos = document.getElementById("photos"), said = document.getElementById("sending-said");
  if (!form) return;

  photos.addEventListener("change", function () {
    var files = Array.from(photos.files), problems = [];
    if (files.length > Number(photos.dataset.most)) problems.push(said.dataset.tooMany);
    files.forEach(function (file) {
      if (file.size > LARGEST) problems.push(said.dataset.tooLarge.replace("{name}", function () { return file.name; }));
    });
    said.textContent = problems.join(" ");
  });

  if (!window.crypto || !window.crypto.subtle) return;
  var told = field.dataset, encoder = new TextEncoder();
  function hex(buffer) {
    return Array.from(new Uint8Array(buffer), function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
  }
  async function search() {
    for (var number = 0; number <= Number(told.most); number++) {
      var hash = hex(await window.crypto.subtle.digest("SHA-256", encoder.encode(told.salt + number)));
      if (hash === told.challenge) {
        var found = { algorithm: "SHA-256", challenge: told.challenge, number: number, salt: told.salt, signature: told.signature };
        field.value = window.btoa(JSON.stringify(found));
        return;
      }
    }
  }
  var searching = search();
  form.addEventListener("submit", function (event) {
    if (field.value) return;
    event.preventDefault();
    said.textContent = said.dataset.preparing;
    searching.then(function () {
      said.textContent = said.dataset.sending;
      form.submit();
    });
  });
})();
