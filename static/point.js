/* A point for an enterprise: a click on the map fills in the two fields, and what is typed moves the mark. The fields alone
   would do; nothing is sent before the form is. */
(function () {
  "use strict";
  var canvas = document.getElementById("point-map");
  var lat = document.getElementById("lat"), lon = document.getElementById("lon");
  var said = document.getElementById("point-said");
  if (!canvas || !lat || !lon || typeof L === "undefined") return;
  canvas.hidden = false;
  var details = JSON.parse(canvas.dataset.details), boxes = {}, fetched = {}, here = null;
  var COUNTIES_FROM = 7, CLOSE = 14;

  var map = L.map(canvas, { attributionControl: false, minZoom: 3, maxZoom: 18 });
  map.createPane("ground").classList.add("map-ground");
  if (canvas.dataset.tiles) L.tileLayer(canvas.dataset.tiles, { subdomains: "01234567", crossOrigin: true }).addTo(map);
  function outlines(className) {
    return L.geoJSON(null, { pane: "ground", interactive: false, style: function (feature) {
      return { className: "map-outline " + (feature.properties.dashes ? "map-dashes" : className) };
    } }).addTo(map);
  }
  var provinces = outlines("map-province"), inner = outlines("map-county");

  function fetchJson(url) {
    return fetch(url).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    });
  }

  function showCounties() {
    if (map.getZoom() < COUNTIES_FROM) return;
    Object.keys(boxes).forEach(function (start) {
      if (fetched[start] || !details[start] || !boxes[start].intersects(map.getBounds())) return;
      fetched[start] = true;
      fetchJson(details[start]).then(function (found) { inner.addData(found); }).catch(function () { fetched[start] = false; });
    });
  }

  function mark(where, tell) {
    if (!here) here = L.marker(where, { icon: L.divIcon({ className: "point-here", iconSize: [18, 18] }), keyboard: false }).addTo(map);
    here.setLatLng(where);
    if (tell) said.textContent = "已取点：北纬 " + lat.value + "，东经 " + lon.value + "。请对照厂区的位置核对。";
  }

  function typed() {
    var where = [Number(lat.value), Number(lon.value)];
    if (!lat.value.trim() || !lon.value.trim() || !where.every(isFinite) || Math.abs(where[0]) > 85 || Math.abs(where[1]) > 180) return false;
    mark(where, false);
    map.setView(where, Math.max(map.getZoom() || 0, CLOSE));
    return true;
  }

  map.on("click", function (event) {
    lat.value = event.latlng.lat.toFixed(6);
    lon.value = event.latlng.wrap().lng.toFixed(6);
    mark(event.latlng, true);
  });
  map.on("moveend", showCounties);
  lat.addEventListener("change", typed);
  lon.addEventListener("change", typed);
  if (!typed()) map.fitBounds([[17, 74], [53.5, 134.8]], { animate: false });
  fetchJson(canvas.dataset.ground).then(function (ground) {
    provinces.addData(ground);
    provinces.eachLayer(function (layer) {
      var code = layer.feature.properties && layer.feature.properties.code;
      if (code) boxes[code.slice(0, 2)] = layer.getBounds();
    });
    showCounties();
  }).catch(function () { said.textContent = "底图没有取到；请直接填写经纬度。"; });
})();
