// Goes to the place that the address names, else to the first passage with a quote.
// The place was not there yet when the page came. It adds no step to the browser's history.

const asked = document.getElementById(location.hash.slice(1));
const place = asked || document.querySelector(".sw-named");
if (place && !document.querySelector(":target")) {
  location.replace("#" + place.id);
  swKeepInView(() => document.getElementById(place.id), "start");
}
