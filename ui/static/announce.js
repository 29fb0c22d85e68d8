// Tells screen readers, once and politely, that the answer is there.
// They only hear a change in a region that was there before, so it stands outside of what Streamlit
// replaces.

let region = document.getElementById("sw-live");
if (!region) {
  region = document.createElement("div");
  region.id = "sw-live";
  region.className = "sw-hidden";
  region.setAttribute("role", "status");
  document.body.append(region);
}
region.textContent = document.querySelector(".sw-announced")?.textContent ?? "";
