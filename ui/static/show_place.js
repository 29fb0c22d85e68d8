// Goes to the place that the address names, else to the first passage with a quote.
// The place was not there yet when the page came. It adds no step to the browser's history.

const asked = document.getElementById(location.hash.slice(1));
const place = asked || document.querySelector(".sw-named");
if (place && !document.querySelector(":target")) {
  location.replace("#" + place.id);
  let times = 20; // for two seconds more may come above it, and Streamlit may scroll elsewhere
  const timer = setInterval(() => {
    const box = document.getElementById(place.id)?.getBoundingClientRect();
    if (box && (box.top < -5 || box.top > innerHeight - 50)) {
      document.getElementById(place.id).scrollIntoView();
    }
    if (--times === 0) clearInterval(timer);
  }, 100);
  for (const act of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    document.addEventListener(act, () => clearInterval(timer), {once: true, capture: true});
  }
}
