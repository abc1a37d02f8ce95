/* The position is asked for only on request, rounded to three decimals here, and goes nowhere but into the list's address. */
(function () {
  var part = document.getElementById("here");
  var said = document.getElementById("located");
  if (!("geolocation" in navigator)) return;
  part.hidden = false;
  document.getElementById("locate").addEventListener("click", function () {
    said.textContent = said.dataset.asking;
    navigator.geolocation.getCurrentPosition(function (found) {
      var near = found.coords.latitude.toFixed(3) + "," + found.coords.longitude.toFixed(3);
      var radius = document.getElementById("radius").value;
      window.location.assign((document.documentElement.lang === "en" ? "/en" : "") + "/enterprises?near=" + near + "&radius_km=" + radius + "&sort=distance");
    }, function () {
      said.textContent = said.dataset.failed;
    }, { maximumAge: 600000, timeout: 15000 });
  });
})();
