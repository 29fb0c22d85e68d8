// Goes to the place that the address names, else to the first passage with a quote.
// The place was not there yet when the page came. It adds no step to the browser's history.
// A browser that is still loading may have gone there by itself; what comes above it later would
// push it away all the same.

const first = !window.swPlaceShown;
window.swPlaceShown = true;
const reached = document.querySelector(":target");
const asked = document.getElementById(location.hash.slice(1));
const place = asked || document.querySelector(".sw-named");
if (place && (first || !reached)) {
  if (!reached) location.replace("#" + place.id);
  swKeepInView(() => document.getElementById(place.id), "start");
}
