// Goes once to the address that was kept before signing in.

const place = sessionStorage.getItem("place");
sessionStorage.removeItem("place");
if (place && location.pathname + location.search + location.hash !== place) {
  location.replace(location.origin + place);
}
