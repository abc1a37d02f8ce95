/* The map of a list of enterprises. folium's scaffold has made `map_mingji`; here it gets its ground, its marks and its
   keyboard, and the list beside it follows. All text from the register is set as text, never as HTML. */

(function () {
  "use strict";
  var SVG = "http://www.w3.org/2000/svg";
  var MILLISECONDS = 150; // of rest before the marks and the list follow
  var CITIES_FROM = 6, COUNTIES_FROM = 8, NEAREST = 18, FARTHEST = 3, TILE = 256;
  var frame = document.getElementById("map-frame");
  var canvas = frame && frame.querySelector(".map-canvas");
  if (!canvas || typeof L === "undefined" || typeof map_mingji === "undefined") return; // the overview stays

  var map = map_mingji;
  var said = document.getElementById("map-said");
  var marks = JSON.parse(canvas.dataset.marks);
  var details = JSON.parse(canvas.dataset.details);
  var words = JSON.parse(canvas.dataset.words), root = canvas.dataset.root;
  var shown = L.layerGroup().addTo(map);
  var asking = null, resting = null, moved = false, opened = null;

  frame.classList.add("live");
  map.setMinZoom(FARTHEST).setMaxZoom(NEAREST);
  map.invalidateSize();
  var pane = map.createPane("ground");
  pane.classList.add("map-ground");

  function say(what, values) {
    return words[what].replace(/\{(\w+)\}/g, function (_, name) { return values[name]; });
  }

  function short(count) {
    return count < 10000 ? String(count) : say("ten_thousands", { count: Math.round(count / 10000) });
  }

  function told(grades) {
    return Object.keys(grades).map(function (label) { return marks[label].spoken + " " + grades[label]; }).join(words.between);
  }

  function filters() {
    return new URLSearchParams(window.location.search);
  }

  /* Drawing */

  function drawn(name, attributes, parent) {
    var element = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    if (parent) parent.appendChild(element);
    return element;
  }

  function gradeMark(label, height) {
    var mark = marks[label];
    var holder = document.createElement("span");
    holder.className = "grade grade-" + mark.slug;
    var svg = drawn("svg", { viewBox: "0 0 " + mark.width + " 40", height: height, width: height * mark.width / 40, "aria-hidden": "true" });
    if (mark.ring) drawn("circle", { class: "ring", cx: 20, cy: 20, r: 18.6 }, svg);
    drawn("path", { class: "shape", d: mark.path }, svg);
    drawn("text", { x: mark.width / 2, y: mark.baseline, "text-anchor": "middle" }, svg).textContent = mark.letter;
    holder.appendChild(svg);
    return holder;
  }

  function sliceOf(from, to) {
    function at(share, radius) {
      var angle = 2 * Math.PI * share - Math.PI / 2;
      return (20 + radius * Math.cos(angle)).toFixed(2) + " " + (20 + radius * Math.sin(angle)).toFixed(2);
    }
    if (to - from > 0.9999) to = from + 0.9999;
    var large = to - from > 0.5 ? 1 : 0;
    return "M" + at(from, 19) + "A19 19 0 " + large + " 1 " + at(to, 19) + "L" + at(to, 14) + "A14 14 0 " + large + " 0 " + at(from, 14) + "z";
  }

  function clusterMark(count, grades) {
    var size = count < 10 ? 30 : count < 100 ? 36 : count < 1000 ? 42 : 48;
    var holder = document.createElement("span");
    holder.className = "map-cluster";
    var svg = drawn("svg", { viewBox: "0 0 40 40", height: size, width: size, "aria-hidden": "true" });
    drawn("circle", { class: "inner", cx: 20, cy: 20, r: 19 }, svg);
    var from = 0;
    Object.keys(grades).forEach(function (label) {
      var to = from + grades[label] / count;
      drawn("path", { class: "slice grade-" + marks[label].slug, d: sliceOf(from, to) }, svg);
      from = to;
    });
    var text = short(count);
    drawn("text", { x: 20, y: 25, "text-anchor": "middle", "font-size": text.length > 3 ? 11 : 14 }, svg).textContent = text;
    holder.appendChild(svg);
    return { element: holder, size: size };
  }

  function marker(feature, element, width, height, spoken) {
    var place = feature.geometry.coordinates;
    var icon = L.divIcon({ html: element, className: "map-mark", iconSize: [width, height] });
    var made = L.marker([place[1], place[0]], { icon: icon, title: spoken, riseOnHover: true, keyboard: true });
    made.on("add", function () { made.getElement().setAttribute("aria-label", spoken); });
    return made;
  }

  function enterprise(feature) {
    var facts = feature.properties;
    var element = gradeMark(facts.grade, 24);
    var made = marker(feature, element, 24 * marks[facts.grade].width / 40, 24, say("enterprise", { name: facts.name, grade: facts.grade_in_words }));
    made.bindPopup(function () { return card(facts); }, { minWidth: 200, maxWidth: 260 });
    return made;
  }

  function card(facts) {
    var holder = document.createElement("div");
    var link = document.createElement("a");
    link.href = root + facts.url;
    link.textContent = facts.name;
    link.lang = "zh-CN";
    link.className = "enterprise-name";
    var line = document.createElement("p");
    line.appendChild(gradeMark(facts.grade, 28));
    line.appendChild(document.createTextNode(" " + facts.grade_in_words));
    var place = document.createElement("p");
    place.className = "muted small";
    place.textContent = facts.place;
    [link, line, place].forEach(function (part) { holder.appendChild(part); });
    return holder;
  }

  function cluster(feature) {
    var facts = feature.properties;
    var made = clusterMark(facts.count, facts.grades);
    var mark = marker(feature, made.element, made.size, made.size, say("cluster", { count: facts.count, grades: told(facts.grades) }));
    mark.on("click", function () { enter(feature, mark); });
    return mark;
  }

  /* Enterprises without a point: a box at the middle of their division, never a mark of their own. */
  function division(feature) {
    var facts = feature.properties;
    var element = document.createElement("span");
    element.className = "map-division";
    element.textContent = short(facts.count);
    var width = Math.max(24, 12 + 7 * element.textContent.length);
    var spoken = say("division", { place: facts.division.name, count: facts.count, precision: facts.precision });
    var made = marker(feature, element, width, 24, spoken).setZIndexOffset(-10000); // never over a point
    made.bindPopup(function () { return divisionCard(facts); }, { minWidth: 200, maxWidth: 260 });
    return made;
  }

  function divisionCard(facts) {
    var holder = document.createElement("div");
    var link = document.createElement("a");
    link.href = root + facts.list;
    link.textContent = say("all_of", { place: facts.division.name });
    link.className = "enterprise-name";
    var line = document.createElement("p");
    line.textContent = say("without_point", { count: facts.count, precision: facts.precision });
    var grades = document.createElement("p");
    grades.className = "muted small";
    grades.textContent = told(facts.grades);
    [link, line, grades].forEach(function (part) { holder.appendChild(part); });
    return holder;
  }

  function enter(feature, mark) {
    var box = feature.bbox;
    if (map.getZoom() < NEAREST) {
      var bounds = [[box[1], box[0]], [box[3], box[2]]];
      map.setView(mark.getLatLng(), Math.min(NEAREST, Math.max(map.getZoom() + 1, map.getBoundsZoom(bounds))));
      canvas.focus();
      return;
    }
    var wanted = filters();
    wanted.set("bbox", box.join(","));
    window.location.assign(root + "/enterprises?" + wanted);
  }

  /* Asking */

  function clamped(value, most) {
    return Math.max(-most, Math.min(most, value));
  }

  function viewport() {
    var bounds = map.getBounds();
    return [clamped(bounds.getWest(), 180), clamped(bounds.getSouth(), 85), clamped(bounds.getEast(), 180), clamped(bounds.getNorth(), 85)]
      .map(function (value) { return value.toFixed(5); });
  }

  /* Whole tiles, so that a small push asks for an address that is known already. */
  function tiles() {
    var zoom = map.getZoom(), bounds = map.getPixelBounds();
    var low = bounds.min.divideBy(TILE).floor().multiplyBy(TILE), high = bounds.max.divideBy(TILE).ceil().multiplyBy(TILE);
    var northWest = map.unproject(low, zoom), southEast = map.unproject(high, zoom);
    return [clamped(northWest.lng, 180), clamped(southEast.lat, 85), clamped(southEast.lng, 180), clamped(northWest.lat, 85)]
      .map(function (value) { return value.toFixed(5); });
  }

  function showMarks() {
    if (asking) asking.abort();
    var mine = asking = new AbortController();
    var wanted = filters();
    ["sort", "cursor", "limit"].forEach(function (name) { wanted.delete(name); });
    wanted.set("bbox", tiles().join(","));
    wanted.set("zoom", map.getZoom());
    fetch(root + "/map/features.geojson?" + wanted, { signal: mine.signal }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    }).then(function (found) {
      shown.clearLayers();
      found.features.forEach(function (feature) {
        var facts = feature.properties;
        shown.addLayer(facts.division ? division(feature) : facts.url ? enterprise(feature) : cluster(feature));
      });
      said.textContent = "";
      canvas.dataset.shown = found.numberMatched;
    }).catch(function (error) {
      if (error.name !== "AbortError") said.textContent = words.marks_failed;
    });
  }

  function follow() {
    var wanted = filters();
    wanted.delete("cursor");
    wanted.set("bbox", viewport().join(","));
    var url = root + "/map?" + wanted.toString().replace(/%2C/g, ",");
    window.history.replaceState(window.history.state, "", url);
    var field = document.querySelector(".list-form input[name=bbox]");
    if (!field) {
      field = document.createElement("input");
      field.type = "hidden";
      field.name = "bbox";
      document.querySelector(".list-form").appendChild(field);
    }
    field.value = viewport().join(",");
    if (window.htmx) window.htmx.ajax("GET", url, { target: "#results", swap: "outerHTML" });
  }

  function later() {
    window.clearTimeout(resting);
    resting = window.setTimeout(function () {
      if (opened) return; // opening a card may push the map a little
      if (moved) follow();
      showMarks();
      showGround();
    }, MILLISECONDS);
  }

  /* Ground */

  function outlines(className) {
    return L.geoJSON(null, { pane: "ground", interactive: false, style: function (feature) {
      return { className: "map-outline " + (feature.properties.dashes ? "map-dashes" : className) };
    } });
  }

  var provinces = outlines("map-province").addTo(map);
  var cities = outlines("map-city"), counties = outlines("map-county");
  var boxes = {}, fetched = {};

  function fetchJson(url) {
    return fetch(url).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    });
  }

  fetchJson(canvas.dataset.ground).then(function (ground) {
    provinces.addData(ground);
    provinces.eachLayer(function (layer) {
      var code = layer.feature.properties && layer.feature.properties.code;
      if (code) boxes[code.slice(0, 2)] = layer.getBounds();
    });
    showGround();
  }).catch(function () { said.textContent = words.ground_failed; });

  function toggled(layer, wanted) {
    if (wanted && !map.hasLayer(layer)) layer.addTo(map);
    if (!wanted && map.hasLayer(layer)) layer.remove();
  }

  function showGround() {
    var zoom = map.getZoom(), bounds = map.getBounds();
    toggled(cities, zoom >= CITIES_FROM);
    toggled(counties, zoom >= COUNTIES_FROM);
    if (zoom < CITIES_FROM) return;
    Object.keys(boxes).forEach(function (start) {
      if (fetched[start] || !details[start] || !boxes[start].intersects(bounds)) return;
      fetched[start] = true;
      fetchJson(details[start]).then(function (found) {
        found.features.forEach(function (feature) {
          (feature.properties.level === "city" ? cities : counties).addData(feature);
        });
      }).catch(function () { fetched[start] = false; });
    });
  }

  /* Beginning */

  map.on("popupopen", function (event) {
    opened = event.popup;
    event.popup.getElement().querySelector("a.enterprise-name").focus();
    var close = event.popup.getElement().querySelector(".leaflet-popup-close-button");
    close.setAttribute("aria-label", words.close);
  });
  map.on("popupclose", function (event) {
    opened = null;
    var source = event.popup._source;
    if (source && source.getElement && source.getElement()) source.getElement().focus();
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && opened) map.closePopup(opened);
  });
  canvas.querySelectorAll(".leaflet-control-zoom a").forEach(function (button) {
    var word = button.classList.contains("leaflet-control-zoom-in") ? words.closer : words.farther;
    button.title = word;
    button.setAttribute("aria-label", word);
  });

  var box = (filters().get("bbox") || "").split(",").map(Number);
  if (box.length === 4 && box.every(isFinite)) map.fitBounds([[box[1], box[0]], [box[3], box[2]]], { animate: false });
  else map.fitBounds([[17, 74], [53.5, 134.8]], { animate: false });
  showMarks();
  window.setTimeout(function () {
    map.on("dragstart zoomstart keydown", function () { moved = true; });
    map.on("moveend", later);
  }, 0);
})();
